"""Many looks at the same data: one of them surprises by chance alone."""

from __future__ import annotations

from collections.abc import Sequence


def simultaneous(confidence: float, looks: int) -> float:
    """The level of each of some intervals at which all of them hold together with `confidence`.

    Bonferroni's inequality, which supposes nothing of how the looks depend on each other.
    """
    return 1 - (1 - confidence) / max(looks, 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values after Holm 1979 (Scandinavian Journal of Statistics 6): rejecting those below a level is wrong
    about any of them with at most that probability."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted
