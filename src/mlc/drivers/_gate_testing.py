"""A measured value against a bound: pass, fail, or too little data to tell, and how much would tell."""

from __future__ import annotations

import math
from typing import Any

from msgspec import Struct

from mlc.ir.evaluation import Check, End, Kind, Outcome

_MOST_ROWS = 10**9  # a test set that nobody has: say that more rows will not decide it


class Measured(Struct, frozen=True):
    """What was measured, at the level a gate asks for. `rows` is None where rows do not make it certain."""

    value: float
    low: float | None
    high: float | None
    method: str
    rows: int | None = None


class NotMeasuredError(Exception):
    """Why there is nothing to test, in a full sentence."""


class Asked(Struct, frozen=True):
    """A bound: whose, of what, and which end of the interval must clear it. `limit` None: it cannot be read."""

    gate: str
    metric: str
    side: Any
    limit: float | None
    end: End
    confidence: float
    kind: Kind = "metric"
    where: str = ""
    path: str = ""


def verdict_on(asked: Asked, measured: Measured, note: str = "") -> Check:
    """The outcome of a bound on what was measured."""
    value, low, high = measured.value, measured.low, measured.high
    found = {"lower": low, "upper": high, "point": value}[asked.end]
    if found is None or asked.limit is None:
        return untested(
            asked, f"its interval has no {asked.end} end, and its value alone ({value:.4g}) proves nothing."
        )
    limit = asked.limit
    margin = found - limit if asked.side == "min" else limit - found
    outcome: Outcome = "pass" if margin >= 0 else "fail"
    needed = None
    if (
        outcome == "fail"
        and asked.end != "point"
        and low is not None
        and high is not None
        and low < limit < high
    ):
        outcome = "inconclusive"
        needed = rows_needed(measured, limit)
    return Check(
        gate=asked.gate,
        metric=asked.metric,
        side=asked.side,
        limit=limit,
        bound=asked.end,
        confidence=asked.confidence,
        value=value,
        low=low,
        high=high,
        tested=found,
        outcome=outcome,
        margin=margin,
        method=measured.method,
        rows=measured.rows,
        rows_needed=needed,
        kind=asked.kind,
        where=asked.where,
        path=asked.path,
        note=note,
    )


def untested(asked: Asked, reason: str) -> Check:
    """A bound that there is nothing to test with: it fails."""
    return _nothing(asked, "fail", reason=reason)


def waved_through(asked: Asked, note: str, rows: int | None = None) -> Check:
    """A bound that nothing stands against: it passes, and says why."""
    return _nothing(asked, "pass", note=note, rows=rows)


def rows_needed(measured: Measured, limit: float) -> int | None:
    """About how many rows bring the interval's end to the bound, if the value stays what it is.

    The distance from the value to an end of an interval shrinks with the square root of the rows.
    """
    end = measured.low if limit < measured.value else measured.high
    gap = abs(measured.value - limit)
    if measured.rows is None or end is None or gap == 0:
        return None
    needed = measured.rows * ((measured.value - end) / gap) ** 2
    return math.ceil(needed) if math.isfinite(needed) and needed < _MOST_ROWS else None


def _nothing(
    asked: Asked, outcome: Outcome, *, reason: str = "", note: str = "", rows: int | None = None
) -> Check:
    return Check(
        gate=asked.gate,
        metric=asked.metric,
        side=asked.side,
        limit=asked.limit if note else None,
        bound=asked.end,
        confidence=asked.confidence,
        value=None,
        low=None,
        high=None,
        tested=None,
        outcome=outcome,
        margin=None,
        method="none",
        rows=rows,
        reason=reason,
        kind=asked.kind,
        where=asked.where,
        path=asked.path,
        note=note,
    )
