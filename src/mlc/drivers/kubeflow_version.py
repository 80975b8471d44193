"""Tells Kubeflow's Model Registry of a version that was promoted: RegisteredModel, ModelVersion and ModelArtifact, by
REST (`/api/model_registry/v1alpha3`).

They are found again by their names (the model's, its number, and `onnx`), so that nothing is told twice; what is there
and says something else of the model or of the version is corrected. The bytes stay in the project's own registry: the
artifact says where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlc.drivers._rest import LOOKING, Service, changed, part, service
from mlc.drivers.registry import open_registry, show
from mlc.ir.drift import Seen
from mlc.ir.operation import Operation, Outcome, Product, Work
from mlc.ir.registry import Entry
from mlc.store.files import write_atomically

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True

API = "/api/model_registry/v1alpha3"


def run(work: Work) -> Product:
    """`told` is JSON: what was told, with the identifiers that the server gave.

    Raises StepFailed (kubeflow-refused, secret-missing, and what reading the project's registry raises).
    """
    spec = work.spec
    version: dict[str, Any] = msgspec.json.decode(work.inputs["version"].read_bytes())
    registry = open_registry(work.root, spec["registry"])
    entry = show(work.root, spec["registry"], f"{version['name']}:{version['version']}").entry
    uri = _uri(registry.files.place(entry.digest), work.root, spec)
    work.tell(f"telling of {entry.name}:{entry.number}")
    kubeflow = service(spec["url"], spec["token"], work.operation.address)
    model = _model(kubeflow, registered_model(entry))
    stored = _version(kubeflow, model, model_version(entry, model, spec["alias"]))
    artifact = _artifact(kubeflow, stored, model_artifact(entry, uri))
    told = {
        "registered_model": {"id": model, **registered_model(entry)},
        "model_version": {"id": stored, **model_version(entry, model, spec["alias"])},
        "model_artifact": {"id": artifact, **model_artifact(entry, uri)},
    }
    path = work.folder / "told.json"
    write_atomically(path, msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    return Product({"told": path}, {"name": entry.name, "version": entry.number})


def observe(root: Path, environment: str, done: Sequence[tuple[Operation, Outcome]]) -> dict[str, Seen]:  # noqa: ARG001
    """Versions that were taken out of the Model Registry, and what says something else of them now. What others added
    is theirs."""

    def look(operation: Operation, outcome: Outcome) -> tuple[str, str] | None:
        spec = operation.spec
        version = f"{outcome.summary['name']}:{outcome.summary['version']}"
        entry = show(root, spec["registry"], version).entry
        uri = _uri(open_registry(root, spec["registry"]).files.place(entry.digest), root, spec)
        kubeflow = service(spec["url"], spec["token"], operation.address, LOOKING)
        model = _model_there(kubeflow, entry.name)
        stored = model and _version_there(kubeflow, model["id"], str(entry.number))
        artifact = stored and _artifact_there(kubeflow, stored["id"], model_artifact(entry, uri)["name"])
        if not model or not stored or not artifact:
            return version, f"the Model Registry does not have {version} whole"
        differing = [
            *_differing(model, registered_model(entry), _FIXED_OF_MODEL),
            *_differing(stored, model_version(entry, model["id"], spec["alias"]), _FIXED_OF_VERSION),
            *_differing(artifact, model_artifact(entry, uri), _FIXED_OF_ARTIFACT),
        ]
        said = ", ".join(dict.fromkeys(differing))
        return (f"as {version} is described", f"{said} of {version} was changed there") if said else None

    return changed(done, look)


_FIXED_OF_MODEL = ("name",)
_FIXED_OF_VERSION = ("name", "registeredModelId")
_FIXED_OF_ARTIFACT = ("name", "artifactType")
"""What things are found by, which is never changed."""


def registered_model(entry: Entry) -> dict[str, Any]:
    """`RegisteredModelCreate`."""
    return {
        "name": entry.name,
        "description": entry.description,
        "owner": entry.owner,
        "license": entry.licence,
        "tasks": [entry.task],
        "libraryName": entry.estimator.partition(".")[0],
        "state": "LIVE",
        "customProperties": {"mlc_project": _text(entry.project), **{tag: _text("") for tag in entry.tags}},
    }


def model_version(entry: Entry, model: str, alias: str) -> dict[str, Any]:
    """`ModelVersionCreate`: the metrics with the ends of their intervals, and what the version is known by."""
    found: dict[str, Any] = {
        "mlc_digest": _text(entry.digest),
        "mlc_alias": _text(alias),
        "mlc_dataset": _text(entry.data.dataset),
        "mlc_gated": {"metadataType": "MetadataBoolValue", "bool_value": entry.gated},
    }
    for name, metric in entry.metrics.items():
        for suffix, value in (("", metric.value), ("_low", metric.low), ("_high", metric.high)):
            if value is not None:
                found[name + suffix] = {"metadataType": "MetadataDoubleValue", "double_value": value}
    return {
        "name": str(entry.number),
        "registeredModelId": model,
        "description": entry.description,
        "author": entry.owner,
        "state": "LIVE",
        "customProperties": found,
    }


def model_artifact(entry: Entry, uri: str) -> dict[str, Any]:
    """`ModelArtifact`: where the ONNX file lies."""
    return {
        "artifactType": "model-artifact",
        "name": "onnx",
        "uri": uri,
        "modelFormatName": "onnx",
        "modelFormatVersion": "1",
        "state": "LIVE",
        "customProperties": {"sha256": _text(entry.digest)},
    }


def _uri(place: str, root: Path, spec: Mapping[str, Any]) -> str:
    """Where a file lies for Kubeflow: an address, or the path on the claim that the project lies on."""
    if "://" in place:
        return place
    below = Path(place).resolve().relative_to(root.resolve()).as_posix()
    folder = spec["folder"].strip("/")
    return f"pvc://{spec['claim']}/{below if folder in ('', '.') else f'{folder}/{below}'}"


def _model_there(kubeflow: Service, name: str) -> Any:
    return kubeflow.get(f"{API}/registered_model", name=name)


def _model(kubeflow: Service, wanted: dict[str, Any]) -> str:
    found = _model_there(kubeflow, wanted["name"])
    if found is None:
        return str(kubeflow.post(f"{API}/registered_models", wanted)["id"])
    _corrected(kubeflow, f"{API}/registered_models/{part(found['id'])}", found, wanted, _FIXED_OF_MODEL)
    return str(found["id"])


def _version_there(kubeflow: Service, model: str, number: str) -> Any:
    return kubeflow.get(f"{API}/model_version", name=number, parentResourceId=model)


def _version(kubeflow: Service, model: str, wanted: dict[str, Any]) -> str:
    found = _version_there(kubeflow, model, wanted["name"])
    if found is None:
        return str(kubeflow.post(f"{API}/model_versions", wanted)["id"])
    _corrected(kubeflow, f"{API}/model_versions/{part(found['id'])}", found, wanted, _FIXED_OF_VERSION)
    return str(found["id"])


def _artifact_there(kubeflow: Service, version: str, name: str) -> Any:
    listed = (kubeflow.get(_artifacts_of(version), name=name) or {}).get("items") or ()
    return next((one for one in listed if one.get("name") == name), None)


def _artifacts_of(version: str) -> str:
    return f"{API}/model_versions/{part(version)}/artifacts"


def _artifact(kubeflow: Service, version: str, wanted: dict[str, Any]) -> str:
    found = _artifact_there(kubeflow, version, wanted["name"])
    if found is None:
        return str(kubeflow.post(_artifacts_of(version), wanted)["id"])
    _corrected(kubeflow, f"{API}/model_artifacts/{part(found['id'])}", found, wanted, _FIXED_OF_ARTIFACT)
    return str(found["id"])


def _corrected(
    kubeflow: Service, path: str, found: Mapping[str, Any], wanted: Mapping[str, Any], fixed: tuple[str, ...]
) -> None:
    if differing := _differing(found, wanted, fixed):
        if fixed is _FIXED_OF_ARTIFACT:
            differing["artifactType"] = wanted["artifactType"]  # it tells which kind of artifact is changed
        kubeflow.patch(path, differing)


def _differing(found: Mapping[str, Any], wanted: Mapping[str, Any], fixed: tuple[str, ...]) -> dict[str, Any]:
    """The fields that have to be changed, as they are wanted. Custom properties that others added stay."""
    differing = {
        field: value
        for field, value in wanted.items()
        if field not in (*fixed, "customProperties") and (found.get(field) or None) != (value or None)
    }
    there = found.get("customProperties") or {}
    if any(there.get(name) != value for name, value in wanted["customProperties"].items()):
        differing["customProperties"] = {**there, **wanted["customProperties"]}
    return differing


def _text(value: str) -> dict[str, str]:
    return {"metadataType": "MetadataStringValue", "string_value": value}
