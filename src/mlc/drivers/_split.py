"""Splits rows by a keyed hash of their id, so that a row stays in its part whatever rows are added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import polars as pl

from mlc.ir.operation import StepFailed
from mlc.rules import split_impossible

HASH = "\0hash"  # no column of a file or a spec is called so


def hashes(frame: pl.DataFrame, spec: Mapping[str, Any]) -> pl.Series:
    """Shape (n,), unsigned 64 bits: BLAKE2b (RFC 7693) of each row's id, keyed by the seed of the split.

    Where no id is declared, the whole row as the contract left it is hashed, so that rows that are alike fall
    to the same part. The value of the stratum is deliberately not hashed: a label that is corrected later
    must not carry its row from test to train.
    """
    if spec["id"] is not None:
        texts: Iterable[str] = map(str, frame[spec["id"]])
    else:
        texts = map(repr, frame.select(sorted(frame.columns)).iter_rows())
    key = f"mlc split {spec['split']['seed']}".encode()
    return pl.Series(
        HASH,
        [int.from_bytes(blake2b(text.encode(), digest_size=8, key=key).digest()) for text in texts],
        dtype=pl.UInt64,
    )


def split(
    spec: Mapping[str, Any], frame: pl.DataFrame, address: str
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Any]]:
    """Train and test in the source's order, and what was achieved (per stratum where there are strata).

    A row is tested on where its hash, read as a fraction of 2⁶⁴, is below `split.test`; the share achieved
    varies as a binomial does. Raises StepFailed (split-impossible) where a part, or a stratum's share of it,
    is empty.
    """
    wanted = spec["split"]["test"]
    in_test = frame[HASH] < int(wanted * 2**64)
    parts: dict[str, Any] = {"method": spec["split"]["method"], "test_wanted": wanted}
    parts |= _shares(in_test)
    _refuse_empty(parts, "", address)
    if spec["split"]["method"] == "stratified":
        by = spec["split"]["by"] or spec["label"]
        if by is None or by not in frame.columns:
            raise StepFailed(
                split_impossible.found(
                    f"The split is stratified by {f'`{by}`' if by else 'the label'}, and no such column is "
                    "declared.",
                    address=address,
                )
            )
        parts |= {"by": by, "strata": _strata(frame[by], in_test, address)}
    rows = frame.drop(HASH)
    return rows.filter(~in_test), rows.filter(in_test), parts


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


def _shares(in_test: pl.Series) -> dict[str, Any]:
    test = int(in_test.sum())
    return {"train": len(in_test) - test, "test": test, "test_share": test / len(in_test)}


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
