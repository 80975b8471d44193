"""A small registry: versions of a model that is four bytes long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlc.drivers.registry import Cause, Registered, open_registry, register
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Entry, LearnedFrom, Metric, Signature

SPEC: dict[str, Any] = {
    "type": "hybrid",
    "database": "sqlite:///.mlc/registry/registry.db",
    "files": ".mlc/registry/files",
}
SPECS: dict[str, dict[str, Any]] = {
    "hybrid": SPEC,
    "filesystem": {"type": "filesystem", "path": "registry"},
    "database": {"type": "database", "database": "sqlite:///.mlc/registry/all.db", "password": None},
}
"""Shapes that need no server, by their names."""

NOON = "2026-01-01T12:00:00+00:00"


def put(
    root: Path,
    onnx: bytes,
    *,
    name: str = "churn",
    accuracy: float = 0.9,
    owner: str = "",
    spec: Mapping[str, Any] = SPEC,
) -> Registered:
    def describe(number: int, digests: dict[str, str]) -> Entry:
        return Entry(
            project="lending",
            name=name,
            number=number,
            digest=digests["onnx"],
            owner=owner,
            task="binary_classification",
            estimator="sklearn.linear_model.LogisticRegression",
            data=LearnedFrom(dataset="loans"),
            signature=Signature(inputs=[], outputs=[]),
            metrics={"accuracy": Metric(value=accuracy, low=accuracy - 0.1, high=accuracy + 0.1)},
            config="0" * 64,
            files=digests,
        )

    return register(open_registry(root, spec), name, {"onnx": onnx, "card": b"card"}, describe, NOON)


def described(**facts: Any) -> Callable[[int, dict[str, str]], Entry]:
    """Describes a version with some facts, and with what every one has."""
    members = facts.pop("members", {})

    def describe(number: int, digests: dict[str, str]) -> Entry:
        whole: dict[str, Any] = {
            "project": "lending",
            "name": "churn",
            "number": number,
            "digest": digests["onnx"],
            "task": "regression",
            "estimator": "e",
            "data": LearnedFrom(dataset="loans"),
            "signature": Signature(inputs=[], outputs=[]),
            "config": "0" * 64,
            "files": digests,
            "members": members or msgspec.UNSET,
        }
        return Entry(**whole | facts)

    return describe


def cause(at: str = NOON) -> Cause:
    return Cause(environment="prod", deployment="web", at=at)


def rule_of(failed: pytest.ExceptionInfo[StepFailed]) -> str:
    return failed.value.diagnostics[0].rule
