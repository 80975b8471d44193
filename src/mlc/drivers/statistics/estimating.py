"""From a value and a function of levels to an estimate: shared by every task."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlc.drivers.statistics.proportions import Ends
from mlc.ir.evaluation import Estimate, Interval

CONFIDENCE = 0.95
"""The level that reports show."""

FEW_ROWS = 30
"""With fewer rows (of the rarer class) an interval is itself uncertain."""

IntervalAt = Callable[[float], tuple[Ends | None, str]]

UNVARIED = "Every resample gives this value, so that its uncertainty is unknown: no interval."


def estimate(
    metric: str,
    value: float,
    n: int,
    at: IntervalAt,
    levels: Sequence[float],
    notes: Sequence[str] = (),
    resamples: int | None = None,
    seed: int | None = None,
) -> Estimate:
    """An estimate with its interval at `CONFIDENCE` and at each of `levels`."""
    ends, method = at(CONFIDENCE)
    low, high = ends or (None, None)
    others = tuple(Interval(level, *(at(level)[0] or (None, None))) for level in levels)
    return Estimate(metric, value, low, high, CONFIDENCE, method, n, resamples, seed, tuple(notes), others)


def undefined(metric: str, reason: str) -> Estimate:
    """A metric that this test set does not decide."""
    return Estimate(metric, None, None, None, CONFIDENCE, "none", 0, warnings=(reason,))


def no_interval(_: float) -> tuple[None, str]:
    """Of a value whose uncertainty is not known."""
    return None, "none"
