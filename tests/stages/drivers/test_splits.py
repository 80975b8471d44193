"""Splits by group, by time and by a column; and what scikit-learn brings along, and JSON lines."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mlc.drivers import _split, bundled
from mlc.kinds._sources import BUNDLED
from stages.drivers.test_files import column, failure, ingest, people, saved

START = date(2026, 1, 1)


def visits(rows: int = 60) -> pl.DataFrame:
    """Each row has a household of up to four rows, and a day of its own."""
    return people(rows).with_columns(
        household=pl.Series([f"h{n % 17}" for n in range(rows)]),
        day=pl.Series([START + timedelta(days=n) for n in range(rows)]),
    )


def of_visits(split: dict[str, Any]) -> dict[str, Any]:
    more = {"household": column("string", role="group"), "day": column("date", role="time")}
    spec = ingest(split=split)
    return spec | {"columns": spec["columns"] | more}


def group(**changes: Any) -> dict[str, Any]:
    return {"method": "group", "group": "household", "test": 0.3, "seed": 0} | changes


def time(**changes: Any) -> dict[str, Any]:
    return {"method": "time", "by": "day", "test": 0.25, "test_from": None, "gap": 0} | changes


def parts(product: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    train, test = (pl.read_parquet(product.outputs[part]) for part in ("train", "test"))
    return train, test


def test_rows_of_a_group_stay_together(step: Any, tmp_path: Path) -> None:
    product = step("files", of_visits(group()), source=saved(visits(), tmp_path))
    train, test = parts(product)
    assert set(train["household"]).isdisjoint(test["household"])
    assert train.height + test.height == 60
    split = product.summary["split"]
    assert split["group"] == "household"
    assert split["groups"] == 17
    assert split["test_groups"] == test["household"].n_unique()


def test_a_stratified_group_split_tells_of_every_stratum(step: Any, tmp_path: Path) -> None:
    split = group(method="stratified_group", by="left")
    product = step("files", of_visits(split), source=saved(visits(), tmp_path))
    train, test = parts(product)
    assert set(train["household"]).isdisjoint(test["household"])
    assert [(one["value"], one["test"]) for one in product.summary["split"]["strata"]] == [
        (value, test.filter(pl.col("left") == value).height) for value in (0, 1)
    ]
    (diagnostic,) = failure(
        step, of_visits(group(method="stratified_group", by="height")), source=saved(visits(), tmp_path)
    )
    assert diagnostic.rule == "split-impossible"


GROUPS = st.lists(st.sampled_from(["a", "b", "c", "d", "é", "", None]), min_size=1)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(old=GROUPS, new=GROUPS, seed=st.integers(0, 3), numbers=st.booleans())
def test_appending_rows_moves_no_group(
    old: list[str | None], new: list[str | None], seed: int, numbers: bool
) -> None:
    kind = pl.Int64 if numbers else pl.String
    values = [
        None if one is None else len(one) + ord(one[:1] or "!") if numbers else one for one in old + new
    ]
    frame = pl.DataFrame({"household": values}, schema={"household": kind})
    spec = {"split": group(seed=seed, test=0.5)}
    before, _ = _split.assigned(spec, frame.head(len(old)), "dataset.x")
    after, _ = _split.assigned(spec, frame, "dataset.x")
    assert before.to_list() == after.head(len(old)).to_list()
    together = frame.with_columns(after).group_by("household").agg(pl.col(_split.PART).n_unique())
    assert together[_split.PART].to_list() == [1] * together.height


def test_the_hash_of_a_group_never_changes() -> None:
    """A change here moves groups between train and test for everyone: bump the drivers' VERSION, and say so."""
    frame = pl.DataFrame({"household": [f"h{number}" for number in range(12)]})
    found, _ = _split.assigned({"split": group(test=0.5)}, frame, "dataset.x")
    assert found.to_list() == [0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1]


def test_the_latest_rows_are_tested_on_after_a_gap(step: Any, tmp_path: Path) -> None:
    spec = of_visits(time(gap=7 * 86400.0))
    product = step("files", spec, source=saved(visits().reverse(), tmp_path))
    train, test = parts(product)
    assert test.height == 15
    assert test["day"].min() == START + timedelta(days=45)
    assert train["day"].max() == START + timedelta(days=38)
    split = product.summary["split"]
    assert split["test_from"] == "2026-02-15"
    assert split["neither"] == 6
    assert (split["train"], split["test"]) == (39, 15)


def test_rows_of_one_time_fall_to_one_part(step: Any, tmp_path: Path) -> None:
    frame = visits().with_columns(day=pl.lit(START) + pl.duration(days=pl.col("id") // 20))
    train, test = parts(step("files", of_visits(time()), source=saved(frame, tmp_path)))
    assert set(train["day"]).isdisjoint(test["day"])
    assert test.height == 20


TIMES = st.lists(st.integers(-50, 50), min_size=1)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    old=TIMES, new=TIMES, start=st.integers(-50, 50), gap=st.integers(0, 9), kind=st.sampled_from(["n", "d"])
)
def test_appending_rows_moves_no_row_where_the_first_time_is_given(
    old: list[int], new: list[int], start: int, gap: int, kind: str
) -> None:
    frame = pl.DataFrame({"day": old + new})
    first: Any = start
    if kind == "d":
        frame = frame.select(pl.lit(START) + pl.duration(days=pl.col("day")))
        frame.columns = ["day"]
        first = (START + timedelta(days=start)).isoformat()
    spec = {"split": time(test_from=first, gap=gap * 86400.0 if kind == "d" else gap)}
    before, _ = _split.assigned(spec, frame.head(len(old)), "dataset.x")
    after, _ = _split.assigned(spec, frame, "dataset.x")
    assert before.to_list() == after.head(len(old)).to_list()
    expected = [
        _split.TEST if one >= start else _split.TRAIN if one <= start - gap else _split.NEITHER
        for one in old + new
    ]
    assert after.to_list() == expected


def test_a_column_says_which_part_a_row_is_in(step: Any, tmp_path: Path) -> None:
    split: dict[str, Any] = {"method": "column", "by": "city", "test_values": ["Rome"], "train_values": []}
    train, test = parts(step("files", ingest(split=split), source=saved(people(), tmp_path)))
    assert set(train["city"]) == {"Oslo"}
    assert set(test["city"]) == {"Rome"}
    split = {"method": "column", "by": "age", "test_values": [20, 21], "train_values": [30, 31, 32]}
    product = step("files", ingest(split=split), source=saved(people(), tmp_path))
    train, test = parts(product)
    assert set(train["age"]) == {30, 31, 32}
    assert set(test["age"]) == {20, 21}
    assert product.summary["split"]["neither"] == 40 - train.height - test.height


def test_a_column_that_puts_every_row_into_one_part_is_told(step: Any, tmp_path: Path) -> None:
    split = {"method": "column", "by": "city", "test_values": ["Oslo", "Rome"], "train_values": []}
    (diagnostic,) = failure(step, ingest(split=split), source=saved(people(), tmp_path))
    assert diagnostic.rule == "split-impossible"


@pytest.mark.parametrize("written", ["2026-01-05", "2026-01-05T00:00:00", "2026-01-05 00:00:00.000"])
def test_dates_are_read_from_text(step: Any, tmp_path: Path, written: str) -> None:
    spec = of_visits(time())
    frame = visits().with_columns(pl.col("day").cast(pl.String))
    frame = frame.with_columns(day=pl.when(pl.col("id") == 4).then(pl.lit(written)).otherwise("day"))
    train, test = parts(step("files", spec, source=saved(frame, tmp_path)))
    assert train.schema["day"] == pl.Date
    assert pl.concat([train, test]).filter(pl.col("id") == 4)["day"].to_list() == [date(2026, 1, 5)]


def test_times_with_a_zone_are_brought_to_utc(step: Any, tmp_path: Path) -> None:
    spec = of_visits(time(by="at"))
    spec["columns"]["at"] = column("datetime", role="time")
    frame = visits().with_columns(at=pl.col("day").dt.to_string("%Y-%m-%dT06:30:00+02:00"))
    train, _ = parts(step("files", spec, source=saved(frame, tmp_path)))
    assert train.schema["at"] == pl.Datetime("us")
    assert str(train["at"][0]) == "2026-01-01 04:30:00"


def test_text_that_is_no_date_breaks_the_contract(step: Any, tmp_path: Path) -> None:
    frame = visits().with_columns(pl.col("day").cast(pl.String))
    frame = frame.with_columns(day=pl.when(pl.col("id") == 4).then(pl.lit("2026-02-30")).otherwise("day"))
    (diagnostic,) = failure(step, of_visits(time()), source=saved(frame, tmp_path))
    assert diagnostic.path == "columns.day.type"
    assert "`day` is not a date in 1 of 60 rows" in diagnostic.detail


def test_json_lines_give_the_same_bytes_as_parquet(step: Any, tmp_path: Path) -> None:
    lines = tmp_path / "people.jsonl"
    people().write_ndjson(lines)
    source = {"type": "file", "path": "people.jsonl", "format": "jsonl"}
    from_lines = step("files", ingest(source=source), source=lines)
    source = {"type": "file", "path": "people.parquet", "format": "parquet"}
    from_parquet = step("files", ingest(source=source), source=saved(people(), tmp_path, "people.parquet"))
    for name in ("train", "test", "profile"):
        assert from_lines.outputs[name].read_bytes() == from_parquet.outputs[name].read_bytes(), name


def test_a_broken_line_of_json_is_told(step: Any, tmp_path: Path) -> None:
    (tmp_path / "people.jsonl").write_text('{"id": 1, "age": 3}\n{"id": 2, "age"\n')
    source = {"type": "file", "path": "people.jsonl", "format": "jsonl"}
    (diagnostic,) = failure(step, ingest(source=source), source=tmp_path / "people.jsonl")
    assert diagnostic.rule == "data-unreadable"


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_set_has_the_columns_that_are_declared_of_it(name: str) -> None:
    table = bundled.table(name)
    assert table.columns == ["row", *BUNDLED[name]]
    kinds = {"string": pl.String, "integer": pl.Int64, "number": pl.Float64}
    assert {one: table.schema[one] for one in BUNDLED[name]} == {
        one: kinds[kind] for one, kind in BUNDLED[name].items()
    }
    assert table["row"].to_list() == list(range(1, table.height + 1))


def test_a_bundled_set_is_ingested(step: Any) -> None:
    columns = {
        "row": column("integer", role="id", unique=True),
        "petal_length": column("number", min=0),
        "target": column("string", role="label", values=["setosa", "versicolor", "virginica"]),
    }
    spec = ingest(
        source={"type": "sklearn", "name": "iris"},
        columns=columns,
        id="row",
        label="target",
        split={"method": "stratified", "by": None, "test": 0.3, "seed": 0},
    )
    product = step("bundled", spec)
    train, test = parts(product)
    both = pl.concat([train, test]).sort("row")
    assert_frame_equal(both, bundled.table("iris").select("row", "petal_length", "target"))
    assert product.summary["dropped_columns"] == ["sepal_length", "sepal_width", "petal_width"]
