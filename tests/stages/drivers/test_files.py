"""`ingest` reads a file, holds it to its contract, prepares it and splits it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mlc.drivers import _split
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed

SRC = str(Path(_split.__file__).parents[2])
LOANS = Path(__file__).parents[3] / "examples" / "lending" / "data" / "loans.parquet"


def column(type_: str, **promises: Any) -> dict[str, Any]:
    silent = {
        "type": type_,
        "role": "feature",
        "nullable": False,
        "unique": False,
        "min": None,
        "max": None,
        "values": [],
    }
    return silent | promises


def ingest(**changes: Any) -> dict[str, Any]:
    return {
        "source": {"type": "file", "path": "data/people.csv", "format": "csv"},
        "columns": {
            "id": column("integer", role="id", unique=True),
            "age": column("integer", min=0, max=120),
            "city": column("string", values=["Oslo", "Rome"]),
            "height": column("number", nullable=True),
            "member": column("boolean"),
            "left": column("integer", role="label", values=[0, 1]),
        },
        "checks": {"min_rows": 1, "max_quarantined": 0.0},
        "prepare": [],
        "split": {"method": "random", "test": 0.5, "seed": 0},
        "label": "left",
        "id": "id",
    } | changes


def people(rows: int = 40) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": range(rows),
            "age": [20 + n % 50 for n in range(rows)],
            "city": [("Oslo", "Rome")[n % 2] for n in range(rows)],
            "height": [1.5 + n / 100 if n % 5 else None for n in range(rows)],
            "member": [n % 3 == 0 for n in range(rows)],
            "left": [n // 2 % 2 for n in range(rows)],
        }
    )


def saved(frame: pl.DataFrame, folder: Path, name: str = "people.csv") -> Path:
    path = folder / name
    if path.suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return path


def changed(frame: pl.DataFrame, row: int, name: str, value: Any) -> pl.DataFrame:
    values = [*frame[name].to_list()]
    values[row] = value
    return frame.with_columns(pl.Series(name, values, dtype=frame[name].dtype, strict=False))


def failure(step: Any, spec: dict[str, Any], **files: Path) -> tuple[Diagnostic, ...]:
    with pytest.raises(StepFailed) as failed:
        step("files", spec, **files)
    return failed.value.diagnostics


def test_csv_and_parquet_of_the_same_rows_give_the_same_bytes(step: Any, tmp_path: Path) -> None:
    from_csv = step("files", ingest(), source=saved(people(), tmp_path))
    parquet = ingest(source={"type": "file", "path": "people.parquet", "format": "parquet"})
    from_parquet = step("files", parquet, source=saved(people(), tmp_path, "people.parquet"))
    for name in ("train", "test", "profile"):
        assert from_csv.outputs[name].read_bytes() == from_parquet.outputs[name].read_bytes(), name


def test_parts_hold_every_row_once_in_the_order_of_the_source(step: Any, tmp_path: Path) -> None:
    product = step("files", ingest(), source=saved(people(), tmp_path))
    train, test = (pl.read_parquet(product.outputs[name]) for name in ("train", "test"))
    assert train["id"].is_sorted()
    assert test["id"].is_sorted()
    assert_frame_equal(pl.concat([train, test]).sort("id"), people(), check_dtypes=False)
    assert product.summary["read"] == 40
    assert product.summary["train"] + product.summary["test"] == 40
    assert pl.read_parquet(product.outputs["quarantine"]).is_empty()


@pytest.mark.parametrize(
    ("name", "value", "promise", "words"),
    [
        ("age", 999, "columns.age.max", "`age` is above 120"),
        ("age", -1, "columns.age.min", "`age` is below 0"),
        ("age", "old", "columns.age.type", "`age` is not a whole number"),
        ("age", 20.5, "columns.age.type", "`age` is not a whole number"),
        ("height", "tall", "columns.height.type", "`height` is not a finite number"),
        ("height", "inf", "columns.height.type", "`height` is not a finite number"),
        ("member", "perhaps", "columns.member.type", "`member` is neither true nor false"),
        ("city", "Roma", "columns.city.values", "`city` is none of the allowed values"),
        ("city", None, "columns.city.nullable", "`city` is missing"),
        ("id", 3, "columns.id.unique", "`id` stands twice"),
        ("left", 2, "columns.left.values", "`left` is none of the allowed values"),
    ],
)
def test_a_broken_row_is_refused_with_its_place_and_its_value(
    step: Any, tmp_path: Path, name: str, value: Any, promise: str, words: str
) -> None:
    broken = changed(people().cast(pl.String), 7, name, None if value is None else str(value))
    (diagnostic,) = failure(step, ingest(), source=saved(broken, tmp_path))
    assert diagnostic.rule == "contract-broken"
    assert diagnostic.address == "dataset.loans"
    assert diagnostic.path == promise
    assert diagnostic.detail.startswith(f"{words} in 1 of 40 rows; first row 8 (id ")
    assert f": {'missing' if value is None else value}. " in diagnostic.detail
    assert promise in diagnostic.help


def test_a_row_that_breaks_several_promises_is_quarantined_once_with_every_reason(
    step: Any, tmp_path: Path
) -> None:
    broken = changed(changed(people(), 7, "age", 999), 7, "city", "Roma")
    broken = changed(broken, 9, "age", -1)
    spec = ingest(checks={"min_rows": 1, "max_quarantined": 0.05})
    product = step("files", spec, source=saved(broken, tmp_path))
    quarantine = pl.read_parquet(product.outputs["quarantine"])
    assert quarantine.select("mlc_row", "mlc_reasons").rows() == [
        (8, "age is above 120; city is none of the allowed values"),
        (10, "age is below 0"),
    ]
    assert quarantine["age"].to_list() == ["999", "-1"]  # as they were read
    profile = json.loads(product.outputs["profile"].read_bytes())
    assert profile["rows"]["quarantined"] == 2
    assert [one["promise"] for one in profile["broken_promises"]] == [
        "columns.age.min",
        "columns.age.max",
        "columns.city.values",
    ]


def test_every_broken_promise_is_told_at_once(step: Any, tmp_path: Path) -> None:
    broken = changed(changed(people(), 1, "age", 999), 2, "city", "Roma")
    diagnostics = failure(step, ingest(), source=saved(broken, tmp_path))
    assert [diagnostic.path for diagnostic in diagnostics] == ["columns.age.max", "columns.city.values"]
    assert "Altogether 2 rows (5.00%)" in diagnostics[0].detail


def test_a_share_of_broken_rows_above_the_allowed_one_is_refused(step: Any, tmp_path: Path) -> None:
    broken = changed(changed(people(), 1, "age", 999), 2, "age", 999)
    spec = ingest(checks={"min_rows": 1, "max_quarantined": 0.049})
    (diagnostic,) = failure(step, spec, source=saved(broken, tmp_path))
    assert "allows 4.90%" in diagnostic.detail


def test_values_that_can_be_read_as_the_declared_type_are_not_wrong(step: Any, tmp_path: Path) -> None:
    loose = people().with_columns(
        pl.col("age").cast(pl.Float32), pl.col("member").cast(pl.Int8), pl.col("left").cast(pl.Float64)
    )
    spec = ingest(source={"type": "file", "path": "people.parquet", "format": "parquet"})
    product = step("files", spec, source=saved(loose, tmp_path, "people.parquet"))
    assert pl.read_parquet(product.outputs["train"]).schema == {
        "id": pl.Int64,
        "age": pl.Int64,
        "city": pl.String,
        "height": pl.Float64,
        "member": pl.Boolean,
        "left": pl.Int64,
    }


def test_nan_is_a_missing_value(step: Any, tmp_path: Path) -> None:
    spec = ingest(source={"type": "file", "path": "people.parquet", "format": "parquet"})
    with_nan = people().with_columns(pl.col("height").fill_null(float("nan")))
    product = step("files", spec, source=saved(with_nan, tmp_path, "people.parquet"))
    assert json.loads(product.outputs["profile"].read_bytes())["columns"]["height"]["missing"] == 8


def test_a_missing_column_is_named_with_a_guess(step: Any, tmp_path: Path) -> None:
    renamed = people().rename({"height": "heigth"}).drop("member")
    diagnostics = failure(step, ingest(), source=saved(renamed, tmp_path))
    assert [(one.rule, one.path) for one in diagnostics] == [
        ("column-missing", "columns.height"),
        ("column-missing", "columns.member"),
    ]
    assert 'Did you mean "heigth"?' in diagnostics[0].detail


def test_columns_that_are_not_declared_are_dropped_and_told(step: Any, tmp_path: Path) -> None:
    product = step("files", ingest(), source=saved(people().with_columns(note=pl.lit("x")), tmp_path))
    assert product.summary["dropped_columns"] == ["note"]
    assert "note" not in pl.read_parquet(product.outputs["train"]).columns


def test_an_absent_file_is_told(step: Any, tmp_path: Path) -> None:
    (diagnostic,) = failure(step, ingest(), source=tmp_path / "people.csv")
    assert diagnostic.rule == "data-unreadable"
    assert "there is no such file" in diagnostic.detail


def test_a_file_that_is_not_parquet_is_told(step: Any, tmp_path: Path) -> None:
    spec = ingest(source={"type": "file", "path": "people.parquet", "format": "parquet"})
    (diagnostic,) = failure(step, spec, source=saved(people(), tmp_path))
    assert diagnostic.rule == "data-unreadable"
    assert "cannot be read as parquet" in diagnostic.detail


def test_a_damaged_file_is_told_whatever_polars_does(step: Any, tmp_path: Path) -> None:
    spec = ingest(source={"type": "file", "path": "people.parquet", "format": "parquet"})
    path = saved(people(400), tmp_path, "people.parquet")
    whole, chance, told = path.read_bytes(), random.Random(0), 0
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(3):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content[: chance.choice([len(content), chance.randrange(len(content))])])
        try:
            step("files", spec, source=path)
        except StepFailed:
            told += 1
    assert told > 20


def test_an_empty_csv_file_is_told(step: Any, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(b"")
    (diagnostic,) = failure(step, ingest(), source=tmp_path / "people.csv")
    assert diagnostic.rule == "data-unreadable"


def test_too_few_rows_are_refused(step: Any, tmp_path: Path) -> None:
    spec = ingest(checks={"min_rows": 41, "max_quarantined": 0.0})
    (diagnostic,) = failure(step, spec, source=saved(people(), tmp_path))
    assert diagnostic.rule == "contract-broken"
    assert "40 rows keep the contract" in diagnostic.detail


def test_a_file_with_columns_and_no_rows_is_refused(step: Any, tmp_path: Path) -> None:
    (diagnostic,) = failure(step, ingest(), source=saved(people(0), tmp_path))
    assert diagnostic.path == "checks.min_rows"


def test_preparation_is_ordered_and_keeps_a_ledger(step: Any, tmp_path: Path) -> None:
    twice = pl.concat([people(), people(4).with_columns(pl.col("id") + 100)])
    prepare = [
        {"name": "once", "method": "deduplicate", "by": []},
        {"name": "tall", "method": "drop_missing", "columns": ["height"]},
        {"name": "grown", "method": "clip", "column": "age", "min": 24.5, "max": None},
    ]
    product = step("files", ingest(prepare=prepare), source=saved(twice, tmp_path))
    assert product.summary["preparation"] == [
        {"name": "once", "method": "deduplicate", "rows_in": 44, "rows_out": 40, "values_changed": 0},
        {"name": "tall", "method": "drop_missing", "rows_in": 40, "rows_out": 32, "values_changed": 0},
        {"name": "grown", "method": "clip", "rows_in": 32, "rows_out": 32, "values_changed": 4},
    ]
    rows = pl.concat([pl.read_parquet(product.outputs[part]) for part in ("train", "test")])
    assert rows["age"].min() == 25
    assert rows["id"].max() == 39  # the first of rows that are alike is kept


def test_preparing_a_column_that_is_not_declared_is_told(step: Any, tmp_path: Path) -> None:
    prepare = [{"name": "grown", "method": "clip", "column": "agee", "min": 0, "max": None}]
    (diagnostic,) = failure(step, ingest(prepare=prepare), source=saved(people(), tmp_path))
    assert diagnostic.rule == "column-missing"
    assert 'Did you mean "age"?' in diagnostic.detail


def test_a_stratified_split_reports_the_share_of_every_stratum(step: Any) -> None:
    loans = {
        "id": column("integer", role="id"),
        "salary_range": column("string"),
        "repaid": column("integer", role="label"),
    }
    spec = ingest(
        source={"type": "file", "path": "loans.parquet", "format": "parquet"},
        columns=loans,
        label="repaid",
        split={"method": "stratified", "by": None, "test": 0.2, "seed": 0},
    )
    split = step("files", spec, source=LOANS).summary["split"]
    assert split["by"] == "repaid"
    assert [stratum["value"] for stratum in split["strata"]] == [0, 1]
    for stratum in split["strata"]:
        assert stratum["test_share"] == pytest.approx(0.2, abs=0.01)
    assert sum(stratum["test"] for stratum in split["strata"]) == split["test"]


def test_a_stratum_without_a_row_in_a_part_is_told(step: Any, tmp_path: Path) -> None:
    split = {"method": "stratified", "by": "height", "test": 0.5, "seed": 0}
    (diagnostic,) = failure(step, ingest(split=split), source=saved(people(), tmp_path))
    assert diagnostic.rule == "split-impossible"
    assert "where `height` is" in diagnostic.detail
    assert "more strata" in diagnostic.detail


def test_a_part_without_a_row_is_told(step: Any, tmp_path: Path) -> None:
    split = {"method": "random", "test": 0.001, "seed": 0}
    (diagnostic,) = failure(step, ingest(split=split), source=saved(people(), tmp_path))
    assert diagnostic.rule == "split-impossible"
    assert diagnostic.detail.startswith("The test part has no row:")


ROWS = st.lists(st.tuples(st.integers(-3, 3), st.text(max_size=3), st.none() | st.floats()), min_size=1)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(old=ROWS, new=ROWS, named=st.booleans(), seed=st.integers(0, 5))
def test_appending_rows_moves_no_old_row(old: list[Any], new: list[Any], named: bool, seed: int) -> None:
    schema = {"id": pl.Int64, "text": pl.String, "number": pl.Float64}
    spec = {"id": "id" if named else None, "split": {"seed": seed}}
    before = _split.hashes(pl.DataFrame(old, schema, orient="row"), spec)
    after = _split.hashes(pl.DataFrame(old + new, schema, orient="row"), spec)
    assert before.to_list() == after.head(len(old)).to_list()


def test_old_rows_stay_in_their_part_when_rows_are_appended(step: Any, tmp_path: Path) -> None:
    split = {"method": "stratified", "by": "city", "test": 0.3, "seed": 4}
    before = step("files", ingest(split=split), source=saved(people(40), tmp_path, "old.csv"))
    after = step("files", ingest(split=split), source=saved(people(90), tmp_path, "new.csv"))
    for part in ("train", "test"):
        old, new = (pl.read_parquet(product.outputs[part])["id"] for product in (before, after))
        assert new.filter(new < 40).to_list() == old.to_list()


def test_the_hash_of_a_row_never_changes() -> None:
    """A change here moves rows between train and test for everyone: bump the driver's VERSION, and say so."""
    frame = pl.DataFrame({"id": [7], "b": ["x"], "a": [0.1]})
    assert _split.hashes(frame, {"id": "id", "split": {"seed": 0}}).to_list() == [6418827668475519370]
    assert _split.hashes(frame, {"id": None, "split": {"seed": 0}}).to_list() == [12024795949829137742]


def test_another_seed_is_another_split(step: Any, tmp_path: Path) -> None:
    source = saved(people(), tmp_path)
    tests = [
        pl.read_parquet(step("files", ingest(split=split), source=source).outputs["test"])["id"].to_list()
        for split in ({"method": "random", "test": 0.5, "seed": seed} for seed in (0, 1))
    ]
    assert tests[0] != tests[1]


def test_the_same_file_gives_the_same_bytes_in_another_process(step: Any, tmp_path: Path) -> None:
    source = saved(changed(people(), 7, "age", 999), tmp_path)
    spec = ingest(checks={"min_rows": 1, "max_quarantined": 0.1})
    here = step("files", spec, source=source)
    (tmp_path / "there").mkdir()
    program = f"""
import sys
from pathlib import Path
from mlc.drivers import files
from mlc.ir.operation import Operation, Work
operation = Operation(id="dataset.loans/step", driver="files", spec={spec!r})
source = {{"source": Path({str(source)!r})}}
files.run(Work(operation, "test", Path("."), Path("there"), {{}}, {{}}, source, print, print))
"""
    environment = os.environ | {
        "PYTHONPATH": SRC,
        "PYTHONHASHSEED": "7",
        "POLARS_MAX_THREADS": "1",
        "TZ": "Asia/Tokyo",
    }
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)
    for path in here.outputs.values():
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes(), path.name


def test_the_driver_can_be_asked_for_its_version_without_polars() -> None:
    program = "import sys; from mlc.drivers import files; files.VERSION; sys.exit('polars' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | {"PYTHONPATH": SRC})
