"""Clustering: how well groups hold together, and where a label is known, how far they agree with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mlc.drivers.statistics import counts, sums
from mlc.drivers.statistics.bootstrap import Spread
from mlc.drivers.statistics.design import Design, expanded_confidence
from mlc.drivers.statistics.estimating import UNVARIED, estimate, undefined
from mlc.drivers.statistics.proportions import Ends
from mlc.ir.evaluation import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_ROWS = 3_000
"""Distances between all pairs are taken on a sample of at most this many rows, drawn with the seed."""

_RESAMPLES = 300


def estimates(
    labels: Ints,
    space: Floats | None,
    truth: Ints | None,
    design: Design,
    *,
    confidences: Sequence[float] = (),
) -> dict[str, Estimate]:
    """What holds of the clusters `labels` (n,), in the space (n, d) that the estimator saw them in, and against the
    true classes (n,). A negative label is no cluster, and its rows are left out of what needs one.

    Raises ValueError where n is 0 or the lengths differ.
    """
    if not len(labels):
        raise ValueError("There are no rows to evaluate on.")
    levels = [level for level in confidences if level != 0.95]
    found = _of_space(labels, space, design, levels) if space is not None else []
    if truth is not None:
        if len(truth) != len(labels):
            raise ValueError(f"{len(truth)} labels and {len(labels)} clusters.")
        found += _of_truth(labels, truth, design, levels)
    return {one.metric: one for one in found}


def adjusted_rand_index(table: Floats) -> Floats:
    """Pairs on which classes (rows) and clusters (columns) agree, beyond chance; (…, k, k) to (…).

    Hubert and Arabie 1985 (Journal of Classification 2).
    """
    n = table.sum((-1, -2))
    both = (table**2).sum((-1, -2)) - n
    rows, columns = (table.sum(-1) ** 2).sum(-1) - n, (table.sum(-2) ** 2).sum(-1) - n
    expected = np.divide(rows * columns, n * (n - 1), out=np.zeros_like(n), where=n > 1)
    most = (rows + columns) / 2
    index: Floats = np.divide(
        both - expected, most - expected, out=np.zeros_like(n), where=most - expected > 0
    )
    return index


def mutual_information(kind: str) -> Callable[[Floats], Floats]:
    """Information that clusters and classes share, over their mean entropy (`normalized_…`), that of the classes
    (`homogeneity`) or that of the clusters (`completeness`): Rosenberg and Hirschberg 2007 (EMNLP)."""

    def share(table: Floats) -> Floats:
        n = table.sum((-1, -2))
        classes, clusters = _entropy(table.sum(-1)), _entropy(table.sum(-2))
        joint = _entropy(table.reshape(*table.shape[:-2], -1))
        whole = {
            "normalized_mutual_information": (classes + clusters) / 2,
            "homogeneity": classes,
            "completeness": clusters,
        }[kind]
        known = classes + clusters - joint
        part: Floats = np.divide(known, whole, out=np.ones_like(n), where=whole > 1e-12)
        return part

    return share


_AGREEMENT: dict[str, tuple[counts.Statistic, float]] = {
    "adjusted_rand_index": (adjusted_rand_index, -1.0),
    "normalized_mutual_information": (mutual_information("normalized_mutual_information"), 0.0),
    "homogeneity": (mutual_information("homogeneity"), 0.0),
    "completeness": (mutual_information("completeness"), 0.0),
}


def _of_truth(labels: Ints, truth: Ints, design: Design, levels: Sequence[float]) -> list[Estimate]:
    _, clusters = np.unique(labels, return_inverse=True)
    size = int(max(clusters.max(), truth.max())) + 1
    spreads = counts.spreads(design, truth, clusters.astype(np.int64), size, _AGREEMENT)
    return [
        _told(name, spread, design.n, design, levels, counts.interval) for name, spread in spreads.items()
    ]


def _of_space(labels: Ints, space: Floats, design: Design, levels: Sequence[float]) -> list[Estimate]:
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

    kept = np.flatnonzero(labels >= 0)
    if len(kept) > MOST_ROWS:
        kept = np.sort(np.random.default_rng(design.seed).choice(kept, MOST_ROWS, replace=False))
    group, points = labels[kept], space[kept]
    names = ("silhouette", "davies_bouldin", "calinski_harabasz")
    if not 2 <= len(np.unique(group)) < len(group):
        reason = "The rows of the test set do not fall into two clusters or more."
        return [undefined(name, reason) for name in names]
    weights = None if design.weights is None else design.weights[kept]
    groups = None if design.groups is None else np.unique(design.groups[kept], return_inverse=True)[1]
    sampled = Design(len(kept), design.seed, weights, groups, min(design.block, len(kept) // 2))
    widths = silhouette_samples(points, group)[:, None]
    mean = {"silhouette": (lambda total: total[..., 0] / total[..., 1], -1.0, 1.0)}
    spread = sums.spreads(sampled, np.hstack([widths, np.ones_like(widths)]), mean)["silhouette"]
    found = [_told("silhouette", spread, len(kept), sampled, levels, sums.interval)]
    for name, score in ((names[1], davies_bouldin_score), (names[2], calinski_harabasz_score)):
        found.append(_resampled(name, score, points, group, sampled, levels))
    return found


def _resampled(
    metric: str,
    score: Callable[[Floats, Ints], float],
    points: Floats,
    group: Ints,
    design: Design,
    levels: Sequence[float],
) -> Estimate:
    """A score that is no function of sums, on rows drawn with replacement: the percentile interval."""
    if not design.is_plain:
        reason = "Its interval is not known for rows that are weighted, grouped or in the order of time."
        return estimate(
            metric, float(score(points, group)), design.n, lambda _: (None, "none"), levels, [reason]
        )
    generator = np.random.default_rng(design.seed)
    drawn = []
    for _ in range(_RESAMPLES):
        picked = generator.integers(0, design.n, design.n)
        if 2 <= len(np.unique(group[picked])) < design.n:
            drawn.append(float(score(points[picked], group[picked])))

    def at(level: float) -> tuple[Ends | None, str]:
        tail = (1 - expanded_confidence(design.n, level)) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail])
        return (float(low), float(high)), "percentile bootstrap"

    return estimate(
        metric, float(score(points, group)), design.n, at, levels, resamples=len(drawn), seed=design.seed
    )


def _told(
    metric: str,
    spread: Spread,
    n: int,
    design: Design,
    levels: Sequence[float],
    interval: Callable[[Design, Spread, float], tuple[Ends | None, str]],
) -> Estimate:

    def at(level: float) -> tuple[Ends | None, str]:
        return interval(design, spread, level)

    ends, _ = at(0.95)
    drawn = len(spread.drawn) if ends is not None else 0
    return estimate(
        metric,
        spread.value,
        n,
        at,
        levels,
        [] if ends is not None else [UNVARIED],
        resamples=drawn or None,
        seed=design.seed if drawn else None,
    )


def _entropy(table: Floats) -> Floats:
    """Of counts (…, k), in nats."""
    total = table.sum(-1, keepdims=True)
    shares = np.divide(table, total, out=np.zeros_like(table), where=total > 0)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy: Floats = -(shares * logs).sum(-1)
    return entropy
