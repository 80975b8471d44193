"""Anomaly detection: how much is called unlike, and where a label says what is, how well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics import binary, proportions, ranking, sums
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.estimating import UNVARIED, estimate
from mlc.ir.evaluation import Estimate

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_OF_PROBABILITIES = ("brier", "log_loss", "expected_calibration_error")


def estimates(
    called: Bools, scores: Floats, truth: Bools | None, design: Design, *, confidences: Sequence[float] = ()
) -> dict[str, Estimate]:
    """The share of rows called unlike and, where `truth` is known, every metric of ranks and counts.

    All are (n,); a higher score is more unlike. Scores are no probabilities, so that nothing is said of their
    calibration. Raises ValueError where n is 0 or a score is not finite.
    """
    if not len(scores) == len(called):
        raise ValueError(f"{len(called)} labels and {len(scores)} scores.")
    if not len(scores):
        raise ValueError("There are no rows to evaluate on.")
    if not np.isfinite(scores).all():
        raise ValueError(f"{int((~np.isfinite(scores)).sum())} of {len(scores)} scores are not finite.")
    levels = [level for level in confidences if level != 0.95]
    found = {"alert_rate": _alert_rate(called, design, levels)}
    if truth is not None:
        ranks = as_shares(scores)
        known = binary.estimates(truth, called, ranks, seed=design.seed, confidences=levels, design=design)
        found |= {name: one for name, one in known.items() if name not in _OF_PROBABILITIES}
    return found


def as_shares(scores: Floats) -> Floats:
    """The scores' ranks between 0 and 1: what depends on the order alone is the same of them."""
    shares: Floats = ranking.midranks(scores) / (len(scores) + 1)
    return shares


def _alert_rate(called: Bools, design: Design, levels: Sequence[float]) -> Estimate:
    if design.is_plain:
        alerts = int(called.sum())
        return estimate(
            "alert_rate",
            alerts / design.n,
            design.n,
            lambda level: proportions.proportion(alerts, design.n, level),
            levels,
        )
    columns = np.stack([called.astype(np.float64), np.ones(design.n)], axis=1)
    share = {"alert_rate": (lambda total: total[..., 0] / total[..., 1], 0.0, 1.0)}
    spread = sums.spreads(design, columns, share)["alert_rate"]
    ends, _ = sums.interval(design, spread, 0.95)
    drawn = len(spread.drawn) if ends is not None else 0
    return estimate(
        "alert_rate",
        spread.value,
        design.n,
        lambda level: sums.interval(design, spread, level),
        levels,
        [] if ends is not None else [UNVARIED],
        resamples=drawn or None,
        seed=design.seed if drawn else None,
    )
