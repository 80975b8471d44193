"""Splits rows into train and test: by a keyed hash of what names or ties them, by time, or by a column.

What follows a hash stays in its part whatever rows are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any

import polars as pl

from mlc.ir.operation import StepFailed
from mlc.rules import split_impossible

HASH = "\0hash"  # no column of a file or a spec is called so
PART = "\0part"

TRAIN, TEST, NEITHER = 0, 1, 2

Facts = dict[str, Any]


def hashes(frame: pl.DataFrame, spec: Mapping[str, Any]) -> pl.Series:
    """Shape (n,), unsigned 64 bits: BLAKE2b (RFC 7693) of each row's id, keyed by the seed of the split.

    Where no id is declared, the whole row as the contract left it is hashed, so that rows that are alike fall
    to the same part. The value of the stratum is deliberately not hashed: a label that is corrected later
    must not carry its row from test to train.
    """
    if spec["id"] is not None:
        return _hashed(map(str, frame[spec["id"]]), spec)
    return _hashed(map(repr, frame.select(sorted(frame.columns)).iter_rows()), spec)


def is_by_row(spec: Mapping[str, Any]) -> bool:
    """Whether the split follows the hash of each row alone."""
    return spec["split"]["method"] in ("random", "stratified")


def assigned(spec: Mapping[str, Any], frame: pl.DataFrame, address: str) -> tuple[pl.Series, Facts]:
    """Shape (n,), TRAIN, TEST or NEITHER for each row, and what is to be said of where the parts meet.

    Raises StepFailed (split-impossible) for rows without a time where the split goes by time.
    """
    split = spec["split"]
    facts: Facts = {"method": split["method"]}
    if split["method"] == "time":
        return _by_time(split, frame, facts, address)
    if split["method"] == "column":
        return _by_column(split, frame[split["by"]], facts)
    facts["test_wanted"] = split["test"]
    if is_by_row(spec):
        in_test = frame[HASH] < int(split["test"] * 2**64)
        return in_test.cast(pl.UInt8).alias(PART), facts
    groups = frame[split["group"]]
    distinct = groups.unique(maintain_order=True)
    below = (_hashed(map(str, distinct), spec) < int(split["test"] * 2**64)).cast(pl.UInt8)
    found = pl.DataFrame({"group": groups}).join(
        pl.DataFrame({"group": distinct, PART: below}),
        on="group",
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    facts |= {"group": split["group"], "groups": len(distinct), "test_groups": int(below.sum())}
    return found[PART], facts


def split(
    spec: Mapping[str, Any], frame: pl.DataFrame, facts: Facts, address: str
) -> tuple[pl.DataFrame, pl.DataFrame, Facts]:
    """Train and test in the source's order, and what was achieved (per stratum where there are strata).

    `frame` has the column PART, and `facts` are those of `assigned`. Where the split follows a hash, the share
    achieved varies as a binomial does. Raises StepFailed (split-impossible) where a part, or a stratum's share of
    it, is empty.
    """
    assignment = frame[PART]
    in_test = assignment == TEST
    told = dict(facts)
    neither = int((assignment == NEITHER).sum())
    if spec["split"]["method"] in ("time", "column"):
        told["neither"] = neither
    told |= _shares(in_test, neither)
    _refuse_empty(told, "", address)
    if spec["split"]["method"] in ("stratified", "stratified_group"):
        by = spec["split"]["by"] or spec["label"]
        if by is None or by not in frame.columns:
            raise StepFailed(
                split_impossible.found(
                    f"The split is stratified by {f'`{by}`' if by else 'the label'}, and no such column is "
                    "declared.",
                    address=address,
                )
            )
        told |= {"by": by, "strata": _strata(frame[by], in_test, address)}
    rows = frame.drop(HASH, PART, strict=False)
    return rows.filter(assignment == TRAIN), rows.filter(in_test), told


def _hashed(texts: Iterable[str], spec: Mapping[str, Any]) -> pl.Series:
    key = f"mlc split {spec['split']['seed']}".encode()
    return pl.Series(
        HASH,
        [int.from_bytes(blake2b(text.encode(), digest_size=8, key=key).digest()) for text in texts],
        dtype=pl.UInt64,
    )


def _by_time(
    split: Mapping[str, Any], frame: pl.DataFrame, facts: Facts, address: str
) -> tuple[pl.Series, Facts]:
    times = frame[split["by"]]
    if times.null_count():
        raise StepFailed(
            split_impossible.found(
                f"{times.null_count():,} rows have no `{split['by']}`, and the split goes by it.",
                address=address,
            )
        )
    if split["test_from"] is not None:
        boundary = _moment(split["test_from"], times.dtype)
    else:
        facts["test_wanted"] = split["test"]
        boundary = times.sort()[min(len(times) - 1, int(len(times) * (1 - split["test"])))]
    gap = timedelta(seconds=split["gap"]) if times.dtype.is_temporal() else split["gap"]
    in_test = times >= boundary
    in_train = (times < boundary) & (times <= boundary - gap)
    part = pl.select(pl.when(in_test).then(TEST).when(in_train).then(TRAIN).otherwise(NEITHER).cast(pl.UInt8))
    facts |= {"by": split["by"], "test_from": _told(boundary), "gap": split["gap"]}
    return part.to_series().alias(PART), facts


def _by_column(split: Mapping[str, Any], values: pl.Series, facts: Facts) -> tuple[pl.Series, Facts]:
    in_test = values.is_in(_alike(split["test_values"], values)).fill_null(False)
    in_train = ~in_test
    if split["train_values"]:
        in_train &= values.is_in(_alike(split["train_values"], values)).fill_null(False)
    part = pl.select(pl.when(in_test).then(TEST).when(in_train).then(TRAIN).otherwise(NEITHER).cast(pl.UInt8))
    return part.to_series().alias(PART), facts | {"by": split["by"]}


def _alike(given: list[Any], values: pl.Series) -> list[Any]:
    return pl.Series(given).cast(values.dtype).to_list()


def _moment(written: str | float, dtype: pl.DataType) -> Any:
    """A time as the column holds it. The rule `split-column-unfit` has let it through."""
    if dtype == pl.Date:
        return date.fromisoformat(str(written))
    if dtype == pl.Datetime:
        moment = datetime.fromisoformat(str(written))
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    return written


def _told(moment: Any) -> Any:
    return moment.isoformat() if isinstance(moment, date) else moment


def _strata(column: pl.Series, in_test: pl.Series, address: str) -> list[dict[str, Any]]:
    counted = (
        pl.DataFrame({"value": column, "test": in_test})
        .group_by("value")
        .agg(pl.len().alias("rows"), pl.col("test").sum())
        .sort("value", nulls_last=True)
    )
    strata = [
        {"value": value, "train": rows - test, "test": test, "test_share": test / rows}
        for value, rows, test in counted.iter_rows()
    ]
    empty = [stratum for stratum in strata if not (stratum["train"] and stratum["test"])]
    if empty:
        first = empty[0]
        _refuse_empty(
            first,
            f" where `{column.name}` is {first['value']!r}"
            + (f" (and in {len(empty) - 1:,} more strata)" if len(empty) > 1 else ""),
            address,
        )
    return strata


def _shares(in_test: pl.Series, neither: int) -> dict[str, Any]:
    test, rows = int(in_test.sum()), len(in_test) - neither
    return {"train": rows - test, "test": test, "test_share": test / rows if rows else 0.0}


def _refuse_empty(part: Mapping[str, Any], where: str, address: str) -> None:
    rows = part["train"] + part["test"]
    for name in ("train", "test"):
        if not part[name]:
            raise StepFailed(
                split_impossible.found(
                    f"The {name} part has no row{where}: there are {rows:,} such rows, and all of them "
                    "fall to the other part.",
                    address=address,
                )
            )
