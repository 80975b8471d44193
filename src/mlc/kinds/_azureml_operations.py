"""What applying a deployment does on Azure Machine Learning, each object a step of its own: what is done is recorded
before the next begins."""

from typing import Any

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.kinds._azureml import azureml_facts
from mlc.kinds._kind import Scope, View
from mlc.kinds._rollouts import canary_of
from mlc.kinds._signature import signature, used_columns

RETRIES, BACKOFF = 3, 5.0
"""Azure is a network away: what may pass is tried again, unless the author says how often."""


def azureml_operations(address: Address, view: View, scope: Scope, alias: str) -> tuple[Operation, ...]:
    """What is used first: environment, data, model, endpoint, what serves the version, requests; then the schedule."""
    facts = azureml_facts(address.name, view, scope)
    folder = f"{scope.project['artifacts']}/{scope.environment}/azureml/{address.name}"
    model, online = f"model.{view['model']['name']}", facts["online"]

    def operation(name: str, driver: str, spec: dict[str, Any], file: str = "", **inputs: str) -> Operation:
        return Operation(
            id=f"{address}/azure-{name}",
            driver=driver,
            spec={"workspace": facts["workspace"], **spec},
            inputs=inputs,
            cost="redeploy",
            publishes={"file": f"{folder}/{file}"} if file else {},
            retries=RETRIES,
            backoff=BACKOFF,
        )

    told = {
        "deployment": address.name,
        "alias": alias,
        "port": view["port"],
        "signature": signature(view["model"]),
        "nullable": [
            one for one in used_columns(view["model"]) if view["model"]["dataset"]["columns"][one]["nullable"]
        ],
    }
    steps = [
        operation("environment", "azureml_asset", {"asset": "environment", "document": facts["environment"]})
    ]
    if view["target"]["register_data"]:
        ingest = f"dataset.{view['model']['dataset']['name']}/ingest"
        parts = {"train": f"{ingest}#train", "test": f"{ingest}#test"}
        spec = {"asset": "data", "document": facts["data"]}
        steps.append(operation("data", "azureml_asset", spec, "2-data.yaml", **parts))
    steps.append(
        operation(
            "model",
            "azureml_asset",
            {"asset": "model", "document": facts["model"], **told},
            "3-model.yaml",
            version=f"{model}/register#version",
            model=f"{model}/export#onnx",
            promotion=f"{address}/promote#promotion",
        )
    )
    steps.append(operation("endpoint", "azureml_endpoint", {"document": facts["endpoint"], "online": online}))
    done = {one: f"{address}/azure-{one}#record" for one in ("environment", "model", "endpoint")}
    steps.append(
        operation(
            "deployment",
            "azureml_deployment",
            {"document": facts["deployment"], "online": online},
            "5-deployment.yaml" if online else "5-batch-deployment.yaml",
            **done,
        )
    )
    steps.append(
        operation(
            "traffic",
            "azureml_traffic",
            {"document": facts["endpoint"], "online": online, "rollout": _rollout(view)},
            "6-traffic.yaml" if online else "6-default.yaml",
            deployment=f"{address}/azure-deployment#record",
        )
    )
    if facts["scheduled"]:
        documents = {"9-schedule.yaml": facts["schedule"], "8-job.yaml": facts["job"]}
        documents["7-component.yaml"] = facts["component"]
        steps.append(operation("schedule", "azureml_schedule", {"documents": documents}))
    return tuple(steps)


def _rollout(view: View) -> dict[str, Any]:
    """How requests go over to the new version: shares in percent, holds in seconds."""
    rollout = view["rollout"]
    share = int(rollout["traffic"].rstrip("%")) if rollout["strategy"] == "shadow" else 0
    return {"strategy": rollout["strategy"], "steps": canary_of(view), "mirrored": share}
