"""Divides the rows of the training part into folds, as the dataset's split keeps rows apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from mlc.drivers._columns import binary_label

Rows = NDArray[np.int64]


class UnfoldableError(ValueError):
    """Rows that cannot be divided so: a sentence to show."""


class Fold(Struct, frozen=True):
    """The positions of the rows to learn from and of those to score, each (n,), ascending."""

    train: Rows
    test: Rows


def folds(frame: pl.DataFrame, how: Mapping[str, Any]) -> list[Fold]:
    """`count` folds of the rows of `frame`, `repeats` times over.

    By `hash`, a row falls to the fold that BLAKE2b (RFC 7693) of its id says, so that appended rows move no old one
    and every candidate meets the same folds; with `strata` the rows of each class are dealt out in the order of
    their hashes, so that every fold has its share of the rare ones (docs/decisions/0045); by `group`, the hash is
    that of the group, whose rows stay together; by `time`, the rows in their order make `count` + 1 blocks, of
    which each but the first is scored by what was learned from all before it (Hyndman and Athanasopoulos,
    Forecasting, 3rd ed., 5.10). What folds are for (`purpose`) is part of what is hashed: folds within a fold would
    else follow those around them. Raises UnfoldableError.
    """
    if how["method"] == "time":
        made = _in_time(frame[how["column"]], how["count"], how["gap"])
    else:
        made = [
            fold
            for repeat in range(how["repeats"])
            for fold in _by_hash(
                hashes(frame, how["column"], f"{how['purpose']} {how['seed']} {repeat}"),
                how["count"],
                _strata(frame, how.get("strata")),
            )
        ]
    if any(not (len(fold.train) and len(fold.test)) for fold in made):
        raise UnfoldableError(
            f"{frame.height:,} rows are too few for {how['count']} folds: one of them has no row."
        )
    return made


def parts(frame: pl.DataFrame, how: Mapping[str, Any], label: str) -> Rows:
    """Shape (n,): the fold of each row, of `count` by `hash` or `group` as in `folds`. The `label` is not among what is
    hashed where rows have no id: which fold a row is in must not follow it. A fold may be empty."""
    hashed = hashes(frame.drop(label), how["column"], f"{how['purpose']} {how['seed']} 0")
    found = np.zeros(frame.height, np.int64)
    for number, fold in enumerate(_by_hash(hashed, how["count"], found)):
        found[fold.test] = number
    return found


def in_words(how: Mapping[str, Any]) -> str:
    """`5 folds by the hash of id`, for people."""
    by = {
        "hash": f"by the hash of {how['column'] or 'the row'}",
        "group": f"that keep every {how['column']} together",
        "time": f"in the order of {how['column']}",
    }[how["method"]]
    if how.get("strata"):
        by += f", each with its share of every {how['strata']['column']}"
    times = f", {how['repeats']} times over" if how["repeats"] > 1 else ""
    return f"{how['count']} folds {by}{times}"


def hashes(frame: pl.DataFrame, column: str | None, key: str) -> NDArray[np.uint64]:
    """Shape (n,): of the column's values, or of whole rows where there is none."""
    if column is None:
        texts: Iterable[str] = map(repr, frame.select(sorted(frame.columns)).iter_rows())
    else:
        texts = map(str, frame[column])
    keyed = f"mlc folds {key}".encode()
    hashes = (
        int.from_bytes(blake2b(text.encode(), digest_size=8, key=keyed).digest(), "big") for text in texts
    )
    return np.fromiter(hashes, np.uint64, frame.height)


def _strata(frame: pl.DataFrame, strata: Mapping[str, Any] | None) -> Rows:
    """Shape (n,): the number of each row's class; one for all where there are no strata."""
    if strata is None:
        return np.zeros(frame.height, np.int64)
    if "positive" in strata:
        numbers: Rows = binary_label(frame, strata["column"], strata["positive"]).to_numpy()
        return numbers
    ranks = frame[strata["column"]].cast(pl.String).fill_null("").rank("dense")
    return np.asarray(ranks.to_numpy(), dtype=np.int64) - 1


def _by_hash(hashes: NDArray[np.uint64], count: int, strata: Rows) -> list[Fold]:
    if not strata.any():
        # the hash as a fraction of 2⁶⁴ lies in one of `count` equal parts of [0, 1)
        part = (hashes >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)
    else:
        part = np.zeros(len(hashes), np.uint64)
        for one in np.unique(strata):
            rows = np.flatnonzero(strata == one)
            # rows of one hash are alike, and stay together
            distinct, place = np.unique(hashes[rows], return_inverse=True)
            part[rows] = place * count // len(distinct)
    return [Fold(np.flatnonzero(part != one), np.flatnonzero(part == one)) for one in range(count)]


def _in_time(column: pl.Series, count: int, gap: Any) -> list[Fold]:
    if column.null_count():
        raise UnfoldableError(f"{column.null_count():,} rows have no {column.name}, which orders them.")
    ordered = column.sort()
    # a block ends where its last row's time does, so that rows of one time are never on both sides
    ends = [ordered[round(len(ordered) * block / (count + 1)) - 1] for block in range(1, count + 1)]
    made = []
    for start, end in zip(ends, [*ends[1:], ordered[-1]], strict=True):
        before = column <= (start if not gap else _earlier(start, gap))
        made.append(
            Fold(
                np.flatnonzero(before.to_numpy()),
                np.flatnonzero(((column > start) & (column <= end)).to_numpy()),
            )
        )
    return made


def _earlier(moment: Any, gap: Any) -> Any:
    """A time and a gap before it: seconds for moments, and numbers as they are."""
    if isinstance(moment, int | float):
        return moment - gap
    from datetime import timedelta

    return moment - timedelta(seconds=float(gap))
