"""Splits rows into train and test, and a part to choose by (validation) where one is asked for.

By a keyed hash of what names or ties them, by time, or by a column.

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

TRAIN, TEST, NEITHER, VALIDATION = 0, 1, 2, 3

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
    """Shape (n,), TRAIN, TEST, VALIDATION or NEITHER for each row, and what is to be said of where the parts meet.

    Raises StepFailed (split-impossible) for rows without a time where the split goes by time.
    """
    split = spec["split"]
    facts: Facts = {"method": split["method"]}
    if split["method"] == "time":
        return _by_time(split, frame, facts, address)
    if split["method"] == "column":
        return _by_column(split, frame[split["by"]], facts)
    facts["test_wanted"] = split["test"]
    if split.get("validation"):
        facts["validation_wanted"] = split["validation"]
    if is_by_row(spec):
        return _by_hash(frame[HASH], split), facts
    groups = frame[split["group"]]
    distinct = groups.unique(maintain_order=True)
    below = _by_hash(_hashed(map(str, distinct), spec), split)
    found = pl.DataFrame({"group": groups}).join(
        pl.DataFrame({"group": distinct, PART: below}),
        on="group",
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    facts |= {"group": split["group"], "groups": len(distinct), "test_groups": int((below == TEST).sum())}
    if split.get("validation"):
        facts["validation_groups"] = int((below == VALIDATION).sum())
    return found[PART], facts


def split(
    spec: Mapping[str, Any], frame: pl.DataFrame, facts: Facts, address: str
) -> tuple[dict[str, pl.DataFrame], Facts]:
    """The parts by name, in the source's order, and what was achieved (per stratum where there are strata).

    `frame` has the column PART, and `facts` are those of `assigned`. Where the split follows a hash, the share
    achieved varies as a binomial does. Raises StepFailed (split-impossible) where a part, or a stratum's share of
    it, is empty.
    """
    assignment = frame[PART]
    told = dict(facts)
    neither = int((assignment == NEITHER).sum())
    if spec["split"]["method"] in ("time", "column"):
        told["neither"] = neither
    wanted = _wanted(spec["split"])
    told |= _shares(assignment, neither, wanted)
    _refuse_empty(told, "", address, wanted)
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
        told |= {"by": by, "strata": _strata(frame[by], assignment, address, wanted)}
    rows = frame.drop(HASH, PART, strict=False)
    return {name: rows.filter(assignment == wanted[name]) for name in wanted}, told


def _wanted(split: Mapping[str, Any]) -> dict[str, int]:
    """The parts that there have to be, by name."""
    asked = any(split.get(field) for field in ("validation", "validation_from", "validation_values"))
    return {"train": TRAIN, **({"validation": VALIDATION} if asked else {}), "test": TEST}


def _by_hash(hashed: pl.Series, split: Mapping[str, Any]) -> pl.Series:
    """The test lies below its share, the validation above it: whoever adds one moves no row of the test."""
    test = int(split["test"] * 2**64)
    end = int(min(split["test"] + (split.get("validation") or 0.0), 1.0) * 2**64)
    inside = pl.when(hashed < test).then(TEST).when(hashed < end).then(VALIDATION).otherwise(TRAIN)
    return pl.select(inside.cast(pl.UInt8)).to_series().alias(PART)


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
    before = (times < boundary) & (times <= boundary - gap)
    facts |= {"by": split["by"], "test_from": _told(boundary), "gap": split["gap"]}
    first = _first_validated(split, times, before, facts)
    if first is None:
        return _part(in_test, before), facts
    facts["validation_from"] = _told(first)
    return _part(in_test, before & (times < first) & (times <= first - gap), before & (times >= first)), facts


def _first_validated(split: Mapping[str, Any], times: pl.Series, before: pl.Series, facts: Facts) -> Any:
    """The first time of the validation, among the rows `before` the test and its gap; None where there is none."""
    if split.get("validation_from") is not None:
        return _moment(split["validation_from"], times.dtype)
    if not split.get("validation"):
        return None
    facts["validation_wanted"] = split["validation"]
    earlier = times.filter(before).sort()
    if not len(earlier):
        return None
    return earlier[max(0, len(earlier) - round(len(times) * split["validation"]))]


def _part(in_test: pl.Series, in_train: pl.Series, in_validation: pl.Series | None = None) -> pl.Series:
    validated = pl.repeat(False, len(in_test), eager=True) if in_validation is None else in_validation
    part = pl.when(in_test).then(TEST).when(validated).then(VALIDATION).when(in_train).then(TRAIN)
    return pl.select(part.otherwise(NEITHER).cast(pl.UInt8)).to_series().alias(PART)


def _by_column(split: Mapping[str, Any], values: pl.Series, facts: Facts) -> tuple[pl.Series, Facts]:
    in_test = values.is_in(_alike(split["test_values"], values)).fill_null(False)
    in_train = ~in_test
    if split["train_values"]:
        in_train &= values.is_in(_alike(split["train_values"], values)).fill_null(False)
    in_validation = None
    if split.get("validation_values"):
        in_validation = values.is_in(_alike(split["validation_values"], values)).fill_null(False)
    return _part(in_test, in_train, in_validation), facts | {"by": split["by"]}


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


def _strata(
    column: pl.Series, assignment: pl.Series, address: str, wanted: Mapping[str, int]
) -> list[dict[str, Any]]:
    counted = (
        pl.DataFrame({"value": column, PART: assignment})
        .group_by("value")
        .agg(
            pl.len().alias("rows"),
            *((pl.col(PART) == part).sum().alias(name) for name, part in wanted.items()),
        )
        .sort("value", nulls_last=True)
    )
    strata = [
        {
            "value": one["value"],
            **{name: one[name] for name in wanted},
            "test_share": one["test"] / one["rows"],
        }
        for one in counted.iter_rows(named=True)
    ]
    empty = [stratum for stratum in strata if not all(stratum[name] for name in wanted)]
    if empty:
        first = empty[0]
        _refuse_empty(
            first,
            f" where `{column.name}` is {first['value']!r}"
            + (f" (and in {len(empty) - 1:,} more strata)" if len(empty) > 1 else ""),
            address,
            wanted,
        )
    return strata


def _shares(assignment: pl.Series, neither: int, wanted: Mapping[str, int]) -> dict[str, Any]:
    rows = len(assignment) - neither
    counts = {name: int((assignment == part).sum()) for name, part in wanted.items()}
    return {**counts, "test_share": counts["test"] / rows if rows else 0.0}


def _refuse_empty(part: Mapping[str, Any], where: str, address: str, wanted: Mapping[str, int]) -> None:
    rows = sum(part[name] for name in wanted)
    others = "the other part" if len(wanted) == 2 else "the other parts"
    for name in wanted:
        if not part[name]:
            raise StepFailed(
                split_impossible.found(
                    f"The {name} part has no row{where}: there are {rows:,} such rows, and all of them "
                    f"fall to {others}.",
                    address=address,
                )
            )
