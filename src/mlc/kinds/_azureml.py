"""Azure Machine Learning: what a target there is told, and the objects that a deployment becomes.

Every object is built here as its YAML file holds it; templates write it out, and `apply` sends the same. Left out are
what only a step finds: the versions of the model and of the data, and so the name of what serves them.
"""

import hashlib
from typing import Annotated, Any, Literal

from msgspec import Struct, json

from mlc.kinds._azureml_jobs import CLUSTER, CLUSTER_FORM, Jobs, job_documents
from mlc.kinds._fields import Duration, Percent, Resource, about, formed, percent, seconds
from mlc.kinds._kind import Scope, View

_NAME: dict[str, Any] = {
    "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.()-]*$",
    "form": "letters, digits, and _ . ( ) -, with a letter or digit first",
}


class Requests(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How requests are taken by one instance."""

    timeout: Annotated[Duration, about("When a request is given up; 180s at most.", example="5s")] = "5s"
    at_once: Annotated[int, about("How many one instance answers at once.", ge=1, le=1000)] = 1


class Probe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an instance is looked at: when it is ready, and when it is started again."""

    delay: Annotated[Duration, about("How long after its start.")] = "10s"
    period: Annotated[Duration, about("How long from one look to the next.")] = "10s"
    timeout: Annotated[Duration, about("When a look is given up.")] = "2s"
    failures: Annotated[int, about("After how many failures in a row.", ge=1, le=100)] = 30


class Monitoring(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a monitor there needs: requests and answers that were kept, and a machine that compares them."""

    collect: Annotated[
        Percent,
        about("Of how many requests the inputs and the answers are kept, in the workspace's storage."),
    ] = "100%"
    instance_type: Annotated[
        Literal[
            "Standard_E4s_v3", "Standard_E8s_v3", "Standard_E16s_v3", "Standard_E32s_v3", "Standard_E64s_v3"
        ],
        about("The size of the machines of serverless Spark that compare."),
    ] = "Standard_E4s_v3"
    spark: Annotated[Literal["3.4", "3.5"], about("The version of Spark.")] = "3.4"


class AzureMl(
    Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="azureml"
):
    """A workspace of Azure Machine Learning. Who may work there is known to `az login`, never to a file."""

    subscription: Annotated[
        str,
        about(
            "The subscription's id.",
            change="replace",
            example="00000000-0000-0000-0000-000000000000",
            pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
            form="an id such as 00000000-0000-0000-0000-000000000000, in lower case",
        ),
    ]
    resource_group: Annotated[
        str, about("The resource group.", change="replace", example="ml-prod", max_length=90, **_NAME)
    ]
    workspace: Annotated[
        str,
        about(
            "The workspace.",
            change="replace",
            example="risk",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{2,32}$",
            form="3 to 33 letters, digits, _ and -, with a letter or digit first",
        ),
    ]
    endpoint_prefix: Annotated[
        Annotated[str, formed(r"^[a-z][a-z0-9-]*$", "lower-case letters, digits and -, with a letter first")]
        | None,
        about(
            "What the names of endpoints begin with, which no other endpoint of the region may bear; the project and "
            "the environment where none is given.",
            change="replace",
            example="acme-risk-",
        ),
    ] = None
    instance_type: Annotated[
        str,
        about(
            "The size of the machines that answer online.",
            change="redeploy",
            pattern=r"^Standard_[A-Za-z0-9_]+$",
            form="a size such as Standard_DS3_v2",
        ),
    ] = "Standard_DS3_v2"
    auth: Annotated[
        Literal["key", "aml_token", "aad_token"],
        about("What a caller shows.", change="replace"),
    ] = "key"
    public: Annotated[
        bool,
        about("Whether endpoints are reached from the internet.", change="redeploy", stricter="false"),
    ] = True
    key_vault: Annotated[
        Annotated[
            str,
            formed(
                r"^[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$",
                "3 to 24 letters, digits and -, with a letter first",
            ),
        ]
        | None,
        about(
            "The Key Vault that ${secret:NAME} is read from, by the endpoint's own identity.",
            change="redeploy",
            example="risk-secrets",
        ),
    ] = None
    compute: Annotated[
        Annotated[str, formed(CLUSTER, CLUSTER_FORM)] | None,
        about(
            "The cluster that answers in batches.",
            change="redeploy",
            example="cpu-cluster",
        ),
    ] = None
    requests: Annotated[Requests, about("How requests are taken.", change="redeploy")] = Requests()
    probe: Annotated[Probe, about("How instances are looked at.", change="redeploy")] = Probe()
    register_data: Annotated[
        bool,
        about(
            "Whether the prepared rows that a model learned from become a data asset of the workspace, as a baseline "
            "to compare with.",
            change="redeploy",
            stricter="false",
        ),
    ] = False
    monitoring: Annotated[
        Monitoring | None,
        about(
            "What is kept of requests and answers, for a monitor to compare; nothing without it.",
            change="redeploy",
        ),
    ] = None
    mini_batch: Annotated[
        int, about("How many files are scored together, in batches.", change="redeploy", ge=1, le=10000)
    ] = 10
    jobs: Annotated[
        Jobs | None,
        about("Where models are prepared and trained on Azure; nowhere without it.", change="redeploy"),
    ] = None


SCHEMAS = "https://azuremlschemas.azureedge.net/latest"


def azureml_facts(name: str, view: View, scope: Scope) -> dict[str, Any]:
    """The objects of a deployment, by the files that hold them."""
    target, online = view["target"], view["mode"] == "online"
    assets = f"{scope.project['project']}-{scope.environment}"
    tags = tags_of(name, scope)
    environment = _environment(f"{assets}-{name}", view, tags)
    endpoint = _endpoint(endpoint_name(name, view, scope), view, tags, online)
    reference = None if environment is None else f"azureml:{environment['name']}:{environment['version']}"
    deployment = (_online if online else _batch)(endpoint["name"], reference, view, tags)
    facts = {
        "online": online,
        "batch": not online,
        "workspace": workspace_of(target),
        "endpoint": endpoint,
        "environment": environment,
        "data": _data(assets, view["model"]["dataset"], scope),
        "model": _model(assets, view["model"], scope),
        "deployment": deployment,
        "has_jobs": target["jobs"] is not None,
        "scheduled": False,
        "sweeps": False,
    }
    if target["jobs"] is not None:
        facts |= job_documents(name, view, scope, tags)
    return facts


def workspace_of(target: View) -> dict[str, str]:
    """Where all of it lies."""
    return {field: target[field] for field in ("subscription", "resource_group", "workspace")}


def endpoint_name(name: str, view: View, scope: Scope) -> str:
    """The name of a deployment's endpoint; `azureml-unfit` says whether Azure takes it."""
    prefix = view["target"]["endpoint_prefix"]
    if prefix is None:
        prefix = f"{scope.project['project']}-{scope.environment}-"
    return f"{prefix}{name}".replace("_", "-")


def tags_of(name: str, scope: Scope, kind: str = "deployment") -> dict[str, str]:
    """What everything is marked with that belongs to a resource."""
    return {"mlc": f"{scope.project['project']}/{scope.environment}/{kind}.{name}"}


def digest(document: Any) -> str:
    """Sixteen hexadecimal digits that stand for a document: a version, as Azure has at most 30 characters for one."""
    return hashlib.sha256(json.encode(document, order="sorted")).hexdigest()[:16]


def _environment(name: str, view: View, tags: dict[str, str]) -> dict[str, Any] | None:
    """The runtime: its image, with its packages where it has any. What it is, is its version."""
    runtime = view["runtime"]
    if runtime is None:
        return None
    parts: dict[str, Any] = {"image": runtime["image"]}
    if runtime["packages"]:
        pinned = [f"{package}=={version}" for package, version in sorted(runtime["packages"].items())]
        parts["conda_file"] = {
            "name": "model",
            "channels": ["conda-forge"],
            "dependencies": [f"python={runtime['python']}", "pip", {"pip": pinned}],
        }
    head = {"$schema": f"{SCHEMAS}/environment.schema.json", "name": name, "version": digest(parts)}
    return {**head, **_described(runtime), **parts, "tags": tags}


def _endpoint(name: str, view: View, tags: dict[str, str], online: bool) -> dict[str, Any]:
    target = view["target"]
    kind = "managedOnlineEndpoint" if online else "batchEndpoint"
    head = {"$schema": f"{SCHEMAS}/{kind}.schema.json", "name": name, **_described(view)}
    if not online:
        return {**head, "auth_mode": "aad_token", "tags": tags}
    return {
        **head,
        "auth_mode": target["auth"],
        "public_network_access": "enabled" if target["public"] else "disabled",
        "identity": {"type": "system_assigned"},
        "tags": tags,
    }


def _data(assets: str, dataset: View, scope: Scope) -> dict[str, Any]:
    """The prepared parts that the model learns from and is proven on. Read as a table, it is the former: a baseline."""
    name = dataset["name"]
    head = {"$schema": f"{SCHEMAS}/data.schema.json", "name": f"{assets}-{name}", "type": "mltable"}
    return {**head, "path": "./data", **_described(dataset), "tags": tags_of(name, scope, "dataset")}


def _model(assets: str, model: View, scope: Scope) -> dict[str, Any]:
    name = model["name"]
    head = {"$schema": f"{SCHEMAS}/model.schema.json", "name": f"{assets}-{name}", "type": "custom_model"}
    return {**head, "path": "./model", **_described(model), "tags": tags_of(name, scope, "model")}


def _online(endpoint: str, environment: str | None, view: View, tags: dict[str, str]) -> dict[str, Any]:
    target, requests = view["target"], view["target"]["requests"]
    return {
        "$schema": f"{SCHEMAS}/managedOnlineDeployment.schema.json",
        "endpoint_name": endpoint,
        **_described(view),
        "environment": environment,
        "code_configuration": {"code": "./code", "scoring_script": "score.py"},
        "environment_variables": {**variables(view), **({COLLECT: "yes"} if target["monitoring"] else {})},
        "instance_type": target["instance_type"],
        "instance_count": view["replicas"],
        "egress_public_network_access": "enabled" if target["public"] else "disabled",
        "request_settings": {
            "request_timeout_ms": round(seconds(requests["timeout"]) * 1000),
            "max_concurrent_requests_per_instance": requests["at_once"],
        },
        "liveness_probe": _probe(target["probe"]),
        "readiness_probe": _probe(target["probe"]),
        "scale_settings": {"type": "default"},
        **_collector(target["monitoring"]),
        "tags": tags,
    }


COLLECT = "MLC_COLLECT"
"""The variable by which the scoring script knows that it has to hand over what it was asked and answered."""


def _collector(monitoring: View | None) -> dict[str, Any]:
    if monitoring is None:
        return {}
    collections = {name: {"enabled": "True"} for name in ("model_inputs", "model_outputs")}
    return {
        "data_collector": {"collections": collections, "sampling_rate": percent(monitoring["collect"]) / 100}
    }


def _batch(endpoint: str, environment: str | None, view: View, tags: dict[str, str]) -> dict[str, Any]:
    return {
        "$schema": f"{SCHEMAS}/modelBatchDeployment.schema.json",
        "type": "model",
        "endpoint_name": endpoint,
        **_described(view),
        "environment": environment,
        "code_configuration": {"code": "./code", "scoring_script": "batch.py"},
        "compute": f"azureml:{view['target']['compute']}",
        "resources": {"instance_count": view["replicas"]},
        "settings": {
            "mini_batch_size": view["target"]["mini_batch"],
            "max_concurrency_per_instance": 1,
            "output_action": "append_row",
            "output_file_name": "predictions.jsonl",
            "retry_settings": {"max_retries": 3, "timeout": 300},
            "error_threshold": 0,
            "logging_level": "info",
            "environment_variables": variables(view),
        },
        "tags": tags,
    }


def variables(view: View) -> dict[str, str]:
    """The server's variables. A secret stays where it is, in the Key Vault: Azure puts it in by its reference."""
    vault = view["target"]["key_vault"]
    return {
        name: f"${{{{keyvault:https://{vault}.vault.azure.net/secrets/{secret_name(text)}}}}}"
        if text.startswith("${secret:")
        else text
        for name, text in view["variables"].items()
    }


def secret_name(reference: str) -> str:
    """`${secret:API_TOKEN}` as a Key Vault calls it, which knows no `_`."""
    return reference.removeprefix("${secret:").removesuffix("}").replace("_", "-")


def _probe(probe: View) -> dict[str, int]:
    return {
        "initial_delay": _whole(probe["delay"]),
        "period": _whole(probe["period"]),
        "timeout": _whole(probe["timeout"]),
        "success_threshold": 1,
        "failure_threshold": probe["failures"],
    }


def _whole(duration: str) -> int:
    return max(1, round(seconds(duration)))


def _described(view: View) -> dict[str, str]:
    return {"description": view["description"]} if view["description"] else {}
