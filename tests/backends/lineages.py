"""The lineage of a dataset and of a model, as their steps write them."""

from __future__ import annotations

from typing import Any

import msgspec

from backends.contract_project import LOANS
from backends.project import PROJECT, SPECS, graph_of
from mlc import data
from mlc.drivers import data_lineage, model_lineage
from mlc.emit import load_backends
from mlc.ir.address import Address
from mlc.ir.artifact import Artifact, artifact
from mlc.ir.operation import Operation
from mlc.ir.registry import Member
from mlc.kinds import kind
from mlc.kinds._kind import Scope

BACKEND = next(one for one in load_backends((data.path("templates"),)) if one.name == "openlineage")
ASKING: dict[str, Any] = {**LOANS, "describe": ["openlineage"]}
DIGESTS = {name: digit * 64 for name, digit in zip(("source", "train", "test", "onnx"), "abcd", strict=True)}
MADE_FROM = {"ingest": {"driver": "files", "spec": "7" * 64}}
INSIDE = {"a": Member(model="linear", number=3, digest="e" * 64)}
FACTS: dict[str, Any] = {
    "rows": {"read": 6, "quarantined": 0, "prepared": 6, "train": 4, "test": 2},
    "broken_promises": [],
    "columns": {
        "income": {"missing": 1, "distinct": 4, "min": 2.5, "max": 90.0},
        "seen": {"missing": 0, "distinct": 6, "min": "2026-01-01", "max": "2026-01-06"},
    },
}


def step_of(loans: dict[str, Any]) -> Operation | None:
    """The step that a description of a dataset asks for."""
    dataset = kind("dataset")
    view = {"name": "loans", **msgspec.to_builtins(msgspec.convert(loans, dataset.spec))}
    project = msgspec.to_builtins(msgspec.convert(PROJECT, kind("project").spec))
    operations = dataset.operations(Address("dataset", "loans"), view, Scope(project, "dev"))
    return next((one for one in operations if one.name == "lineage"), None)


def of_data(loans: dict[str, Any] | None = None, facts: dict[str, Any] | None = None) -> dict[str, Any]:
    step = step_of(loans or ASKING)
    assert step is not None
    digests = {name: DIGESTS[name] for name in (*step.inputs, *step.files) if name in DIGESTS}
    return data_lineage.content(step.spec, facts or FACTS, digests, MADE_FROM)


def model_step(**changed: Any) -> Operation:
    """The step of a model that asks."""
    model = {**SPECS["model.default_risk"], "describe": ["openlineage"], **changed}
    graph = graph_of({**SPECS, "model.default_risk": model})
    resource = next(one for one in graph.resources if str(one.address) == "model.default_risk")
    return next(one for one in resource.operations if one.name == "lineage")


def of_model(**changed: Any) -> dict[str, Any]:
    digests = {name: DIGESTS[name] for name in ("onnx", "train", "test")}
    return model_lineage.content(model_step(**changed).spec, 2, digests, MADE_FROM, INSIDE)


def published(document: dict[str, Any], address: Address = Address("dataset", "loans")) -> Artifact:  # noqa: B008
    path = f"generated/dev/{address.kind}s/{address.name}/lineage.openlineage.json"
    content = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    return artifact(path, content, "openlineage", address)
