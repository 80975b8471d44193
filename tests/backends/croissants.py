"""The Croissant metadata of a dataset, as its step writes them."""

from __future__ import annotations

from typing import Any

import msgspec

from backends.contract_project import LOANS
from backends.project import PROJECT
from mlc import data
from mlc.drivers import croissant
from mlc.emit import load_backends
from mlc.ir.address import Address
from mlc.ir.artifact import Artifact, artifact
from mlc.ir.operation import Operation
from mlc.kinds import kind
from mlc.kinds._kind import Scope

BACKEND = next(one for one in load_backends((data.path("templates"),)) if one.name == "croissant")
ASKING: dict[str, Any] = {**LOANS, "describe": ["croissant"]}
DIGEST = "sha256:" + "a1" * 32


def step_of(loans: dict[str, Any]) -> Operation | None:
    """The step that a description of a dataset asks for."""
    dataset = kind("dataset")
    view = {"name": "loans", **msgspec.to_builtins(msgspec.convert(loans, dataset.spec))}
    project = msgspec.to_builtins(msgspec.convert(PROJECT, kind("project").spec))
    operations = dataset.operations(Address("dataset", "loans"), view, Scope(project, "dev"))
    return next((one for one in operations if one.name == "describe"), None)


def written(loans: dict[str, Any] | None = None) -> dict[str, Any]:
    step = step_of(loans or ASKING)
    assert step is not None
    return croissant.content(step.spec, DIGEST if step.files else "")


def published(document: dict[str, Any]) -> Artifact:
    path = "generated/dev/datasets/loans/croissant.json"
    content = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    return artifact(path, content, "croissant", Address("dataset", "loans"))
