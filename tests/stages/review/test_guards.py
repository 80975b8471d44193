"""What loosens and what tightens."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mlc.kinds import _schemas
from mlc.review.guards import judged
from mlc.review.values import differing

GATE = {"metrics": {"auc": {"min": 0.8, "max": None, "bound": None, "confidence": 0.95}}}
MODEL = {"gates": ["quality", "fairness"], "policies": [], "optimize": {"min_label_agreement": 1.0}}
COLUMN = {
    "type": "string",
    "values": ["a", "b"],
    "nullable": False,
    "unique": True,
    "pii": True,
    "min": None,
    "max": 5,
}
DATASET = {
    "source": {"type": "file", "path": "x"},
    "columns": {"a": COLUMN, "b": dict(COLUMN)},
    "checks": {"min_rows": 10, "max_quarantined": 0.1},
}
POLICY = {"rules": {"owner-declared": {"severity": "error"}, "gates-declared": {"severity": "warning"}}}
PIPELINE = {"apply": {"prod": {"approval": "production"}}, "systems": ["github_actions"]}

GONE = object()


def verdicts(kind: str, spec: dict[str, Any], *edits: tuple[str, Any]) -> list[str | None]:
    after = copy.deepcopy(spec)
    for path, value in edits:
        *parts, last = path.split("/")
        target: Any = after
        for part in parts:
            target = target[part]
        if value is GONE:
            del target[last]
        else:
            target[last] = value
    return [judged(kind, path, old, new, (spec, after)) for path, old, new in differing(spec, after)]


@pytest.mark.parametrize(
    ("kind", "spec", "path", "value", "verdict"),
    [
        ("gate", GATE, "metrics/auc/min", 0.7, "loosened"),
        ("gate", GATE, "metrics/auc/min", 0.9, "tightened"),
        ("gate", GATE, "metrics/auc/min", None, "loosened"),
        ("gate", GATE, "metrics/auc/max", 0.99, "tightened"),
        ("gate", GATE, "metrics/auc", GONE, "loosened"),
        ("gate", GATE, "metrics/f1", {"min": 0.5}, "tightened"),
        ("gate", GATE, "metrics/auc/bound", "point", "loosened"),
        ("gate", GATE, "metrics/auc/bound", "upper", "loosened"),
        ("gate", GATE, "metrics/auc/bound", "lower", "changed"),
        ("gate", GATE, "metrics/auc/confidence", 0.99, "tightened"),
        ("gate", GATE, "metrics/auc/confidence", 0.9, "loosened"),
        ("gate", GATE, "description", "Another", None),
        ("model", MODEL, "gates", ["quality"], "loosened"),
        ("model", MODEL, "gates", ["quality", "speed"], "loosened"),
        ("model", MODEL, "gates", ["quality", "fairness", "speed"], "tightened"),
        ("model", MODEL, "gates", ["fairness", "quality"], "changed"),
        ("model", MODEL, "policies", ["care"], "tightened"),
        ("model", MODEL, "optimize/min_label_agreement", 0.99, "loosened"),
        ("dataset", DATASET, "columns/a/nullable", True, "loosened"),
        ("dataset", DATASET, "columns/a/unique", False, "loosened"),
        ("dataset", DATASET, "columns/a/pii", False, "loosened"),
        ("dataset", DATASET, "columns/a/min", 1, "tightened"),
        ("dataset", DATASET, "columns/a/max", 6, "loosened"),
        ("dataset", DATASET, "columns/a/values", ["a"], "tightened"),
        ("dataset", DATASET, "columns/a/values", [], "loosened"),
        ("dataset", DATASET, "columns/a/values", ["a", "b", "c"], "loosened"),
        ("dataset", DATASET, "columns/b", GONE, "loosened"),
        ("dataset", DATASET, "checks/min_rows", 5, "loosened"),
        ("dataset", DATASET, "checks/max_quarantined", 0.0, "tightened"),
        ("policy", POLICY, "rules/owner-declared/severity", "warning", "loosened"),
        ("policy", POLICY, "rules/gates-declared/severity", "error", "tightened"),
        ("policy", POLICY, "rules/gates-declared", GONE, "loosened"),
        ("pipeline", PIPELINE, "apply/prod/approval", "", "loosened"),
    ],
)
def test_says_which_way_a_change_goes(
    kind: str, spec: dict[str, Any], path: str, value: Any, verdict: str | None
) -> None:
    assert verdicts(kind, spec, (path, value)) == [verdict]


def test_bounds_are_compared_in_their_units() -> None:
    spec = {"metrics": {"latency_p99": {"min": None, "max": "900ms", "bound": "point", "confidence": 0.95}}}
    assert verdicts("gate", spec, ("metrics/latency_p99/max", "1s")) == ["loosened"]
    assert verdicts("gate", spec, ("metrics/latency_p99/max", "0.5s")) == ["tightened"]
    assert verdicts("gate", spec, ("metrics/latency_p99/max", "fast")) == ["changed"]


def test_of_an_upper_bound_the_other_end_is_the_cautious_one() -> None:
    spec = {"metrics": {"brier": {"min": None, "max": 0.2, "bound": "upper", "confidence": 0.95}}}
    assert verdicts("gate", spec, ("metrics/brier/bound", "lower")) == ["loosened"]
    lenient = {"metrics": {"brier": {"min": None, "max": 0.2, "bound": "lower", "confidence": 0.95}}}
    assert verdicts("gate", lenient, ("metrics/brier/confidence", 0.99)) == ["loosened"]
    point = {"metrics": {"brier": {"min": None, "max": 0.2, "bound": "point", "confidence": 0.95}}}
    assert verdicts("gate", point, ("metrics/brier/confidence", 0.99)) == [None]


def test_every_way_to_be_stricter_that_a_field_declares_is_known() -> None:
    declared: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if "x-mlc-stricter" in value:
                way = value["x-mlc-stricter"]
                declared.add(way if isinstance(way, str) else "in order")
            for child in value.values():
                collect(child)
        elif isinstance(value, list):
            for child in value:
                collect(child)

    collect(_schemas.generate())
    assert declared == {"higher", "lower", "true", "false", "more", "fewer", "cautious", "wider", "in order"}
