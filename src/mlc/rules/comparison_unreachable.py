"""comparison-unreachable: a gap or a distance to a champion that no model could prove with so few test rows.

Why it matters: what is tested is an end of a confidence interval. In a slice of few rows it stays wide even where
every prediction is right, and the training would be paid for a verdict that is known before.
How to mend it: ask for larger slices with `min_rows`, allow a larger gap or margin, or promise more rows in
`checks.min_rows`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.fairness import CRITERIA
from mlc.ir.metrics import METRICS
from mlc.rules._gates import used
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "A gate compares what so few test rows cannot tell apart.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\ngates: [quality]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
BAD = {
    "model/churn.yaml": _MODEL,
    "gate/quality.yaml": "slices: {by: [plan], min_rows: 20, metrics: {recall: {max_gap: 0.05}}}\n",
}
GOOD = {
    "model/churn.yaml": _MODEL,
    "gate/quality.yaml": "slices: {by: [plan], min_rows: 100, metrics: {recall: {max_gap: 0.05}}}\n",
}

_COUNTED = ("accuracy", "precision", "recall", "specificity")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for name, gate, model, dataset in used(subject):
        address = Address("gate", name)
        if gate["slices"]:
            yield from _slices(subject, address, gate["slices"])
        if gate["fairness"]:
            yield from _fairness(subject, address, gate["fairness"])
        if gate["champion"]:
            yield from _champion(subject, address, gate["champion"], model["dataset"], dataset)


def narrowest(rows: int, confidence: float) -> float:
    """How far below 1 the interval of `rows` right answers out of as many reaches (Clopper and Pearson 1934)."""
    return 1 - float(((1 - confidence) / 2) ** (1 / max(rows, 1)))


def _slices(subject: Subject, address: Address, slices: dict[str, Any]) -> Iterator[Diagnostic]:
    reach = narrowest(slices["min_rows"], slices["confidence"])
    for metric, bound in slices["metrics"].items():
        if metric not in _COUNTED:
            continue
        gap, least = bound["max_gap"], bound["min"]
        for field, misses in (
            ("max_gap", gap is not None and reach > gap),
            ("min", least is not None and 1 - reach < least),
        ):
            if misses:
                wanted = gap if field == "max_gap" else 1 - least
                yield _found(
                    subject,
                    address,
                    ("slices", "metrics", metric, field),
                    f"A slice may have {slices['min_rows']:,} rows, and with every one of them right the interval of "
                    f"{METRICS[metric].title} still reaches {reach:.4f} below 1, where {wanted:.4g} is allowed. Slices "
                    f"of about {_rows(wanted, slices['confidence']):,} rows would be the smallest.",
                )


def _fairness(subject: Subject, address: Address, fairness: dict[str, Any]) -> Iterator[Diagnostic]:
    reach = narrowest(fairness["min_rows"], fairness["confidence"])
    for criterion in CRITERIA.values():
        bound = fairness[criterion.name]
        if bound and criterion.unit == "share" and reach > bound["max_gap"]:
            yield _found(
                subject,
                address,
                ("fairness", criterion.name, "max_gap"),
                f"A group may have {fairness['min_rows']:,} rows, and where nothing differs the interval of a share of "
                f"them still reaches {reach:.4f}, where {bound['max_gap']:.4g} is allowed. Groups of about "
                f"{_rows(bound['max_gap'], fairness['confidence']):,} rows would be the smallest.",
            )


def _champion(
    subject: Subject, address: Address, champion: dict[str, Any], name: str, dataset: dict[str, Any]
) -> Iterator[Diagnostic]:
    """Two models that agree on every row: Tango's interval of their difference then reaches z² / (n + z²)."""
    promised = dataset["checks"]["min_rows"]
    share = dataset["split"].get("test")
    if champion["metric"] != "accuracy" or promised == 1 or share is None or champion["margin"] == 0:
        return
    if champion["require"] == "superior":
        return
    rows = math.floor(promised * share)
    z2 = _normal(champion["confidence"]) ** 2
    reach = z2 / (rows + z2)
    if reach <= champion["margin"]:
        return
    needed = math.ceil(z2 * (1 - champion["margin"]) / champion["margin"] / share)
    yield _found(
        subject,
        address,
        ("champion", "margin"),
        f"The dataset {name} promises {promised:,} rows, so {rows:,} to test on. Of two models that agree on every one "
        f"the difference still reaches {reach:.4f}, where {champion['margin']:g} is allowed. About {needed:,} rows "
        "would be the fewest.",
        (Label(subject.span(Address("dataset", name), "checks", "min_rows"), "the rows that are promised"),),
    )


def _found(
    subject: Subject,
    address: Address,
    path: tuple[str, ...],
    detail: str,
    related: tuple[Label, ...] = (),
) -> Diagnostic:
    return RULE.at(
        subject.span(address, *path),
        detail,
        text="cannot be proven",
        related=related,
        help="Ask for larger groups with min_rows, allow more, or promise more rows.",
        address=str(address),
        path=".".join(path),
    )


def _rows(reach: float, confidence: float) -> int:
    """The rows at which `narrowest` is `reach`."""
    if not 0 < reach < 1:
        return 1_000_000_000
    return math.ceil(math.log((1 - confidence) / 2) / math.log(1 - reach))


def _normal(confidence: float) -> float:
    """The standard normal quantile of a two-sided interval."""
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + confidence) / 2)
