"""bom: writes the machine-learning bill of materials of a model, CycloneDX 1.6, from what was measured and said.

Inputs: `onnx`, `model`, `evaluation` and, where the model has gates, `verdict`; `train`, `test` and `validation` for
their digests alone. Output: `bom`. What the author did not say is left out. Neither a time nor a random number stands
in it: the same version has the same bytes.

Source of the format: https://cyclonedx.org/docs/1.6/json/ (ECMA-424).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlc.drivers import _chosen
from mlc.drivers._canonical import canonical, rounded
from mlc.drivers._licence import expression_of
from mlc.ir.evaluation import METRICS, Estimate, Evaluation, Verdict
from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = False

_APPROACHES = {"anomaly_detection": "unsupervised", "clustering": "unsupervised"}
"""How a model of a task learns, where it is not by a label."""

_RISKS = {
    "minimal": "Minimal risk after the EU AI Act, by the author's own classification.",
    "limited": "Limited risk after the EU AI Act, by the author's own classification.",
    "high": "High risk after the EU AI Act, by the author's own classification.",
}
_DATA = ("train", "validation", "test")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/schema/bom-1.6.schema.json")


def run(work: Work) -> Product:
    """Write the bill of materials. Raises msgspec.ValidationError where an input is not what its driver writes."""
    evaluation = msgspec.json.decode(work.inputs["evaluation"].read_bytes(), type=Evaluation)
    verdict = None
    if "verdict" in work.inputs:
        verdict = msgspec.json.decode(work.inputs["verdict"].read_bytes(), type=Verdict)
    bom = content(_chosen.told(work), evaluation, verdict, work.digests, libraries(work.made_from))
    written = work.folder / "bom.cdx.json"
    # in the order in which it is read, which is as constant as the order of names
    written.write_bytes(msgspec.json.format(msgspec.json.encode(bom), indent=2) + b"\n")
    return Product({"bom": written}, {"components": len(bom["components"])})


def libraries(made_from: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The packages that the steps worked with which made the model, with their versions, sorted by name."""
    return {
        name: version
        for parts in made_from.values()
        for part, version in sorted(parts.items())
        for kind, _, name in [part.partition(" ")]
        if kind == "tool" and name != parts["driver"]
    }


def content(
    spec: Mapping[str, Any],
    evaluation: Evaluation,
    verdict: Verdict | None,
    digests: Mapping[str, str],
    packages: Mapping[str, str],
) -> dict[str, Any]:
    """The document as plain data.

    `digests` are SHA-256 of the inputs, `packages` the versions of libraries. Every value of an author is a JSON
    string of its own; references between components are made of nothing that an author wrote but names of resources.
    """
    model = _model(spec, evaluation, verdict, _hash(digests["onnx"]))
    components = [
        {
            "type": "file",
            "bom-ref": "file/model.onnx",
            "name": "model.onnx",
            "description": "The form of the model that is served.",
            "hashes": _hashes(digests["onnx"]),
        },
        _dataset(spec["dataset"], digests),
        *_members(spec),
        *_libraries(packages),
    ]
    body: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"tools": {"components": [{"type": "application", "name": "mlc"}]}, "component": model},
        "components": components,
        "dependencies": [
            {"ref": model["bom-ref"], "dependsOn": sorted(one["bom-ref"] for one in components)},
            *({"ref": one["bom-ref"]} for one in components),
        ],
    }
    # a serial number is unique to what the document says, and the same each time that it says it
    serial = uuid.uuid5(_NAMESPACE, canonical(body).decode())
    head = {name: body.pop(name) for name in ("$schema", "bomFormat", "specVersion")}
    return {**head, "serialNumber": f"urn:uuid:{serial}", **body}


def _model(
    spec: Mapping[str, Any], evaluation: Evaluation, verdict: Verdict | None, digest: str
) -> dict[str, Any]:
    about: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"model/{spec['name']}",
        "group": spec["project"],
        "name": spec["name"],
        # the registry numbers versions as they come; what a version is, its file says
        "version": f"sha256:{digest}",
        "hashes": _hashes(digest),
        "modelCard": {
            "modelParameters": _parameters(spec),
            "quantitativeAnalysis": {"performanceMetrics": list(_metrics(evaluation))},
            **_considerations(spec["card"], evaluation),
            "properties": _properties(
                ("mlc:confidence", _level(evaluation)),
                ("mlc:gates", verdict.outcome if verdict else "none"),
                ("mlc:test_rows", str(evaluation.rows)),
            ),
        },
    }
    if spec["description"]:
        about["description"] = spec["description"]
    if spec["owner"]:
        about["authors"] = [{"name": spec["owner"]}]
    if spec["tags"]:
        about["tags"] = sorted(set(spec["tags"]))
    return about | _licences(spec["card"]["licence"])


def _parameters(spec: Mapping[str, Any]) -> dict[str, Any]:
    signature = spec["signature"]
    return {
        "approach": {"type": _APPROACHES.get(spec["task"], "supervised")},
        "task": spec["task"],
        "modelArchitecture": spec["estimator"],
        "datasets": [{"ref": f"dataset/{spec['dataset']['name']}"}],
        "inputs": [{"format": _tensor(one)} for one in signature["inputs"]],
        "outputs": [{"format": _tensor(one)} for one in signature["outputs"]],
    }


def _tensor(one: Mapping[str, Any]) -> str:
    return f"{one['name']}: {one['datatype']} {one['shape']}"


def _metrics(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Each metric that is defined, with its interval as far as it has bounds; all are strings in CycloneDX."""
    for name in METRICS:
        estimate = evaluation.estimates.get(name)
        if estimate is None or estimate.value is None:
            continue
        yield {
            "type": name,
            "value": _number(estimate.value),
            "slice": f"test, {estimate.n} rows",
            **_interval(estimate),
        }


def _interval(estimate: Estimate) -> dict[str, Any]:
    bounds = {"lowerBound": estimate.low, "upperBound": estimate.high}
    told = {name: _number(bound) for name, bound in bounds.items() if bound is not None}
    return {"confidenceInterval": told} if told else {}


def _number(value: float) -> str:
    return str(rounded(value))


def _level(evaluation: Evaluation) -> str:
    return ", ".join(sorted({_number(one.confidence) for one in evaluation.estimates.values()}))


def _considerations(card: Mapping[str, Any], evaluation: Evaluation) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if card["intended_use"]:
        said["useCases"] = [card["intended_use"]]
    limits = [card["limits"]] if card["limits"] else []
    if limits or evaluation.warnings:
        said["technicalLimitations"] = [*limits, *evaluation.warnings]
    if card["risk_class"]:
        said["ethicalConsiderations"] = [{"name": _RISKS[card["risk_class"]]}]
    return {"considerations": said} if said else {}


def _dataset(dataset: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Any]:
    parts = [(f"mlc:{part}:sha256", _hash(digests[part])) for part in _DATA if part in digests]
    data: dict[str, Any] = {
        "type": "dataset",
        "name": dataset["name"],
        "contents": {"properties": _properties(*parts)},
    }
    if dataset["description"]:
        data["description"] = dataset["description"]
    about: dict[str, Any] = {
        "type": "data",
        "bom-ref": f"dataset/{dataset['name']}",
        "name": dataset["name"],
        "data": [data],
    }
    licence = dataset["licence"]
    if not licence:
        return about
    about["properties"] = _properties(("mlc:origin", licence["origin"]))
    return about | _licences(licence["name"])


def _members(spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The models inside, and the registered version that was reused."""
    inside = [*spec.get("members", {}).values()]
    if "reuse" in spec:
        inside.append(spec["reuse"]["model"])
    for name in dict.fromkeys(inside):
        yield {"type": "machine-learning-model", "bom-ref": f"part/{name}", "name": name}


def _libraries(packages: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name, version in sorted(packages.items()):
        purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
        yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _licences(name: str) -> dict[str, Any]:
    if not name:
        return {}
    expression = expression_of(name)
    return {"licenses": [{"expression": expression} if expression else {"license": {"name": name}}]}


def _hash(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _hashes(digest: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": _hash(digest)}]


def _properties(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
