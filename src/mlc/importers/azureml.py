"""Azure Machine Learning: the YAML files of its CLI v2.

data → a dataset · environment → a runtime · command job, sweep job, the training step of a pipeline → a model, with
`tune` · endpoint and deployment, online or in batches → a deployment and its target. What only Azure does is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlc.importers import File
from mlc.importers._azureml_assets import Assets, read_data, read_environment, read_model
from mlc.importers._azureml_jobs import read_job, read_pipeline, read_sweep
from mlc.importers._azureml_serving import read_schedule, read_serving
from mlc.importers._draft import Draft
from mlc.importers._reading import Reading
from mlc.rules import import_unreadable

WHAT = "YAML file of Azure Machine Learning"

KINDS = {
    "commandJob": "command",
    "commandComponent": "component",
    "sweepJob": "sweep",
    "pipelineJob": "pipeline",
    "managedOnlineEndpoint": "endpoint",
    "kubernetesOnlineEndpoint": "endpoint",
    "batchEndpoint": "batch endpoint",
    "managedOnlineDeployment": "deployment",
    "kubernetesOnlineDeployment": "deployment",
    "batchDeployment": "batch deployment",
    "modelBatchDeployment": "batch deployment",
    "data": "data",
    "environment": "environment",
    "model": "model",
    "schedule": "schedule",
    "monitorSchedule": "monitor",
}
"""By the name of the schema that a file says it follows."""


def files(path: Path) -> list[Path]:
    """A file, or every YAML file of a folder that is one of Azure's by its schema."""
    if path.is_file():
        return [path]
    return sorted(
        one
        for one in path.rglob("*")
        if one.suffix in (".yaml", ".yml") and one.is_file() and b".schema.json" in one.read_bytes()[:4096]
    )


def take(files: Sequence[File], draft: Draft) -> None:
    """Describe what the files are of, what others refer to first."""
    found: dict[str, list[Reading]] = {kind: [] for kind in KINDS.values()}
    for file in files:
        for node in file.documents:
            told = Reading(node, "", node.span)
            schema = told.text("$schema").rpartition("/")[2].partition(".")[0]
            kind = KINDS.get(schema) or _by_shape(told)
            if kind is None:
                what = f"schema {schema}" if schema else "a file without a `$schema`"
                draft.told.append(
                    import_unreadable.found(node.span, f"It is {what}, which is none that can be imported.")
                )
                continue
            found[kind].append(told)
    assets = Assets({}, {}, {})
    for one in found["environment"]:
        read_environment(one, assets, draft)
    for one in found["data"]:
        read_data(one, assets, draft)
    for one in found["model"]:
        read_model(one, assets, draft)
    for one in found["command"]:
        read_job(one, "", assets, draft)
    for one in found["sweep"]:
        read_sweep(one, assets, draft)
    for one in found["pipeline"]:
        read_pipeline(one, assets, draft, found["component"], found["schedule"])
    for one in (*found["schedule"], *found["monitor"]):
        read_schedule(one, draft)
    read_serving(
        [*found["endpoint"], *found["batch endpoint"]],
        [(one, True) for one in found["deployment"]] + [(one, False) for one in found["batch deployment"]],
        assets,
        draft,
    )
    for one in found["component"]:
        one.rest(draft, "A component is a program; mlc runs its own steps.")


def _by_shape(told: Reading) -> str | None:
    """What a file is that names no schema."""
    keys = set(map(str, told.node.value)) if told.node is not None and told.node.is_map else set()
    kind = told.node.get("type") if told.node is not None else None
    named = str(kind.value) if kind is not None else ""
    if "endpoint_name" in keys:
        return "batch deployment" if {"mini_batch_size", "settings"} & keys else "deployment"
    if "search_space" in keys:
        return "sweep"
    if "jobs" in keys:
        return "pipeline"
    if "command" in keys:
        return "command"
    if "auth_mode" in keys:
        return "endpoint"
    if named in ("uri_file", "uri_folder", "mltable"):
        return "data"
    if named in ("custom_model", "mlflow_model", "triton_model"):
        return "model"
    return "environment" if {"image", "conda_file", "build"} & keys else None
