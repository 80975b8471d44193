"""gate-unreachable: a gate that a faultless model would not pass.

Why it matters: a gate tests the lower end of a confidence interval, and with few test rows that end stays low
even when every prediction is right. Training would be paid for a verdict that is known before.
How to mend it: ask for more rows in `checks.min_rows`, test on a larger share of them, lower `min` or
`confidence`, or test the point estimate with `bound: point`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.evaluation import METRICS
from mlc.rules._subject import Subject
from mlc.rules._words import counted
from mlc.rules.few_test_rows import tested_share

RULE = Rule.of(__name__, "warning", "A gate cannot be passed with so few test rows.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
    "split: {method: stratified, test: 0.2}\n"
)
_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\ngates: [quality]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
_GATE = "metrics: {accuracy: {min: 0.99}}\n"
BAD = {
    "dataset/people.yaml": _DATASET + "checks: {min_rows: 1000}\n",
    "model/churn.yaml": _MODEL,
    "gate/quality.yaml": _GATE,
}
GOOD = {
    "dataset/people.yaml": _DATASET + "checks: {min_rows: 2000}\n",
    "model/churn.yaml": _MODEL,
    "gate/quality.yaml": _GATE,
}

_COUNTED = ("accuracy", "precision", "recall", "specificity", "f1")


def check(subject: Subject) -> Iterator[Diagnostic]:
    seen: set[tuple[str, str]] = set()
    for _, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        for name in model["gates"]:
            gate = subject.named("gate", name)
            if dataset is None or gate is None or (name, model["dataset"]) in seen:
                continue
            seen.add((name, model["dataset"]))
            for metric, bound in gate["metrics"].items():
                if (
                    metric in _COUNTED
                    and isinstance(bound["min"], int | float)
                    and bound["bound"] in (None, "lower")
                ):
                    yield from _checked(subject, name, metric, bound, model["dataset"], dataset)


def best_lower_end(metric: str, rows: int, confidence: float) -> float:
    """The lower end of the interval when all of `rows` test rows are right.

    Clopper and Pearson's (1934, Biometrika 26), which evaluation uses there: with no failure among n it is the
    n-th root of the tail's probability. F1's is carried over from Jaccard's index, J: 2J / (1 + J).
    """
    low = float(((1 - confidence) / 2) ** (1 / rows))
    return 2 * low / (1 + low) if metric == "f1" else low


def _checked(
    subject: Subject, gate: str, metric: str, bound: dict[str, Any], name: str, dataset: dict[str, Any]
) -> Iterator[Diagnostic]:
    address, where = Address("gate", gate), Address("dataset", name)
    title, wanted = METRICS[metric].title, bound["min"]
    promised, share = dataset["checks"]["min_rows"], tested_share(dataset)
    if share is None:
        return
    rows = math.floor(promised * share)
    related: tuple[Label, ...] = ()
    if wanted == 1:
        detail = (
            f"{title} must be at least 1 at the lower end of its interval, which stays below 1 however many rows "
            "there are."
        )
    elif (
        promised == 1
        or not 0 < wanted < 1
        or best_lower_end(metric, max(rows, 1), bound["confidence"]) >= wanted
    ):
        return  # nothing is promised, the bound is none, or it can be cleared
    else:
        best = best_lower_end(metric, max(rows, 1), bound["confidence"])
        needed = math.ceil(_rows_needed(metric, wanted, bound["confidence"]) / share)
        detail = (
            f"The dataset {name} promises {promised:,} rows, so {counted(rows, 'row')} to test on. With every one of "
            f"them right, the lower end of {title} is {best:.4f}, and the gate asks for {wanted}. "
            f"About {needed:,} rows would be the fewest."
        )
        related = (Label(subject.span(where, "checks", "min_rows"), "the rows that are promised"),)
    yield RULE.at(
        subject.span(address, "metrics", metric, "min"),
        detail,
        text="cannot be cleared",
        related=related,
        help="Promise more rows, test on a larger share, lower the bound, or test the point with bound: point.",
        address=str(address),
        path=f"metrics.{metric}.min",
    )


def _rows_needed(metric: str, wanted: float, confidence: float) -> float:
    """The rows at which a faultless model clears a bound: `best_lower_end` solved for its rows."""
    share = wanted / (2 - wanted) if metric == "f1" else wanted
    return math.log((1 - confidence) / 2) / math.log(share)
