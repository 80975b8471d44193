"""How far two distributions of a column lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence


def stability_index(before: Sequence[float], now: Sequence[float]) -> float:
    """The population stability index of counts in the same groups: Σ (q - p) ln (q / p), Jeffreys' divergence
    (Jeffreys 1946). Half a row is added to every group, as an empty one would make it infinite.

    About 0.1 is read as a shift, 0.25 as a strong one.
    """
    first = [max(0.0, one) + 0.5 for one in before]
    second = [max(0.0, one) + 0.5 for one in now]
    p, q = sum(first), sum(second)
    return sum(
        (right / q - left / p) * math.log((right / q) / (left / p))
        for left, right in zip(first, second, strict=True)
    )


def chance(before: float, now: float, groups: int) -> float:
    """What the index stays below in 99 of 100 cases where nothing has moved: (1/n + 1/m) times the quantile of χ² with
    groups - 1 degrees of freedom (Yurdakul and Naranjo 2020), by Wilson and Hilferty's (1931) approximation."""
    freedom = max(1, groups - 1)
    z = 2.3263478740408408
    quantile = freedom * (1 - 2 / (9 * freedom) + z * math.sqrt(2 / (9 * freedom))) ** 3
    return (1 / max(1.0, before) + 1 / max(1.0, now)) * quantile
