"""gate-empty: a gate that asks for nothing.

Why it matters: every model passes it, and whoever reads the model's gates believes that it proved something.
How to mend it: give it bounds under metrics, slices, fairness, robustness or champion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.fairness import CRITERIA
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A gate asks for nothing.")
SCOPE = "upstream"

BAD = {"gate/quality.yaml": "description: Good enough.\nslices: {by: [plan], metrics: {recall: {}}}\n"}
GOOD = {
    "gate/quality.yaml": "slices: {by: [plan], metrics: {recall: {max_gap: 0.2}}}\n",
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\ngates: [quality]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, gate in subject.each("gate"):
        parts = ("metrics", "slices", "fairness", "robustness", "champion")
        if not any(gate[part] for part in parts):
            yield RULE.at(
                subject.span(address),
                "The gate has no bound. Give it one under metrics, slices, fairness, robustness or champion.",
                text="no bound",
                address=str(address),
            )
        for path, detail in _parts(gate):
            yield RULE.at(
                subject.span(address, *path),
                detail,
                text="no bound",
                address=str(address),
                path=".".join(path),
            )


def _parts(gate: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The parts of a gate that are named and ask for nothing."""
    for name, bound in (gate["slices"] or {"metrics": {}})["metrics"].items():
        if all(bound[side] is None for side in ("max_gap", "min", "max")):
            yield (
                ("slices", "metrics", name),
                f"Nothing is asked of {name} in a slice: give max_gap, min or max.",
            )
    if gate["fairness"] and not any(gate["fairness"][name] for name in CRITERIA):
        yield ("fairness",), f"Nothing is asked of the groups: give one of {', '.join(CRITERIA)}."
    if gate["robustness"] and gate["robustness"]["noise"] is None and gate["robustness"]["missing"] is None:
        yield ("robustness",), "No disturbance is named: give noise, missing or both."
