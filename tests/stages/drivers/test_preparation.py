"""What preparation learns is learned from the rows to train on; what it makes is made of the row or of earlier ones."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import stdev
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlc.drivers import _expressions, _fitted, _made
from mlc.drivers._split import PART, TEST, TRAIN
from mlc.ir import expression
from stages.drivers.test_files import changed, column, failure, ingest, people, saved


def prepared(step: Any, tmp_path: Path, frame: pl.DataFrame, *steps: dict[str, Any], **spec: Any) -> Any:
    asked = ingest(prepare=[{"name": f"step{n}", **one} for n, one in enumerate(steps)])
    asked["columns"] |= spec.pop("columns", {})
    return step("files", asked | spec, source=saved(frame, tmp_path))


def rows(product: Any) -> pl.DataFrame:
    both = [pl.read_parquet(product.outputs[part]) for part in ("train", "test")]
    return pl.concat(both).sort("id")


def impute(strategy: str, *columns: str, value: Any = None) -> dict[str, Any]:
    return {"method": "impute", "columns": [*columns], "strategy": strategy, "value": value}


def test_a_missing_value_becomes_what_the_training_part_says(step: Any, tmp_path: Path) -> None:
    product = prepared(step, tmp_path, people(), impute("mean", "height"))
    after = rows(product)
    train = people().filter(pl.col("id").is_in(pl.read_parquet(product.outputs["train"])["id"].implode()))
    expected = train["height"].mean()
    (entry,) = product.summary["preparation"]
    assert entry["values_changed"] == 8
    assert entry["learned"] == {"height": pytest.approx(expected)}
    assert expected != people()["height"].mean()
    missing = people().with_row_index().filter(pl.col("height").is_null())["index"].to_list()
    assert after["height"].gather(missing).to_list() == [pytest.approx(expected)] * 8


@pytest.mark.parametrize(
    ("strategy", "name", "value", "expected"),
    [
        ("median", "x", None, 3),
        ("mean", "x", None, 4),
        ("most_frequent", "x", None, 1),
        ("constant", "x", 9.0, 9),
        ("most_frequent", "t", None, "b"),
        ("constant", "t", "z", "z"),
        ("median", "f", None, 2.5),
    ],
)
def test_what_stands_in(strategy: str, name: str, value: Any, expected: Any) -> None:
    frame = pl.DataFrame(
        {
            "x": [1, 1, 3, 5, 8, None, 100],
            "t": ["b", "b", "a", "a", "c", None, "c"],
            "f": [1.0, 2.0, 3.0, 4.0, None, None, 99.0],
            PART: [TRAIN] * 6 + [TEST],
        }
    )
    after, count, learned = _fitted.impute(impute(strategy, name, value=value), frame)
    assert learned == {name: expected if strategy != "most_frequent" or name != "t" else learned[name]}
    if name == "t" and strategy == "most_frequent":
        assert learned == {"t": "a"}  # of equally frequent ones the smallest
    assert count == frame[name].null_count()
    assert after[name].null_count() == 0
    assert after[name][5] == learned[name]
    assert after.schema == frame.schema


def test_a_column_without_any_value_to_learn_from_stays(step: Any) -> None:
    frame = pl.DataFrame({"x": [None, 5], PART: [TRAIN, TEST]}, schema={"x": pl.Int64, PART: pl.UInt8})
    after, count, learned = _fitted.impute(impute("mean", "x"), frame)
    assert (after["x"].to_list(), count, learned) == ([None, 5], 0, {"x": None})


def outliers(**changes: Any) -> dict[str, Any]:
    asked = {"method": "outliers", "columns": ["x"], "bounds": "iqr", "factor": 1.5, "share": 0.01}
    return asked | {"action": "clip"} | changes


VALUES = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 40.0]


def test_bounds_come_from_the_training_part() -> None:
    frame = pl.DataFrame({"x": [*VALUES, 1e6, -1e6], PART: [TRAIN] * 10 + [TEST] * 2})
    after, count, learned = _fitted.outliers(outliers(), frame)
    low, high = 3.25 - 1.5 * 4.5, 7.75 + 1.5 * 4.5
    assert learned == {"x": {"low": low, "high": high}}
    assert count == 3
    assert after["x"].to_list() == [*VALUES[:9], high, high, low]


def test_rows_are_dropped_of_the_training_part_only() -> None:
    frame = pl.DataFrame({"x": [*VALUES, 1e6, None], PART: [TRAIN] * 10 + [TEST, TRAIN]})
    after, count, _ = _fitted.outliers(outliers(action="drop"), frame)
    assert after["x"].to_list() == [*VALUES[:9], 1e6, None]
    assert count == 0


def test_outliers_may_be_taken_for_missing() -> None:
    frame = pl.DataFrame({"x": [*VALUES, None], PART: [TRAIN] * 11})
    after, count, _ = _fitted.outliers(outliers(action="missing"), frame)
    assert after["x"].to_list() == [*VALUES[:9], None, None]
    assert count == 1


@pytest.mark.parametrize(
    ("bounds", "low", "high"),
    [("deviations", 8.5 - 1.5 * stdev(VALUES), 8.5 + 1.5 * stdev(VALUES)), ("quantiles", 1.09, 37.21)],
)
def test_other_bounds(bounds: str, low: float, high: float) -> None:
    frame = pl.DataFrame({"x": VALUES, PART: [TRAIN] * 10})
    _, _, learned = _fitted.outliers(outliers(bounds=bounds), frame)
    assert learned["x"] == {"low": pytest.approx(low, abs=0.01), "high": pytest.approx(high, abs=0.01)}


def test_whole_numbers_are_clipped_to_whole_numbers() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3, 4, 5, 6, 7, 8, 9, 40], PART: [TRAIN] * 10})
    after, _, _ = _fitted.outliers(outliers(), frame)
    assert after["x"].to_list() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 14]
    assert after.schema["x"] == pl.Int64


def test_a_column_is_derived_and_keeps_its_promises(step: Any, tmp_path: Path) -> None:
    derive = {"method": "derive", "into": "ratio", "expression": "height / age"}
    made = {"ratio": column("number", nullable=True, max=0.07)}
    spec: dict[str, Any] = {"columns": made, "checks": {"min_rows": 1, "max_quarantined": 0.5}}
    product = prepared(step, tmp_path, people(), derive, **spec)
    expected = people().with_columns(ratio=pl.col("height") / pl.col("age"))
    kept = expected.filter(pl.col("ratio").is_null() | (pl.col("ratio") <= 0.07))
    assert rows(product)["ratio"].to_list() == pytest.approx(kept["ratio"].to_list(), nan_ok=True)
    quarantine = pl.read_parquet(product.outputs["quarantine"])
    broken = expected.filter(pl.col("ratio") > 0.07)
    assert quarantine["mlc_row"].to_list() == [number + 1 for number in broken["id"]]
    assert set(quarantine["mlc_reasons"]) == {"ratio is above 0.07"}
    assert "ratio" not in quarantine.columns
    profile = json.loads(product.outputs["profile"].read_bytes())
    assert profile["rows"]["quarantined"] == broken.height
    assert profile["rows"]["prepared"] == kept.height


def test_too_many_broken_derived_rows_are_refused(step: Any, tmp_path: Path) -> None:
    asked = ingest(prepare=[{"name": "it", "method": "derive", "into": "ratio", "expression": "age / 0"}])
    asked["columns"]["ratio"] = column("number")
    (diagnostic,) = failure(step, asked, source=saved(people(), tmp_path))
    assert diagnostic.path == "columns.ratio.nullable"
    assert "first row 1 (id 0): missing" in diagnostic.detail


def test_rows_that_break_an_expression_are_quarantined(step: Any, tmp_path: Path) -> None:
    checks = {"min_rows": 1, "max_quarantined": 0.1, "expressions": {"tall": "height > 1.6 or age < 60"}}
    frame = changed(changed(people(), 6, "age", 70), 5, "age", 70)  # of the second, height is missing
    frame = changed(frame, 6, "height", 1.5)
    product = step("files", ingest(checks=checks), source=saved(frame, tmp_path))
    quarantine = pl.read_parquet(product.outputs["quarantine"])
    assert quarantine.select("mlc_row", "mlc_reasons").rows() == [
        (7, "breaks tall (height > 1.6 or age < 60)")
    ]
    checks["max_quarantined"] = 0.0
    (diagnostic,) = failure(step, ingest(checks=checks), source=saved(frame, tmp_path))
    assert diagnostic.path == "checks.expressions.tall"
    assert diagnostic.detail.startswith(
        "It breaks tall (height > 1.6 or age < 60) in 1 of 40 rows; first row 7 (id 6)."
    )


def test_too_many_rows_are_refused(step: Any, tmp_path: Path) -> None:
    checks = {"min_rows": 1, "max_quarantined": 0.0, "max_rows": 39}
    (diagnostic,) = failure(step, ingest(checks=checks), source=saved(people(), tmp_path))
    assert diagnostic.path == "checks.max_rows"


@pytest.mark.parametrize(("days", "fresh"), [(2, True), (4, False)])
def test_rows_that_are_too_old_are_refused(step: Any, tmp_path: Path, days: int, fresh: bool) -> None:
    newest = datetime.now() - timedelta(days=days)
    frame = people().with_columns(
        at=pl.Series([newest - timedelta(days=n) for n in range(40)]).dt.to_string("%Y-%m-%dT%H:%M:%S")
    )
    spec = ingest(
        checks={"min_rows": 1, "max_quarantined": 0.0, "freshness": {"column": "at", "max_age": 3 * 86400.0}}
    )
    spec["columns"]["at"] = column("datetime", role="time")
    if fresh:
        step("files", spec, source=saved(frame, tmp_path))
        return
    (diagnostic,) = failure(step, spec, source=saved(frame, tmp_path))
    assert diagnostic.path == "checks.freshness.max_age"
    assert "longer ago than the 3 days" in diagnostic.detail


def lag(**changes: Any) -> dict[str, Any]:
    asked = {"of": "demand", "into": "earlier", "steps": 1, "after": None, "by": [], "window": 1}
    return {"method": "lag", "statistic": "mean", "time": "at"} | asked | changes


def series(*demand: int | None, shop: str = "a", start: int = 0) -> pl.DataFrame:
    at = [datetime(2026, 1, 1, hour=start + n) for n in range(len(demand))]
    return pl.DataFrame(
        {"shop": [shop] * len(demand), "at": at, "demand": [*demand]},
        schema={"shop": pl.String, "at": pl.Datetime("us"), "demand": pl.Int64},
    )


def test_a_lag_is_what_was_earlier_in_the_same_series() -> None:
    mixed = pl.concat([series(1, 2, 3), series(10, 20, 30, shop="b")]).sort("demand", descending=True)
    made = _made.lag(lag(by=["shop"]), mixed)
    assert made["demand"].to_list() == [30, 20, 10, 3, 2, 1]
    assert made["earlier"].to_list() == [20, 10, None, 2, 1, None]
    made = _made.lag(lag(by=["shop"], steps=2), mixed)
    assert made["earlier"].to_list() == [10, None, None, 1, None, None]


def test_a_window_ends_before_the_row() -> None:
    made = _made.lag(lag(window=2), series(1, 2, 3, 4))
    assert made["earlier"].to_list() == [None, None, 1.5, 2.5]
    made = _made.lag(lag(window=2, statistic="max"), series(4, 2, 3, 1))
    assert made["earlier"].to_list() == [None, None, 4, 3]
    assert made.schema["earlier"] == pl.Int64


def test_a_lag_by_time_finds_the_row_of_that_time_or_nothing() -> None:
    holes = series(1, 2, 3, 4, 5).filter(pl.col("demand") != 2)
    made = _made.lag(lag(after=7200.0), holes)
    assert made["earlier"].to_list() == [None, 1, None, 3]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(0, 99)), min_size=2),
    steps=st.integers(1, 3),
    window=st.integers(1, 3),
    after=st.none() | st.integers(1, 4),
    place=st.integers(0, 100),
)
def test_no_later_row_changes_a_lag(
    rows: list[Any], steps: int, window: int, after: int | None, place: int
) -> None:
    """Whatever a row and all rows of its time or later hold, its lag stays."""
    frame = pl.DataFrame(rows, schema={"shop": pl.String, "hour": pl.Int64, "demand": pl.Int64}, orient="row")
    frame = frame.with_columns(at=pl.datetime(2026, 1, 1, pl.col("hour"), time_unit="us"))
    asked = lag(by=["shop"], steps=steps, window=window)
    if after is not None:
        asked = lag(by=["shop"], after=after * 3600.0)
    row = frame.row(place % frame.height, named=True)
    unknown = frame.with_columns(
        demand=pl.when(pl.col("at") > row["at"]).then(-1).otherwise("demand"),
    ).with_row_index("n")
    unknown = unknown.with_columns(
        demand=pl.when((pl.col("at") == row["at"]) & (pl.col("n") >= place % frame.height))
        .then(-1)
        .otherwise("demand")
    )
    before, now = _made.lag(asked, frame), _made.lag(asked, unknown)
    assert before["earlier"][place % frame.height] == now["earlier"][place % frame.height]
    assert before.drop("earlier").equals(frame)


@pytest.mark.parametrize(
    ("of", "kind", "form", "expected"),
    [
        (["05/03/2026", "x", None], "date", "%d/%m/%Y", [date(2026, 3, 5), None, None]),
        (["05.03.26 07:30"], "datetime", "%d.%m.%y %H:%M", [datetime(2026, 3, 5, 7, 30)]),
        (["7", " 8 ", "8.5"], "integer", None, [7, 8, None]),
        ([1.5, 2.0], "integer", None, [None, 2]),
        ([1, 0], "boolean", None, [True, False]),
        ([date(2026, 3, 5)], "string", None, ["2026-03-05"]),
        ([True], "integer", None, [1]),
        ([12], "string", None, ["12"]),
    ],
)
def test_a_column_is_cast(of: list[Any], kind: str, form: str | None, expected: list[Any]) -> None:
    step = {"of": "a", "into": "b", "format": form}
    assert _made.cast(step, pl.DataFrame({"a": of}), kind)["b"].to_list() == expected


TYPES = {
    "a": "integer",
    "b": "integer",
    "x": "number",
    "t": "string",
    "d": "date",
    "at": "datetime",
    "f": "boolean",
}
ROW = {
    "a": 7,
    "b": -3,
    "x": 2.5,
    "t": " Oslo ",
    "d": date(2026, 11, 26),
    "at": datetime(2026, 11, 26, 6, 30),
    "f": True,
}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("a + b * 2 - -1", "integer", 2),
        ("a / 2", "number", 3.5),
        ("a // 2", "integer", 3),
        ("b // 2", "integer", -2),
        ("a % 4", "integer", 3),
        ("a / 0", "number", None),
        ("a // 0", "integer", None),
        ("a * 4000000000 * 4000000000", "integer", None),
        ("-x", "number", -2.5),
        ("log(x - 2.5)", "number", None),
        ("log1p(0)", "number", 0.0),
        ("round(x)", "integer", 2),
        ("ceil(x) + floor(x)", "integer", 5),
        ("max(a, b, x)", "number", 7.0),
        ("min(a, b)", "integer", -3),
        ("abs(b)", "integer", 3),
        ("1 < x <= 2.5 and not f == False", "boolean", True),
        ("a in (1, 7) and b not in (1, 7)", "boolean", True),
        ('"tall" if x > 2 else "small"', "string", "tall"),
        ('trim(lower(t)) + "!"', "string", "oslo!"),
        ('contains(t, "sl") and starts_with(trim(t), "O") and ends_with(t, " ")', "boolean", True),
        ("length(t)", "integer", 6),
        ('number("x")', "number", None),
        ('integer("8.9")', "integer", 8),
        ("text(a)", "string", "7"),
        ("year(d) * 10000 + month(at) * 100 + day(d)", "integer", 20261126),
        ("weekday(d) * 100 + hour(at)", "integer", 406),
        ("day_of_year(d)", "integer", 330),
        ("minute(at)", "integer", 30),
        ("days_between(d, at)", "number", 0.2708333333333333),
        ('d > date("2026-01-01") and at < datetime("2026-12-01T00:00")', "boolean", True),
        ('at >= date("2026-11-26")', "boolean", True),
        ("coalesce(a / 0, x)", "number", 2.5),
        ("is_missing(a / 0)", "boolean", True),
        ("(a / 0) > 1 or f", "boolean", True),
        ("1 if a / 0 > 1 else 2", "integer", None),
        ('column("a") + 1', "integer", 8),
    ],
)
def test_an_expression_is_typed_and_computed(text: str, kind: str, expected: Any) -> None:
    found = expression.parse(text, TYPES)
    assert found.kind == kind
    value = pl.DataFrame([ROW], schema_overrides={"at": pl.Datetime("us")}).select(
        _expressions.compiled(found)
    )
    assert value.to_series().to_list() == [
        expected if expected is None else pytest.approx(expected) if kind == "number" else expected
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os').system('id')", "is nothing that an expression may hold"),
        ("a.real", "is nothing that an expression may hold"),
        ("[x for x in (1, 2)]", "is nothing that an expression may hold"),
        ("lambda: 1", "is nothing that an expression may hold"),
        ("a ** 99999999", "is nothing that an expression may hold"),
        ("(y := 1)", "is nothing that an expression may hold"),
        ("f'{a}'", "is nothing that an expression may hold"),
        ("eval('1')", "there is no function `eval`"),
        ("agee + 1", "there is no column `agee`"),
        ("t + 1", "`+` takes integer or number, and is given a string"),
        ("t > 1", "`>` has an integer and a string together"),
        ("not a", "`not` takes boolean, and is given an integer"),
        ("a and f", "`and` takes boolean"),
        ("f > f", "`>` does not compare booleans"),
        ("a in b", "`in` takes values in parentheses"),
        ("a is b", "`is` compares nothing here"),
        ("None", "None is no value of a column"),
        ("hour(d)", "`hour` takes datetime, and is given a date"),
        ('date("2026-13-01")', "is no date in ISO 8601"),
        ("date(t)", "`date` takes a text between quotes"),
        ("log(1, 2)", "`log` takes 1 of them and is given 2"),
        ("1 +", "it cannot be read"),
        ("(" * 300 + "1" + ")" * 300, "it"),
        ("-" * 200 + "1", "it is nested too deeply"),
        ("1" + "+1" * 990, "it is nested too deeply"),
        ("1+" * 1500 + "1", "it is longer than 2,000 characters"),
        ("99999999999999999999", "is too large"),
        ("min(x=1)", "is nothing that an expression may hold"),
    ],
)
def test_what_is_no_expression_is_told_and_never_run(text: str, words: str) -> None:
    with pytest.raises(expression.Mistake) as told:
        expression.parse(text, TYPES)
    assert words in str(told.value)


NUMBERS = st.integers(-9, 9)
SUMS = st.recursive(
    NUMBERS.map(str) | st.sampled_from(["a", "b"]),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%"]), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(SUMS, NUMBERS, NUMBERS)
def test_whole_numbers_are_computed_as_python_does(text: str, a: int, b: int) -> None:
    try:
        expected = eval(text, {"a": a, "b": b})  # our own text
    except ZeroDivisionError:
        expected = None
    found = expression.parse(text, {"a": "integer", "b": "integer"})
    (value,) = pl.DataFrame({"a": [a], "b": [b]}).select(_expressions.compiled(found)).row(0)
    assert value == expected
    assert expected is None or math.isfinite(expected)
