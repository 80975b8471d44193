"""What a criterion of fairness measures of one group: shares of its rows, or means of its predictions and errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mlc.drivers.evaluating.answers import of_rows
from mlc.drivers.evaluating.slices import Part
from mlc.drivers.statistics import bootstrap, proportions, sums
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.bootstrap import Spread
from mlc.drivers.statistics.design import Design, expanded_confidence, of_units
from mlc.drivers.statistics.estimating import CONFIDENCE, UNVARIED, estimate, undefined
from mlc.drivers.statistics.proportions import Ends
from mlc.ir.evaluation import Estimate
from mlc.ir.metrics import MULTICLASS, REGRESSION

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

SHARES: Mapping[str, tuple[str, ...]] = {
    "demographic_parity": ("selection_rate",),
    "equal_opportunity": ("true_positive_rate",),
    "equalized_odds": ("true_positive_rate", "false_positive_rate"),
    "predictive_parity": ("precision",),
    "accuracy_parity": ("accuracy",),
}
"""Whose gaps a criterion of classes looks at."""

MEANS: Mapping[str, str] = {
    "mean_prediction_parity": "mean_prediction",
    "mean_error_parity": "mean_error",
    "absolute_error_parity": "mean_absolute_error",
}
"""And one of numbers."""


class Measure(Struct, frozen=True):
    """Something measured of each group, `of` its rows with intervals at `CONFIDENCE` and some levels.

    `name` is empty where a criterion looks at one thing only.
    """

    name: str
    of: Callable[[Part, Sequence[float]], Estimate]


def measures(criterion: str, answers: Answers, design: Design) -> list[Measure]:
    """What a criterion compares: one or two shares, those of each class against the rest, or a mean."""
    if answers.task == REGRESSION:
        values = _values(criterion, answers)
        return [Measure("", lambda part, levels: _mean(MEANS[criterion], values, design, part, levels))]
    kinds = SHARES[criterion]
    if answers.task != MULTICLASS or kinds == ("accuracy",):
        whole = _of_all(answers)
        return [
            Measure(kind if len(kinds) > 1 else "", _share(kind, *whole, design=design)) for kind in kinds
        ]
    assert answers.predicted is not None
    assert answers.truth is not None
    return [
        Measure(
            f"{kind} of {name}" if len(kinds) > 1 else name,
            _share(kind, answers.predicted == code, answers.truth == code, design=design),
        )
        for code, name in enumerate(answers.classes)
        for kind in kinds
    ]


def _of_all(answers: Answers) -> tuple[Bools, Bools]:
    """What was said and what is true, of two classes; of several, whether it was right and True."""
    assert answers.predicted is not None
    if answers.task == MULTICLASS:
        assert answers.truth is not None
        right: Bools = answers.predicted == answers.truth
        return right, np.ones_like(right)
    predicted = answers.predicted.astype(bool)
    truth = np.zeros_like(predicted) if answers.truth is None else answers.truth.astype(bool)
    return predicted, truth


def _share(
    kind: str, predicted: Bools, truth: Bools, *, design: Design
) -> Callable[[Part, Sequence[float]], Estimate]:
    return lambda part, levels: _share_of(kind, predicted[part.rows], truth[part.rows], design, part, levels)


def _share_of(
    kind: str, predicted: Bools, truth: Bools, design: Design, part: Part, levels: Sequence[float]
) -> Estimate:
    """A share of the rows of a group: `predicted` and `truth` are theirs."""
    everyone = np.ones_like(predicted)
    of, hits = {
        "selection_rate": (everyone, predicted),
        "true_positive_rate": (truth, predicted),
        "false_positive_rate": (~truth, predicted),
        "precision": (predicted, truth),
        "accuracy": (everyone, predicted == truth),
    }[kind]
    n, successes = int(of.sum()), int((of & hits).sum())
    others = _others(levels)
    if n == 0:
        return undefined(kind, "No row of the group decides it.")
    if design.is_plain:
        return estimate(
            kind, successes / n, n, lambda level: proportions.proportion(successes, n, level), others
        )
    columns = np.stack([of & hits, of], axis=1).astype(float)
    inside = of_rows(design, part.rows)
    spread = sums.spreads(inside, columns, {kind: (_ratio, 0.0, 1.0)})[kind]
    return estimate(kind, spread.value, n, lambda level: sums.interval(inside, spread, level), others)


def _values(criterion: str, answers: Answers) -> Floats:
    """What is averaged in each group, (n,)."""
    assert answers.scores is not None
    if criterion == "mean_prediction_parity":
        return np.asarray(answers.scores, dtype=np.float64)
    assert answers.truth is not None
    errors = np.asarray(answers.scores - answers.truth, dtype=np.float64)
    return np.abs(errors) if criterion == "absolute_error_parity" else errors


def _mean(kind: str, values: Floats, design: Design, part: Part, levels: Sequence[float]) -> Estimate:
    """A mean of a group's rows, by the expansion of BCa.

    Nothing is drawn: at the levels at which many looks hold together, an end lies where few resamples do.
    """
    inside = of_rows(design, part.rows)
    weighted = inside.weighted(np.column_stack([values[part.rows], np.ones(len(part.rows))]))
    total = weighted.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = _ratio(total - of_units(inside, weighted))
    least = 0.0 if kind == "mean_absolute_error" else -math.inf
    spread = Spread(float(_ratio(total)), without, np.empty(0), most=math.inf, least=least)
    known = inside.units > 1 and bool(np.isfinite(without).all()) and bootstrap.varies(spread)

    def at(level: float) -> tuple[Ends | None, str]:
        if not known:
            return None, "none"
        ends = bootstrap.expanded_bca(spread, expanded_confidence(inside.units, level))
        return ends, f"BCa by expansion{inside.words()}"

    return estimate(kind, spread.value, len(part.rows), at, _others(levels), () if known else (UNVARIED,))


def _ratio(total: Floats) -> Floats:
    ratio: Floats = total[..., 0] / total[..., 1]
    return ratio


def _others(levels: Sequence[float]) -> list[float]:
    return [level for level in levels if not math.isclose(level, CONFIDENCE)]
