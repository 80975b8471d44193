"""Rows out of real servers: PostgreSQL, MariaDB, and an S3 that moto plays on a port of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import s3fs
from polars.testing import assert_frame_equal
from sqlalchemy import create_engine, make_url, text

from mlc.cli import main
from mlc.ir.operation import StepFailed
from platforms.servers import PASSWORD, Server, answers, free_port, mariadb, postgresql
from stages.drivers.test_files import people
from stages.drivers.test_sources import read, rows, sql, store

MADE = {"postgresql": postgresql, "mariadb": mariadb}
MOTO = Path(__file__).parents[2] / ".checkers" / "moto" / "bin" / "moto_server"
KEYS = {"key": "AKIA-canary", "secret": "canary-of-moto"}
DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name, value in {"PASSWORD": PASSWORD, "WRONG": "wr0ng-canary", **KEYS}.items():
        (folder / name).write_text(value)
    monkeypatch.setenv("MLC_SECRETS", str(folder))


@pytest.fixture(scope="module", params=sorted(MADE))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with MADE[request.param]() as server:
        url = make_url(server.url)
        engine = create_engine(url.set(password=PASSWORD, drivername=DRIVERS[url.drivername]))
        with engine.begin() as connection:
            connection.execute(
                text(
                    "CREATE TABLE people (id BIGINT, age INT, city VARCHAR(20), height DOUBLE PRECISION, "
                    "member BOOLEAN, gone SMALLINT, price NUMERIC(10, 2), at TIMESTAMP)"
                )
            )
            for row in people().sample(fraction=1.0, shuffle=True, seed=1).iter_rows():
                connection.execute(
                    text(
                        "INSERT INTO people VALUES "
                        "(:id, :age, :city, :height, :member, :gone, 12.50, '2026-01-02 03:04:05')"
                    ),
                    dict(zip(("id", "age", "city", "height", "member", "gone"), row, strict=True)),
                )
        engine.dispose()
        yield server


@pytest.mark.parametrize(
    "asked", [{}, {"table": None, "query": "SELECT * FROM people WHERE id >= 0 AND city NOT LIKE '% :x%'"}]
)
def test_rows_of_a_server_are_read(server: Server, tmp_path: Path, asked: dict[str, Any]) -> None:
    source = sql(server.url, password="${secret:PASSWORD}", **asked)
    columns = ["id", "age", "city", "height", "member", "gone", "price", "at"]
    found = rows(read("sql_read", tmp_path, source, columns=columns))
    assert_frame_equal(
        found.select("id", "age", "city", "height"), people().select("id", "age", "city", "height")
    )
    assert found["gone"].to_list() == people()["left"].to_list()
    assert found["member"].cast(pl.Boolean).to_list() == people()["member"].to_list()
    assert found["price"].cast(pl.Float64).to_list() == [12.5] * 40
    assert str(found["at"][0]) == "2026-01-02 03:04:05"


def test_a_wrong_password_is_told_without_it(server: Server, tmp_path: Path) -> None:
    with pytest.raises(StepFailed) as failed:
        read("sql_read", tmp_path, sql(server.url, password="${secret:WRONG}"))
    assert failed.value.diagnostics[0].rule == "source-unreachable"
    assert "wr0ng-canary" not in repr(failed.value.diagnostics)


def test_nothing_is_written(server: Server, tmp_path: Path) -> None:
    source = sql(server.url, password="${secret:PASSWORD}", table=None, query="DELETE FROM people")
    with pytest.raises(StepFailed):
        read("sql_read", tmp_path, source)
    test_rows_of_a_server_are_read(server, tmp_path, {})


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    assert MOTO.is_file(), "moto is not installed: make checkers"
    port = free_port()
    server = subprocess.Popen([str(MOTO), "-H", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def filled(endpoint: str) -> s3fs.S3FileSystem:
    lake = s3fs.S3FileSystem(**KEYS, client_kwargs={"endpoint_url": endpoint, "region_name": "eu-west-1"})
    if not lake.exists("lake"):
        lake.mkdir("lake", region_name="eu-west-1")
    for number in range(2):
        with lake.open(f"lake/people/part-{number}.parquet", "wb") as file:
            people().slice(number * 20, 20).write_parquet(file)
    return lake


OPTIONS = {"key": "${secret:key}", "secret": "${secret:secret}"}


def test_objects_of_s3_are_read(s3: str, tmp_path: Path) -> None:
    filled(s3)
    options = OPTIONS | {"client_kwargs": {"endpoint_url": s3, "region_name": "eu-west-1"}}
    found = read("object_store_read", tmp_path, store("s3://lake/people/*.parquet", options=options))
    assert_frame_equal(rows(found), people())


@pytest.mark.parametrize("url", ["s3://lake/nothing.parquet", "s3://nowhere/people.parquet"])
def test_what_is_not_in_s3_is_told_without_a_key(s3: str, tmp_path: Path, url: str) -> None:
    filled(s3)
    options = OPTIONS | {"client_kwargs": {"endpoint_url": s3, "region_name": "eu-west-1"}}
    with pytest.raises(StepFailed) as failed:
        read("object_store_read", tmp_path, store(url, options=options))
    assert failed.value.diagnostics[0].rule == "source-unreachable"
    assert "canary" not in repr(failed.value.diagnostics)


def test_apply_reads_from_s3(s3: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(s3)
    files = {
        "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n",
        "env/dev.yaml": "description: Here.\n",
        "dataset/people.yaml": "source:\n  type: object_store\n  url: s3://lake/people/*.parquet\n"
        "  options:\n    key: ${secret:key}\n    secret: ${secret:secret}\n"
        f"    client_kwargs: {{endpoint_url: '{s3}', region_name: eu-west-1}}\n"
        "columns:\n  id: {type: integer, role: id}\n  age: {type: integer}\n"
        "  left: {type: integer, role: label}\nsplit: {method: random, test: 0.3}\n",
    }
    for name, content in files.items():
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text(content)
    assert main.run(["-C", str(tmp_path / "shop"), "apply", "--yes"]) == 0
    assert "40 rows: " in capsys.readouterr().out
    kept = [path.read_bytes() for path in (tmp_path / "shop").rglob("*") if path.is_file()]
    assert not [one for one in kept if b"canary" in one]
