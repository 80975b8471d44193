"""The groups of features: what several rules look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.rules._subject import Subject


def feature_pairs(subject: Subject) -> Iterator[tuple[Address, dict[str, Any], str, dict[str, Any]]]:
    """Features with each dataset that some model uses them on, once: address, spec, dataset's name and spec."""
    seen = set()
    for _, model in subject.each("model"):
        pair = (model["features"], model["dataset"])
        features, dataset = subject.named("features", pair[0]), subject.named("dataset", pair[1])
        if features is not None and dataset is not None and pair not in seen:
            seen.add(pair)
            yield Address("features", pair[0]), features, pair[1], dataset


def grouped(features: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Every column that features name: group, place in its list, column."""
    for name, group in features["groups"].items():
        for index, column in enumerate(group["columns"]):
            yield name, index, column


def stops_at_missing(asked: dict[str, Any]) -> str:
    """Which of `select` and `reduce`, of a group or of all, does not take a missing number; empty where none does."""
    select = asked["select"]
    if select is not None and select["method"] != "variance":
        return "select"
    return "reduce" if asked["reduce"] is not None else ""
