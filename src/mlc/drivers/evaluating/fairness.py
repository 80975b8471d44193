"""Fairness between the groups of a protected column: the largest gap of a share or a mean, with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import polars as pl

from mlc.drivers.evaluating.groups import measures
from mlc.drivers.evaluating.slices import Part, parts_of
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.estimating import CONFIDENCE, estimate, undefined
from mlc.drivers.statistics.multiplicity import simultaneous
from mlc.drivers.statistics.proportions import Ends
from mlc.ir.evaluation import Estimate, FairnessFigures
from mlc.ir.fairness import CRITERIA

Difference = tuple[float, str, str, str, dict[float, Ends | None]]
"""How far two groups lie apart, the higher, the lower, what was measured of both, and the ends at each level."""


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
    """The largest difference over pairs of groups and what is measured of them.

    Its ends are the largest of the pairs' ends, each at the level at which all pairs hold together: where all of
    them hold, so does the largest.
    """

    def without(reason: str) -> FairnessFigures:
        nothing = undefined(criterion, reason)
        return FairnessFigures(
            gate, column, criterion, nothing, shares, (), small, undecided=tuple(undecided)
        )

    shares: dict[str, Estimate] = {}
    undecided: list[str] = []
    if answers.truth is None and CRITERIA[criterion].needs_label:
        return without("The model has no label, and nothing is known of what was right.")
    looked = measures(criterion, answers, design)
    pairs = len(looked) * len(parts) * (len(parts) - 1) // 2
    wanted = [CONFIDENCE, *(level for level in levels if not math.isclose(level, CONFIDENCE))]
    each = {level: simultaneous(level, pairs) for level in wanted}
    most = 1.0 if CRITERIA[criterion].unit == "share" else math.inf
    differences: list[Difference] = []
    for measure in looked:
        known = []
        for part in parts:
            name = f"{part.value}: {measure.name}" if measure.name else part.value
            shares[name] = one = measure.of(part, sorted({*each.values()}))
            if one.value is None:
                undecided.append(name)
            else:
                known.append((part.value, one))
        for above, below in combinations(known, 2):
            differences.append(_difference(measure.name, above, below, each, most))
    if not differences:
        return without(
            "Fewer than two groups have enough rows to compare."
            if len(parts) < 2
            else "No two groups have rows that decide it."
        )
    widest = max(differences, key=lambda one: one[0])
    gap = estimate(
        criterion,
        widest[0],
        sum(len(part.rows) for part in parts),
        lambda level: (
            _ends([one[-1][level] for one in differences]),
            f"square-and-add, all {len(differences)} differences together{design.words()}",
        ),
        wanted[1:],
    )
    return FairnessFigures(
        gate, column, criterion, gap, shares, (widest[1], widest[2]), small, widest[3], tuple(undecided)
    )


def _ends(pairs: Sequence[Ends | None]) -> Ends | None:
    """The largest of the ends; None where one pair may lie apart by anything."""
    known = [one for one in pairs if one is not None]
    if len(known) < len(pairs):
        return None
    return max(0.0, max(one[0] for one in known)), max(one[1] for one in known)


def _difference(
    what: str,
    first: tuple[str, Estimate],
    second: tuple[str, Estimate],
    each: Mapping[float, float],
    most: float,
) -> Difference:
    """How far apart two groups lie, whose value is the larger, and the ends at each level."""
    (name, one), (other_name, other) = first, second
    assert one.value is not None
    assert other.value is not None
    if one.value < other.value:
        return _difference(what, second, first, each, most)
    value = one.value - other.value
    ends: dict[float, Ends | None] = {}
    for level, at in each.items():
        above, below = one.at(at), other.at(at)
        if above is None or below is None or above.low is None or below.low is None:
            # nothing is known of one side: the gap may be anything
            ends[level] = (0.0, most) if math.isfinite(most) else None
            continue
        assert above.high is not None
        assert below.high is not None
        low = value - math.hypot(one.value - above.low, below.high - other.value)
        high = value + math.hypot(above.high - one.value, other.value - below.low)
        # the larger by chance may be the smaller in truth: a gap is a distance
        ends[level] = (max(0.0, low), min(most, max(abs(low) if low < 0 else 0.0, high)))
    return value, name, other_name, what, ends
