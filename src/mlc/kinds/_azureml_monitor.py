"""A monitor of Azure Machine Learning: a schedule that compares what an endpoint was asked and answered.

It names the version of the data and of what serves, which only a step finds: `apply` puts them in (`places`).
"""

from typing import Any

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.kinds._azureml import SCHEMAS, tags_of, workspace_of
from mlc.kinds._azureml_operations import BACKOFF, RETRIES
from mlc.kinds._drift import Looks
from mlc.kinds._kind import Scope, View
from mlc.kinds._signature import used_columns

_KINDS = {"integer": "numerical", "number": "numerical", "string": "categorical", "boolean": "categorical"}
"""What Azure takes a column of a type for. Dates and times are others in a request than in the rows: seconds."""

_TASKS = {
    "binary_classification": "classification",
    "multiclass_classification": "classification",
    "regression": "regression",
}
TASKS = tuple(_TASKS)
"""The tasks that a monitor there knows."""

_RATES = {
    "null_rate": "null_value_rate",
    "type_error_rate": "data_type_error_rate",
    "out_of_bounds_rate": "out_of_bounds_rate",
}


def comparable(columns: View) -> dict[str, str]:
    """The columns that can be compared, with what Azure takes each for."""
    return {name: _KINDS[about["type"]] for name, about in columns.items() if about["type"] in _KINDS}


def monitor_facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    """The document without versions, and where `apply` puts those in: by an earlier step, the paths and the form."""
    signals: dict[str, Any] = {}
    places: dict[str, list[dict[str, Any]]] = {"deployment": [], "data": []}
    days = (view["schedule"] or {"days": Looks().days})["days"]
    drift = view["drift"] or {"features": None, "prediction": None}
    features, prediction, quality = drift["features"], drift["prediction"], view["data_quality"]
    if features:
        signals["features"] = {"type": "data_drift", **_inputs(view, features, days), **_limits(features, {})}
    if prediction:
        signals["prediction"] = _answers(prediction, days)
    if quality:
        signals["quality"] = {
            "type": "data_quality",
            **_inputs(view, quality, days),
            **_limits(quality, _RATES),
        }
    for name, signal in signals.items():
        context = signal["production_data"]["data_context"]
        collected = {"form": f"azureml:{{endpoint}}-{{name}}-{context}:1"}
        at = ("create_monitor", "monitoring_signals", name)
        places["deployment"].append({"path": [*at, "production_data", "input_data", "path"], **collected})
        by, form = (
            ("deployment", collected) if context == "model_outputs" else ("data", {"form": "{reference}"})
        )
        places[by].append({"path": [*at, "reference_data", "input_data", "path"], **form})
    target = {"path": ["create_monitor", "monitoring_target", "endpoint_deployment_id"]}
    places["deployment"].append({**target, "form": "azureml:{endpoint}:{name}"})
    return {
        "document": _document(address, view, scope, signals),
        "places": {k: v for k, v in places.items() if v},
    }


def monitor_operations(address: Address, view: View, scope: Scope) -> tuple[Operation, ...]:
    """One step, after those of the deployment: a new version is looked at once it gets its requests."""
    facts = monitor_facts(address, view, scope)
    deployment = f"deployment.{view['deployment']['name']}"
    folder = f"{scope.project['artifacts']}/{scope.environment}/azureml/{view['deployment']['name']}"
    inputs = {"deployment": f"{deployment}/azure-deployment#record"}
    if "data" in facts["places"]:
        inputs["data"] = f"{deployment}/azure-data#record"
    return (
        Operation(
            id=f"{address}/azure-monitor",
            driver="azureml_schedule",
            spec={
                "workspace": workspace_of(view["deployment"]["target"]),
                "documents": {"9-monitor.yaml": facts["document"]},
                "places": facts["places"],
            },
            inputs={**inputs, "traffic": f"{deployment}/azure-traffic#record"},
            cost="redeploy",
            publishes={"file": f"{folder}/9-monitor-{address.name}.yaml"},
            retries=RETRIES,
            backoff=BACKOFF,
        ),
    )


def _document(address: Address, view: View, scope: Scope, signals: dict[str, Any]) -> dict[str, Any]:
    monitoring, model = view["deployment"]["target"]["monitoring"], view["deployment"]["model"]
    name = f"{scope.project['project']}-{scope.environment}-{address.name}_monitor"
    emails = sorted({one for receiver in view["alerts"].values() for one in receiver["to"]})
    return {
        "$schema": f"{SCHEMAS}/monitorSchedule.schema.json",
        "name": name,
        "display_name": name,
        **({"description": view["description"]} if view["description"] else {}),
        "trigger": {
            "type": "cron",
            "expression": view["schedule"]["cron"] if view["schedule"] else Looks().cron,
            "time_zone": "UTC",
        },
        "create_monitor": {
            "compute": {
                "instance_type": monitoring["instance_type"].lower(),
                "runtime_version": monitoring["spark"],
            },
            "monitoring_target": {"ml_task": _TASKS[model["task"]], "endpoint_deployment_id": ""},
            "monitoring_signals": signals,
            "alert_notification": {"emails": emails},
        },
        "tags": tags_of(address.name, scope, "monitor"),
    }


def _inputs(view: View, signal: View, days: int) -> dict[str, Any]:
    """What the endpoint was asked, beside the rows that the model learned from."""
    model = view["deployment"]["model"]
    kinds = comparable(model["dataset"]["columns"])
    chosen = [name for name in used_columns(model) if name in kinds and name in (signal["columns"] or kinds)]
    return {
        "production_data": _collected("model_inputs", days, 0),
        "reference_data": {"input_data": {"type": "mltable", "path": ""}, "data_context": "training"},
        "features": chosen,
        "feature_type_override": {name: kinds[name] for name in chosen},
        "alert_enabled": True,
    }


def _answers(prediction: View, days: int) -> dict[str, Any]:
    return {
        "type": "prediction_drift",
        "production_data": _collected("model_outputs", days, 0),
        "reference_data": _collected("model_outputs", days, days),
        "alert_enabled": True,
        **_limits(prediction, {}),
    }


def _collected(context: str, days: int, before: int) -> dict[str, Any]:
    """What Azure collected: so many days, which ended so many days ago."""
    window = {"lookback_window_size": f"P{days}D", "lookback_window_offset": f"P{before}D"}
    return {
        "input_data": {"type": "uri_folder", "path": ""},
        "data_context": context,
        "data_window": window,
    }


def _limits(signal: View, names: dict[str, str]) -> dict[str, Any]:
    """The limits that are said, by Azure's names of them."""
    found = {}
    for kind, part in (("numerical", signal["numbers"]), ("categorical", signal["categories"])):
        if said := {
            names.get(name, name): value for name, value in (part or {}).items() if value is not None
        }:
            found[kind] = said
    return {"metric_thresholds": found}
