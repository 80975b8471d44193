"""How the rows of a test set were drawn, and so how they are drawn again: one by one, by group, or by block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 2000
MOST_UNITS = 5_000
"""Above this many units nothing is drawn: an expansion gives what resampling would, and is far cheaper."""

MOST_ROWS_DRAWN = 10_000_000
"""Rows of all resamples together, where a statistic needs each of them."""

_CELLS = 400_000  # of one block of resamples: units times resamples that stay in the processor's cache


class Design(Struct, frozen=True):
    """The sampling of n rows.

    `weights` (n,) say how many rows each one stands for. Rows of one of the `groups` (n,), coded 0…G−1, were
    drawn together. With `block` > 0 the rows stand in the order of time, and what is nearer than that many rows
    is not independent. Without either, each row is its own unit.
    """

    n: int
    seed: int
    weights: Floats | None = None
    groups: Ints | None = None
    block: int = 0
    resamples: int = RESAMPLES

    @property
    def by(self) -> Literal["rows", "groups", "blocks"]:
        """What is resampled, in a word."""
        return "blocks" if self.block else "groups" if self.groups is not None else "rows"

    @property
    def units(self) -> int:
        """How many independent parts there are (of blocks: as many as do not overlap)."""
        if self.block:
            return max(1, self.n // self.block)
        return int(self.groups.max()) + 1 if self.groups is not None else self.n

    @property
    def is_plain(self) -> bool:
        """Whether rows are independent and count alike: the formulas for proportions then hold."""
        return self.weights is None and self.groups is None and not self.block

    @property
    def draws(self) -> bool:
        """Whether resamples are drawn."""
        return bool(self.block) or self.units <= MOST_UNITS

    def weighted(self, columns: Floats) -> Floats:
        """The columns (n, m) times the weights."""
        return columns if self.weights is None else columns * self.weights[:, None]

    @property
    def draws_rows(self) -> bool:
        """Whether resamples are drawn for a statistic that needs every row of each."""
        return self.draws and self.n * self.resamples <= MOST_ROWS_DRAWN

    def words(self) -> str:
        """What a method's name says of the sampling; nothing for independent rows."""
        said = {"rows": "", "groups": ", by group", "blocks": f", by blocks of {self.block} rows"}[self.by]
        return said + (", weighted" if self.weights is not None else "")


def of_units(design: Design, columns: Floats) -> Floats:
    """Sums of the columns (n, m) in each unit, (u, m). Blocks are those that do not overlap."""
    if design.block:
        size = design.block
        return np.add.reduceat(columns, np.arange(0, design.units * size, size), axis=0)
    if design.groups is not None:
        made = np.empty((design.units, columns.shape[1]))
        for place in range(columns.shape[1]):
            made[:, place] = np.bincount(design.groups, weights=columns[:, place], minlength=design.units)
        return made
    return columns


def drawn_sums(design: Design, columns: Floats) -> Floats:
    """The sums of the columns (n, m) over each resample, (b, m); (0, m) where nothing is drawn."""
    if not design.draws:
        return np.empty((0, columns.shape[1]))
    if design.block:
        return _moved_blocks(design, columns)
    units = of_units(design, columns)
    return np.concatenate([counts @ units for counts in unit_counts(design)])


def unit_counts(design: Design) -> Iterator[Floats]:
    """How often each unit stands in each resample, (some of b, u) at a time. Not of blocks."""
    generator = np.random.default_rng(design.seed)
    u = design.units
    step = max(1, _CELLS // u)
    for first in range(0, design.resamples, step):
        size = min(step, design.resamples - first)
        picked = generator.integers(0, u, size=(size, u), dtype=np.int64)
        picked += np.arange(size)[:, None] * u
        yield np.bincount(picked.ravel(), minlength=size * u).reshape(size, u).astype(np.float64)


def row_counts(design: Design) -> Iterator[Floats]:
    """How often each row stands in each resample, (some of b, n) at a time, weights left out."""
    if not design.block:
        for counts in unit_counts(design):
            yield counts if design.groups is None else counts[:, design.groups]
        return
    step = max(1, _CELLS // design.n)
    begins = starts(design)
    for first in range(0, design.resamples, step):
        part = begins[first : first + step]
        # a block begins with +1 and ends with −1: the running sum counts the blocks over each row
        steps = np.zeros((len(part), design.n + 1))
        rows = np.arange(len(part))[:, None]
        ends = part + design.block
        np.add.at(steps, (rows, part), 1.0)
        np.add.at(steps, (rows, np.minimum(ends, design.n)), -1.0)
        wrapped = np.maximum(ends - design.n, 0)
        np.add.at(steps, (rows, np.zeros_like(wrapped)), (wrapped > 0).astype(float))
        np.add.at(steps, (rows, wrapped), -(wrapped > 0).astype(float))
        yield np.cumsum(steps[:, :-1], axis=1)


def variance_of_sum(design: Design, influence: Floats) -> Floats:
    """The covariance (m, m) of the sums of influences (n, m), which add up to about nothing each.

    Sums within groups for groups; for blocks the mean of the squared sums of all blocks, moved by one row each
    (Künsch 1989, Annals of Statistics 17), taken around in a circle (Politis and Romano 1992).
    """
    if design.block:
        sums = circle(influence, design.block)
        return design.n / design.block * (sums.T @ sums) / design.n
    sums = of_units(design, influence)
    u = len(sums)
    return u / max(u - 1, 1) * (sums.T @ sums)


def quantiles(design: Design, confidence: float) -> float:
    """Student's quantile of a two-sided interval: groups and blocks are few, and their spread is estimated."""
    freedom = design.units - 1
    if design.by == "rows" or freedom > 10_000:
        freedom = 10_000
    return float(stdtrit(max(freedom, 1), (1 + confidence) / 2))


def expanded_confidence(units: int, confidence: float) -> float:
    """The level at which a bootstrap interval of few units covers `confidence`.

    A resample spreads by (u − 1)/u too little and as a normal rather than as Student's: Hesterberg 2015 ("What
    teachers should know about the bootstrap", The American Statistician 69, section 5.3).
    """
    if units < 2:
        return confidence
    half = math.sqrt(units / (units - 1)) * float(stdtrit(units - 1, (1 + confidence) / 2))
    return float(2 * ndtr(half) - 1)


def block_length(losses: Floats) -> int:
    """How many rows a block of the moving-block bootstrap should have for a loss in the order of time, (n,).

    Politis and White 2004 (Econometric Reviews 23), corrected in Patton, Politis and White 2009 (ibid. 28), for
    the circular bootstrap: with the flat-top window's g and G, (2 g² / D)^{1/3} n^{1/3} with D = 4/3 G². At
    least n^{1/3}, so that a series which looks independent by chance is not taken for one, and at most n/4.
    """
    n = len(losses)
    least = max(1, round(math.cbrt(n)))
    centred = losses - losses.mean()
    if n < 12 or not centred.any():
        return least
    reach = min(n - 1, math.ceil(math.sqrt(n)) + max(5, math.ceil(math.log10(n))))
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    autocovariance = np.fft.irfft(spectrum * spectrum.conj(), size)[: reach + 1] / n
    significant = np.abs(autocovariance[1:] / autocovariance[0]) > 2 * math.sqrt(math.log10(n) / n)
    run = max(5, math.ceil(math.sqrt(math.log10(n))))
    last = next(
        (lag for lag in range(len(significant)) if not significant[lag : lag + run].any()), len(significant)
    )
    window = min(2 * max(last, 1), reach)
    lags = np.arange(1, window + 1)
    flat = np.minimum(1.0, 2 * (1 - lags / window)).clip(0)
    slope = 2 * float((flat * lags * autocovariance[1 : window + 1]).sum())
    level = autocovariance[0] + 2 * float((flat * autocovariance[1 : window + 1]).sum())
    if level <= 0 or slope == 0:
        return least
    wanted = (2 * slope**2 / (4 / 3 * level**2)) ** (1 / 3) * n ** (1 / 3)
    return min(max(least, math.ceil(float(wanted))), max(least, n // 4))


def starts(design: Design) -> Ints:
    """The first rows of the blocks of each resample, (b, blocks)."""
    generator = np.random.default_rng(design.seed)
    blocks = max(1, round(design.n / design.block))
    begins: Ints = generator.integers(0, design.n, size=(design.resamples, blocks), dtype=np.int64)
    return begins


def _moved_blocks(design: Design, columns: Floats) -> Floats:
    sums, begins = circle(columns, design.block), starts(design)
    made = np.empty((design.resamples, columns.shape[1]))
    step = max(1, 4_000_000 // (begins.shape[1] * columns.shape[1]))
    for first in range(0, design.resamples, step):
        made[first : first + step] = sums[begins[first : first + step]].sum(axis=1)
    made *= design.n / (begins.shape[1] * design.block)
    return made


def circle(columns: Floats, size: int) -> Floats:
    """Sums over each `size` rows from every row on, the last going on with the first; (n, m) to (n, m)."""
    n = len(columns)
    running = np.concatenate(
        [np.zeros((1, columns.shape[1])), np.cumsum(np.concatenate([columns, columns[:size]]), axis=0)]
    )
    sums: Floats = running[size : size + n] - running[:n]
    return sums
