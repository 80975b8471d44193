"""What gates name: metrics and columns, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.ir.metrics import METRICS
from mlc.rules._subject import Subject

MEASURED = {name: metric for name, metric in METRICS.items() if metric.source == "evaluation"}
"""The metrics that a part of the rows, a disturbed input and a champion have."""

Path = tuple[str | int, ...]


class Named(Struct, frozen=True):
    """A name in a gate: `path` is the field, `is_key` whether it is a key there."""

    name: str
    path: Path
    is_key: bool = False


def metrics_of(gate: dict[str, Any]) -> Iterator[Named]:
    """Every metric that a gate names."""
    for name in gate["metrics"]:
        yield Named(name, ("metrics", name), is_key=True)
    if gate["slices"]:
        for name in gate["slices"]["metrics"]:
            yield Named(name, ("slices", "metrics", name), is_key=True)
    for part in ("robustness", "champion"):
        if gate[part]:
            yield Named(gate[part]["metric"], (part, "metric"))


def columns_of(gate: dict[str, Any]) -> Iterator[Named]:
    """Every column that a gate names."""
    for part, field in (("slices", "by"), ("fairness", "protected")):
        if gate[part]:
            for place, name in enumerate(gate[part][field]):
                yield Named(name, (part, field, place))


def used(subject: Subject) -> Iterator[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Each gate that a model uses, with that model and its dataset: (gate's name, gate, model, dataset)."""
    seen: set[tuple[str, str, str]] = set()
    for _, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        for name in model["gates"]:
            gate = subject.named("gate", name)
            key = (name, model["dataset"], model["task"])
            if gate is not None and dataset is not None and key not in seen:
                seen.add(key)
                yield name, gate, model, dataset
