"""Two registered versions of a dataset against each other, by their profiles."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from mlc.drivers.registry import datasets
from mlc.drivers.registry.places import Registry
from mlc.drivers.statistics.stability import chance, stability_index
from mlc.ir.operation import StepFailed
from mlc.ir.profile import (
    ColumnMoved,
    ColumnProfile,
    DataProfile,
    DatasetDiff,
    DatasetVersion,
    TypeChanged,
)
from mlc.rules import unknown_version

_REFERENCE = re.compile(r"dataset\.([a-z0-9][a-z0-9_-]*)(?::([1-9][0-9]{0,8}))?")

SHIFT, STRONG_SHIFT = 0.1, 0.25
"""What the stability index is read as from there on, where it is more than chance."""


def compared(registry: Registry, references: Sequence[str]) -> DatasetDiff:
    """The versions that one or two references name: `dataset.loans` are its last two, `dataset.loans:1` is that
    against the last. Raises StepFailed (unknown-version)."""
    before, now = _versions(registry, references)
    old, new = (_profile(registry, one) for one in (before, now))
    both = [name for name in new.columns if name in old.columns]
    return DatasetDiff(
        dataset=now.entry.name,
        before=before.entry.number,
        now=now.entry.number,
        same=before.entry.digest == now.entry.digest,
        rows_before=old.rows,
        rows_now=new.rows,
        added=[name for name in new.columns if name not in old.columns],
        removed=[name for name in old.columns if name not in new.columns],
        types=[
            TypeChanged(name, old.columns[name].type, new.columns[name].type)
            for name in both
            if old.columns[name].type != new.columns[name].type
        ],
        columns=[_moved(name, old.columns[name], new.columns[name]) for name in both],
    )


def _versions(registry: Registry, references: Sequence[str]) -> tuple[DatasetVersion, DatasetVersion]:
    matched = [_REFERENCE.fullmatch(one) for one in references]
    named = [one for one in matched if one is not None]
    if len(named) != len(references) or len(named) not in (1, 2) or len({one[1] for one in named}) != 1:
        raise StepFailed(unknown_version.not_datasets(references))
    name = named[0][1]
    held = datasets.versions(registry, name)
    numbers = {one.entry.number: one for one in held}

    def numbered(number: int) -> DatasetVersion:
        if number not in numbers:
            raise StepFailed(unknown_version.no_version(name, number, numbers))
        return numbers[number]

    wanted = [numbered(int(one[2])) for one in named if one[2] is not None]
    if len(wanted) < len(named) and len(held) < 2:
        raise StepFailed(unknown_version.no_two(name))
    if len(named) == 2:
        first = wanted[0] if named[0][2] is not None else held[-1]
        second = wanted[-1] if named[1][2] is not None else held[-1]
        return first, second
    return (wanted[0] if wanted else held[-2]), held[-1]


def _profile(registry: Registry, version: DatasetVersion) -> DataProfile:
    return msgspec.json.decode(registry.files.read(version.entry.files[datasets.PROFILE]), type=DataProfile)


def _moved(name: str, old: ColumnProfile, new: ColumnProfile) -> ColumnMoved:
    groups = _groups(old, new)
    index = threshold = None
    if groups is not None:
        index = stability_index(*groups)
        threshold = max(SHIFT, chance(sum(groups[0]), sum(groups[1]), len(groups[0])))
    appeared, gone = _values(old, new)
    before, now = (one.missing / one.rows if one.rows else 0.0 for one in (old, new))
    return ColumnMoved(
        column=name,
        moved=index is not None and threshold is not None and index > threshold,
        index=index,
        threshold=threshold,
        strongly=index is not None and threshold is not None and index > max(STRONG_SHIFT, threshold),
        missing_before=before,
        missing_now=now,
        mean_before=old.mean,
        mean_now=new.mean,
        appeared=appeared,
        gone=gone,
    )


def _groups(old: ColumnProfile, new: ColumnProfile) -> tuple[list[float], list[float]] | None:
    """Counts of both versions in the same groups: deciles of the old one, bins, or values; a missing value is one of
    its own. None where nothing in them can be compared."""
    if old.quantiles and new.quantiles:
        edges = sorted({old.quantiles[n] for n in range(10, 100, 10)})
        first, second = (_in_bins(one, edges) for one in (old, new))
    elif old.edges and old.edges == new.edges and old.type == new.type:
        first, second = list(old.histogram), list(new.histogram)
    elif old.frequent and new.frequent:
        before, now = ({value.value: value.rows for value in one.frequent} for one in (old, new))
        known = sorted(before.keys() | now.keys())
        first = [*(before.get(value, 0.0) for value in known), old.others]
        second = [*(now.get(value, 0.0) for value in known), new.others]
    else:
        return None
    if old.missing or new.missing:
        first, second = [*first, old.missing], [*second, new.missing]
    return first, second


def _in_bins(column: ColumnProfile, edges: list[float]) -> list[float]:
    """How many rows are at most each edge and above the one before, as far as the percentiles tell."""
    present = column.rows - column.missing
    below = [0.0, *(_share_up_to(column.quantiles, edge) for edge in edges), 1.0]
    return [present * (right - left) for left, right in pairwise(below)]


def _share_up_to(quantiles: list[float], value: float) -> float:
    """The share of values that are at most so large: by the percentiles, and on a straight line between them."""
    place = bisect_right(quantiles, value)
    if place in (0, len(quantiles)):
        return 0.0 if place == 0 else 1.0
    left, right = quantiles[place - 1], quantiles[place]
    return (place - 1 + (value - left) / (right - left)) / (len(quantiles) - 1)


def _values(old: ColumnProfile, new: ColumnProfile) -> tuple[list[str], list[str]]:
    """The values that are new and those that are gone, where all of them are known."""
    if not old.frequent or not new.frequent or old.others or new.others:
        return [], []
    before, now = ({value.value for value in one.frequent if value.rows} for one in (old, new))
    return sorted(now - before), sorted(before - now)
