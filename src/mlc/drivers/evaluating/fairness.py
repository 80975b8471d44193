"""Fairness between the groups of a protected column: the largest gap of a share, with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlc.drivers.evaluating.answers import of_rows
from mlc.drivers.evaluating.slices import Part, parts_of
from mlc.drivers.statistics import proportions, sums
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.estimating import CONFIDENCE, estimate, undefined
from mlc.drivers.statistics.multiplicity import simultaneous
from mlc.drivers.statistics.proportions import Ends
from mlc.ir.evaluation import Estimate, FairnessFigures

Bools = NDArray[np.bool_]

CRITERIA = ("demographic_parity", "equal_opportunity", "equalized_odds", "predictive_parity")

SHARES: Mapping[str, tuple[str, ...]] = {
    "demographic_parity": ("selection_rate",),
    "equal_opportunity": ("true_positive_rate",),
    "equalized_odds": ("true_positive_rate", "false_positive_rate"),
    "predictive_parity": ("precision",),
}
"""Whose gaps a criterion looks at (Hardt, Price and Srebro 2016, NeurIPS; Chouldechova 2017, Big Data 5)."""


def gaps(
    gate: str,
    columns: Sequence[str],
    criteria: Sequence[str],
    min_rows: int,
    frame: pl.DataFrame,
    answers: Answers,
    design: Design,
    levels: Sequence[float],
) -> tuple[FairnessFigures, ...]:
    """Each criterion for each column. Groups of fewer than `min_rows` rows are left out, and counted.

    Raises ValueError, with a sentence to show, for a column of too many values.
    """
    made = []
    for column in columns:
        parts = list(parts_of(frame, column))
        large = [part for part in parts if len(part.rows) >= min_rows]
        small = {part.value: len(part.rows) for part in parts if len(part.rows) < min_rows}
        made += [_gap(gate, column, one, large, small, answers, design, levels) for one in criteria]
    return tuple(made)


def _gap(
    gate: str,
    column: str,
    criterion: str,
    parts: Sequence[Part],
    small: dict[str, int],
    answers: Answers,
    design: Design,
    levels: Sequence[float],
) -> FairnessFigures:
    """The largest difference over pairs of groups and shares.

    Its ends are the largest of the pairs' ends, each at the level at which all pairs hold together: where all of
    them hold, so does the largest.
    """
    kinds = SHARES[criterion]
    pairs = len(kinds) * len(parts) * (len(parts) - 1) // 2
    wanted = [CONFIDENCE, *(level for level in levels if not math.isclose(level, CONFIDENCE))]
    each = {level: simultaneous(level, pairs) for level in wanted}
    shares: dict[str, Estimate] = {}
    differences: list[tuple[float, str, str, dict[float, Ends]]] = []
    for kind in kinds:
        known = []
        for part in parts:
            one = share_of(kind, answers, design, part, sorted({*each.values()}))
            shares[f"{part.value}: {kind}" if len(kinds) > 1 else part.value] = one
            if one.value is not None:
                known.append((part.value, one))
        for (name, one), (other_name, other) in combinations(known, 2):
            differences.append(_difference(name, one, other_name, other, each))
    if not differences:
        reason = (
            "Fewer than two groups have enough rows to compare."
            if len(parts) < 2
            else "No two groups have rows that decide it."
        )
        return FairnessFigures(gate, column, criterion, undefined(criterion, reason), shares, (), small)
    widest = max(differences, key=lambda one: one[0])
    ends = {
        level: (
            max(0.0, max(one[3][level][0] for one in differences)),
            max(one[3][level][1] for one in differences),
        )
        for level in wanted
    }
    gap = estimate(
        criterion,
        widest[0],
        sum(len(part.rows) for part in parts),
        lambda level: (
            ends[level],
            f"square-and-add, all {len(differences)} differences together{design.words()}",
        ),
        wanted[1:],
    )
    return FairnessFigures(gate, column, criterion, gap, shares, (widest[1], widest[2]), small)


def share_of(kind: str, answers: Answers, design: Design, part: Part, levels: Sequence[float]) -> Estimate:
    """A share of the rows of a group, with intervals at `CONFIDENCE` and `levels`."""
    assert answers.predicted is not None
    predicted = answers.predicted[part.rows].astype(bool)
    truth = np.zeros_like(predicted) if answers.truth is None else answers.truth[part.rows].astype(bool)
    of, hits = {
        "selection_rate": (np.ones_like(predicted), predicted),
        "true_positive_rate": (truth, predicted),
        "false_positive_rate": (~truth, predicted),
        "precision": (predicted, truth),
    }[kind]
    n, successes = int(of.sum()), int((of & hits).sum())
    others = [level for level in levels if not math.isclose(level, CONFIDENCE)]
    if n == 0:
        return undefined(kind, "No row of the group decides it.")
    if design.is_plain:
        return estimate(
            kind, successes / n, n, lambda level: proportions.proportion(successes, n, level), others
        )
    columns = np.stack([of & hits, of], axis=1).astype(float)
    inside = of_rows(design, part.rows)
    spread = sums.spreads(inside, columns, {kind: (lambda total: total[..., 0] / total[..., 1], 0.0, 1.0)})[
        kind
    ]
    return estimate(kind, spread.value, n, lambda level: sums.interval(inside, spread, level), others)


def _difference(
    name: str, one: Estimate, other_name: str, other: Estimate, each: Mapping[float, float]
) -> tuple[float, str, str, dict[float, Ends]]:
    """How far apart two shares lie, whose is the larger, and the ends at each level."""
    assert one.value is not None
    assert other.value is not None
    if one.value < other.value:
        return _difference(other_name, other, name, one, each)
    value = one.value - other.value
    ends = {}
    for level, at in each.items():
        above, below = one.at(at), other.at(at)
        if above is None or below is None or above.low is None or below.low is None:
            ends[level] = (-1.0, 1.0)  # nothing is known of one side: the gap may be anything
            continue
        assert above.high is not None
        assert below.high is not None
        low = value - math.hypot(one.value - above.low, below.high - other.value)
        high = value + math.hypot(above.high - one.value, other.value - below.low)
        # the larger by chance may be the smaller in truth: a gap is a distance
        ends[level] = (max(0.0, low), min(1.0, max(abs(low) if low < 0 else 0.0, high)))
    return value, name, other_name, ends
