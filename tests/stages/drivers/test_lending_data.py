"""The lending data are what their README says."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from stages.drivers.lending import LOANS

README = (LOANS.parent / "README.md").read_text(encoding="utf-8")
TYPES = {"integer": pl.Int64, "number": pl.Float64, "string": pl.String, "boolean": pl.Boolean}


def test_the_columns_are_those_of_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", README, re.MULTILINE)
    assert {name: TYPES[kind] for name, kind in rows} == dict(pl.read_parquet(LOANS).schema)


def test_the_rows_are_as_they_are_told() -> None:
    loans = pl.read_parquet(LOANS)
    assert loans.height == 50_000
    assert sum(loans.null_count().row(0)) == 0
    assert loans["id"].to_list() == list(range(50_000))
    assert loans["repaid"].value_counts(sort=True).rows() == [(0, 25_021), (1, 24_979)]
    for name in ("salary_range", "size_of_downpayment"):
        line = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
        values: set[Any] = set(re.findall(r"`([^`]+)`", line)) - {name}
        assert values == set(loans[name].unique())


def test_the_file_is_small_and_its_licence_stands_beside_it() -> None:
    assert LOANS.stat().st_size < 1_500_000
    licence = (LOANS.parent / "LICENSE-DATA").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "NannyML NV" in licence
