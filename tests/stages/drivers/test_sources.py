"""Rows out of databases and object stores: real ones, in files and in memory; servers are in tests/platforms."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mlc.ir.operation import Operation, StepFailed, Work
from stages.drivers.test_files import people

KEY = "0123456789abcdef-canary"


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "KEY").write_text(KEY + "\n")
    (folder / "SHORT").write_text("short")
    monkeypatch.setenv("MLC_SECRETS", str(folder))
    return folder


def read(driver: str, tmp_path: Path, source: dict[str, Any], file: str = "", **spec: Any) -> Any:
    import importlib

    folder = tmp_path / "step"
    folder.mkdir(exist_ok=True)
    asked = {"source": source, "columns": people(0).columns, "id": "id"} | spec
    operation = Operation(
        id="dataset.people/read", driver=driver, spec=asked, files={"source": file} if file else {}
    )
    files = {"source": tmp_path / file} if file else {}
    work = Work(operation, "test", tmp_path, folder, {}, {}, files, lambda words: None, _nothing)
    return importlib.import_module(f"mlc.drivers.{driver}").run(work)


def _nothing(*_: Any) -> bytes:
    raise AssertionError("readers render nothing")


def rows(product: Any) -> pl.DataFrame:
    return pl.read_parquet(product.outputs["rows"])


def failure(*arguments: Any, **keywords: Any) -> Any:
    with pytest.raises(StepFailed) as failed:
        read(*arguments, **keywords)
    (diagnostic,) = failed.value.diagnostics
    assert KEY not in str(failed.value)
    return diagnostic


def sql(url: str = "sqlite:///people.db", **changes: Any) -> dict[str, Any]:
    asked = {"type": "sql", "url": url, "password": None, "query": None, "table": "people", "version": ""}
    return asked | changes


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "people.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE people (id INT, age INT, city TEXT, height REAL, member BOOL, left INT, x TEXT)"
        )
        shuffled = people().sample(fraction=1.0, shuffle=True, seed=1)
        connection.executemany(
            "INSERT INTO people VALUES (?,?,?,?,?,?,'x')", [tuple(row) for row in shuffled.iter_rows()]
        )
    connection.close()
    return path


def test_a_table_of_sqlite_is_read_in_the_order_of_its_id(tmp_path: Path, database: Path) -> None:
    before = database.read_bytes()
    product = read("sql_read", tmp_path, sql(), file="people.db")
    # SQLite knows no boolean
    assert_frame_equal(rows(product), people().with_columns(pl.col("member").cast(pl.Int64)))
    assert product.summary == {"rows": 40, "dropped_columns": ["x"]}
    assert database.read_bytes() == before


def test_a_query_is_asked(tmp_path: Path, database: Path) -> None:
    source = sql(
        table=None, query="SELECT *, age * 2 AS twice, ' :x 50% %s' AS note FROM people WHERE id < 3"
    )
    product = read("sql_read", tmp_path, source, file="people.db", columns=["id", "twice", "note"])
    assert rows(product).rows() == [(n, 40 + 2 * n, " :x 50% %s") for n in range(3)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"table": "peple"}, "no such table: peple"),
        ({"table": None, "query": "SELEC 1"}, 'near "SELEC": syntax error'),
        ({"table": None, "query": "DELETE FROM people"}, "attempt to write a readonly database"),
        ({"table": None, "query": "CREATE TABLE x (y INT)"}, "attempt to write a readonly database"),
    ],
)
def test_what_a_database_refuses_is_told(
    tmp_path: Path, database: Path, changes: dict[str, Any], words: str
) -> None:
    told = failure("sql_read", tmp_path, sql(**changes), file="people.db")
    assert told.rule == "source-unreachable"
    assert words in told.detail


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    told = failure("sql_read", tmp_path, sql(), file="people.db")
    assert "unable to open database file" in told.detail
    assert not (tmp_path / "people.db").exists()


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    source = sql("postgresql://reader@127.0.0.1:1/people?connect_timeout=2", password="${secret:KEY}")
    with pytest.raises(StepFailed) as failed:
        read("sql_read", tmp_path, source)
    assert failed.value.passing
    assert failed.value.diagnostics[0].rule == "source-unreachable"
    assert KEY not in repr(failed.value.diagnostics)
    assert "connect_timeout" not in failed.value.diagnostics[0].detail.partition(" could not")[0]


def test_a_database_whose_driver_is_not_installed_names_it(tmp_path: Path) -> None:
    told = failure("sql_read", tmp_path, sql("oracle://reader@db/people"))
    assert told.rule == "source-unreachable"
    assert "needs the package oracledb" in told.detail


def test_a_missing_secret_is_told(tmp_path: Path) -> None:
    told = failure("sql_read", tmp_path, sql("postgresql://reader@db/people", password="${secret:NOBODY}"))
    assert told.rule == "secret-missing"


def test_an_empty_table_has_columns_and_no_row(tmp_path: Path, database: Path) -> None:
    source = sql(table=None, query="SELECT id, age FROM people WHERE id < 0")
    product = read("sql_read", tmp_path, source, file="people.db", columns=["id", "age"])
    assert rows(product).shape == (0, 2)


@pytest.fixture
def duck(tmp_path: Path) -> Path:
    people().write_parquet(tmp_path / "people.parquet")
    with duckdb.connect(str(tmp_path / "people.duckdb")) as connection:
        connection.execute(
            f"CREATE TABLE people AS SELECT * FROM '{tmp_path / 'people.parquet'}' ORDER BY random()"
        )
        connection.execute("CREATE SCHEMA s; CREATE TABLE s.people AS SELECT id FROM people WHERE id < 2")
    return tmp_path


@pytest.mark.parametrize("changes", [{}, {"table": None, "query": "FROM people"}])
def test_a_table_of_duckdb_is_read(tmp_path: Path, duck: Path, changes: dict[str, Any]) -> None:
    product = read("duckdb_read", tmp_path, sql("duckdb:///people.duckdb", **changes), file="people.duckdb")
    assert_frame_equal(rows(product), people())


def test_a_table_of_another_schema_is_read(tmp_path: Path, duck: Path) -> None:
    source = sql("duckdb:///people.duckdb", table="s.people")
    product = read("duckdb_read", tmp_path, source, file="people.duckdb", columns=["id"])
    assert rows(product)["id"].to_list() == [0, 1]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM '{folder}/people.parquet'",
        "COPY people TO '{folder}/stolen.csv'",
        "INSERT INTO people SELECT * FROM people",
        "INSTALL httpfs",
        "SET enable_external_access = true; SELECT * FROM '{folder}/people.parquet'",
        "FROM peple",
    ],
)
def test_a_query_of_duckdb_reaches_nothing_but_its_file(tmp_path: Path, duck: Path, query: str) -> None:
    source = sql("duckdb:///people.duckdb", table=None, query=query.format(folder=tmp_path))
    told = failure("duckdb_read", tmp_path, source, file="people.duckdb")
    assert told.rule == "source-unreachable"
    assert not (tmp_path / "stolen.csv").exists()


def store(url: str, **changes: Any) -> dict[str, Any]:
    return {"type": "object_store", "url": url, "format": "parquet", "options": {}, "version": ""} | changes


def test_an_object_is_read(tmp_path: Path) -> None:
    with fsspec.open("memory://lake/people.parquet", "wb") as file:
        people().write_parquet(file)
    product = read("object_store_read", tmp_path, store("memory://lake/people.parquet"))
    assert_frame_equal(rows(product), people())
    assert [path.name for path in (tmp_path / "step").iterdir()] == ["rows.parquet"]


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_files_are_read_in_the_order_of_their_names(tmp_path: Path, form: str) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    for number in (2, 0, 1):
        part = people().slice(number * 15, 15)
        getattr(part, f"write_{form.replace('jsonl', 'ndjson')}")(lake / f"part-{number}.{form}")
    product = read("object_store_read", tmp_path, store(f"file://{lake}/part-*.{form}", format=form))
    read_back = rows(product)
    assert read_back["id"].cast(pl.Int64).to_list() == list(range(40))
    assert read_back.columns == people().columns


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///nowhere/people.parquet", "/nowhere/people.parquet"),
        ("file:///nowhere/*.parquet", "no file there has such a name"),
        ("memory://nowhere/people.parquet", "nowhere"),
    ],
)
def test_what_is_not_in_the_store_is_told(tmp_path: Path, url: str, words: str) -> None:
    told = failure("object_store_read", tmp_path, store(url))
    assert told.rule == "source-unreachable"
    assert words in told.detail


def test_a_store_whose_package_is_not_installed_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)  # wherever it is installed, here it is not
    told = failure("object_store_read", tmp_path, store("gs://lake/people.parquet"))
    assert "needs the package gcsfs" in told.detail
    assert "pip install 'mlc[gcs]'" in told.help


def test_a_secret_option_is_told_to_nobody(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "key": "${secret:KEY}",
        "secret": "x",
        "client_kwargs": {"endpoint_url": "http://127.0.0.1:1"},
    }
    options["config_kwargs"] = {"retries": {"max_attempts": 0}}
    told = failure("object_store_read", tmp_path, store("s3://lake/people.parquet", options=options))
    assert told.rule == "source-unreachable"


def test_a_damaged_object_is_told(tmp_path: Path) -> None:
    with fsspec.open("memory://lake/bad.parquet", "wb") as file:
        file.write(b"no parquet")
    told = failure("object_store_read", tmp_path, store("memory://lake/bad.parquet"))
    assert told.rule == "data-unreadable"


def test_a_column_that_the_source_has_not_is_told(tmp_path: Path, database: Path) -> None:
    told = failure("sql_read", tmp_path, sql(), file="people.db", columns=["id", "agee"])
    assert told.rule == "column-missing"
    assert 'Did you mean "age"?' in told.detail


def test_pseudonyms_are_made_before_anything_is_written(tmp_path: Path, database: Path) -> None:
    privacy: dict[str, Any] = {
        "drop": ["height"],
        "pseudonymise": {"columns": ["city"], "key": "${secret:KEY}", "key_version": ""},
    }
    product = read("sql_read", tmp_path, sql(), file="people.db", columns=["id", "city"], privacy=privacy)
    cities = rows(product)["city"]
    assert cities.n_unique() == 2
    assert all(len(one) == 32 for one in cities)
    content = b"".join(path.read_bytes() for path in (tmp_path / "step").iterdir())
    assert b"Oslo" not in content
    assert KEY.encode() not in content
    privacy["pseudonymise"]["key"] = "${secret:SHORT}"
    told = failure("sql_read", tmp_path, sql(), file="people.db", columns=["id", "city"], privacy=privacy)
    assert told.rule == "pseudonym-key-short"
