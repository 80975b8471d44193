"""Uploads a pipeline to Kubeflow Pipelines and sets its recurring run, by REST (`/apis/v2beta1`).

Everything goes by names that follow from the description: a version of a pipeline is named by the digest of its text,
so the same one is uploaded once; a recurring run is named as its pipeline. Kubeflow cannot change a recurring run:
where one is not as described, it is stopped, the new one is made, and then the old one is removed. Of several of the
name, as others made them or a killed run left them, one is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlc.drivers._rest import LOOKING, Service, changed, part, service
from mlc.ir.drift import Seen
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work
from mlc.store.files import write_atomically

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True

API = "/apis/v2beta1"
_MODES = {True: "ENABLE", False: "DISABLE"}


def run(work: Work) -> Product:
    """`uploaded` is JSON: the names and the server's identifiers of pipeline, version and recurring run.

    Raises StepFailed (kubeflow-refused, secret-missing).
    """
    spec = work.spec
    kubeflow = service(spec["api"], spec["token"], work.operation.address)
    spec = {**spec, "within": _within(kubeflow, spec["namespace"])}
    content = text_of(spec["documents"])
    version = f"{spec['name']}-{hashlib.sha256(content).hexdigest()[:12]}"
    work.tell(f"looking for {version}")
    pipeline = _pipeline(kubeflow, spec)
    uploaded = _version(kubeflow, pipeline, version, content, spec["description"])
    recurring = _recurring(kubeflow, spec, pipeline, uploaded)
    told = {
        "pipeline": {"name": spec["name"], "id": pipeline},
        "version": {"name": version, "id": uploaded},
        "recurring_run": recurring,
    }
    path = work.folder / "uploaded.json"
    write_atomically(path, msgspec.json.encode(told, order="deterministic"))
    undo = {name: work.spec[name] for name in ("api", "token", "namespace", "name")}
    summary = {"version": version, "recurring": bool(recurring), "undo": undo}
    return Product({"uploaded": path}, summary)


def undo(root: Path, environment: str, operation: Operation) -> None:  # noqa: ARG001 - as every driver's
    """Remove the recurring runs. The pipeline stays, with its versions and the runs that were. Of its description the
    operation has what doing it left in the record."""
    kubeflow = service(operation.spec["api"], operation.spec["token"], operation.address)
    spec = {**operation.spec, "within": _within(kubeflow, operation.spec["namespace"])}
    for one in _of_name(kubeflow, spec):
        kubeflow.delete(f"{API}/recurringruns/{part(one['recurring_run_id'])}")


def observe(root: Path, environment: str, done: Sequence[tuple[Operation, Outcome]]) -> dict[str, Seen]:  # noqa: ARG001
    """Pipelines and versions that are gone, and recurring runs that are gone, others, switched or not alone."""
    return changed(done, _instead_of)


def _instead_of(operation: Operation, outcome: Outcome) -> tuple[str, str] | None:
    spec, name = operation.spec, operation.spec["name"]
    kubeflow = service(spec["api"], spec["token"], operation.address, LOOKING)
    spec = {**spec, "within": _within(kubeflow, spec["namespace"])}
    pipeline = _pipeline_there(kubeflow, spec)
    version = pipeline and _version_there(kubeflow, pipeline, outcome.summary["version"])
    if not pipeline or not version:
        return (
            f"the version {outcome.summary['version']}",
            f"{name} has no such version on Kubeflow Pipelines",
        )
    there = _of_name(kubeflow, spec)
    if spec["schedule"] is None:
        return ("none", f"Kubeflow has a recurring run {name}") if there else None
    recorded = f"one at {spec['schedule']['cron']}" + (
        "" if spec["schedule"]["enabled"] else ", switched off"
    )
    described = wanted(spec, pipeline, version, _experiment_there(kubeflow, spec) or "")
    alike = [one for one in there if _is_as(one, described) and one.get("mode") == described["mode"]]
    if len(there) == 1 and alike:
        return None
    if not there:
        return recorded, f"Kubeflow has no recurring run {name}"
    if len(there) > 1:
        return recorded, f"Kubeflow has {len(there)} recurring runs {name}"
    return recorded, f"Kubeflow has another recurring run {name}, or it was switched"


def text_of(documents: list[Any]) -> bytes:
    """The pipeline as it is uploaded: JSON, which is YAML too, a document after the other."""
    return b"\n---\n".join(msgspec.json.encode(one, order="deterministic") for one in documents)


def wanted(spec: Mapping[str, Any], pipeline: str, version: str, experiment: str) -> dict[str, Any]:
    """The recurring run as it is described."""
    return {
        "display_name": spec["name"],
        "description": spec["description"],
        "experiment_id": experiment,
        "pipeline_version_reference": {"pipeline_id": pipeline, "pipeline_version_id": version},
        "runtime_config": {"parameters": {}},
        "trigger": {"cron_schedule": {"cron": f"0 {spec['schedule']['cron']}"}},  # seconds come first
        "max_concurrency": "1",
        "no_catchup": True,
        "mode": _MODES[spec["schedule"]["enabled"]],
    }


def _within(kubeflow: Service, namespace: str) -> dict[str, str]:
    """The namespace, for an installation of several users; one of a single user refuses to be asked for any."""
    told = kubeflow.get(f"{API}/healthz") or {}
    return {"namespace": namespace} if told.get("multi_user") else {}


def _pipeline_there(kubeflow: Service, spec: Mapping[str, Any]) -> str | None:
    found = kubeflow.get(f"{API}/pipelines/names/{part(spec['name'])}", **spec["within"])
    return None if found is None else str(found["pipeline_id"])


def _pipeline(kubeflow: Service, spec: Mapping[str, Any]) -> str:
    if (there := _pipeline_there(kubeflow, spec)) is not None:
        return there
    body = {
        "name": spec["name"],
        "display_name": spec["name"],
        "description": spec["description"],
        **spec["within"],
    }
    return str(kubeflow.post(f"{API}/pipelines", body)["pipeline_id"])


def _version_there(kubeflow: Service, pipeline: str, name: str) -> str | None:
    listed = kubeflow.all(f"{API}/pipelines/{part(pipeline)}/versions", "pipeline_versions")
    named = (one for one in listed if name in (one.get("name"), one.get("display_name")))
    return next((str(one["pipeline_version_id"]) for one in named), None)


def _version(kubeflow: Service, pipeline: str, name: str, content: bytes, description: str) -> str:
    if (there := _version_there(kubeflow, pipeline, name)) is not None:
        return there
    query = {"name": name, "display_name": name, "pipelineid": pipeline, "description": description}
    made = kubeflow.upload(f"{API}/pipelines/upload_version", f"{name}.yaml", content, **query)
    return str(made["pipeline_version_id"])


def _experiment_there(kubeflow: Service, spec: Mapping[str, Any]) -> str | None:
    listed = kubeflow.all(f"{API}/experiments", "experiments", **spec["within"])
    named = (one for one in listed if one.get("display_name") == spec["name"])
    return next((str(one["experiment_id"]) for one in named), None)


def _experiment(kubeflow: Service, spec: Mapping[str, Any]) -> str:
    if (there := _experiment_there(kubeflow, spec)) is not None:
        return there
    body = {
        "display_name": spec["name"],
        "description": spec["description"],
        **spec["within"],
    }
    return str(kubeflow.post(f"{API}/experiments", body)["experiment_id"])


def _of_name(kubeflow: Service, spec: Mapping[str, Any]) -> list[Any]:
    fields = ("recurringRuns", "recurring_runs")
    listed = kubeflow.all(f"{API}/recurringruns", *fields, **spec["within"])
    return [one for one in listed if one.get("display_name") == spec["name"]]


def _recurring(
    kubeflow: Service, spec: Mapping[str, Any], pipeline: str, version: str
) -> dict[str, str] | None:
    """The recurring run that is as described; all others of its name are removed."""
    there = _of_name(kubeflow, spec)
    if spec["schedule"] is None:
        for one in there:
            kubeflow.delete(f"{API}/recurringruns/{part(one['recurring_run_id'])}")
        return None
    described = wanted(spec, pipeline, version, _experiment(kubeflow, spec))
    kept = next((one for one in there if _is_as(one, described)), None)
    others = [one for one in there if one is not kept]
    if kept is None:
        kept = _instead(kubeflow, described, others)
    elif kept.get("mode") != described["mode"]:
        action = "enable" if described["mode"] == "ENABLE" else "disable"
        kubeflow.post(f"{API}/recurringruns/{part(kept['recurring_run_id'])}:{action}")
    for one in others:
        kubeflow.delete(f"{API}/recurringruns/{part(one['recurring_run_id'])}")
    return {"name": spec["name"], "id": str(kept["recurring_run_id"]), "mode": described["mode"]}


def _instead(kubeflow: Service, described: dict[str, Any], others: list[Any]) -> Any:
    """Make the new one while no old one starts anything; where it is refused, the old ones go on."""
    running = [one["recurring_run_id"] for one in others if one.get("mode") == "ENABLE"]
    for identifier in running:
        kubeflow.post(f"{API}/recurringruns/{part(identifier)}:disable")
    try:
        return kubeflow.post(f"{API}/recurringruns", described)
    except StepFailed:
        for identifier in running:
            kubeflow.post(f"{API}/recurringruns/{part(identifier)}:enable")
        raise


def _is_as(one: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    """Whether a recurring run is as described but for whether it is switched on. A server leaves out what is empty."""
    return all(
        (one.get(field) or None) == (value or None)
        for field, value in described.items()
        if field not in ("mode", "runtime_config")
    ) and not ((one.get("runtime_config") or {}).get("parameters"))
