"""Registries on real servers: PostgreSQL, MariaDB, an S3 that moto plays, and what speaks MongoDB's protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import s3fs

from mlc.drivers.registry import Registry, list_models, open_registry
from mlc.drivers.registry.documents import PREFIX as COLLECTIONS
from mlc.drivers.registry.documents import BytesInDocuments
from mlc.drivers.registry.objects import InObjectStore
from mlc.drivers.registry.relational import InDatabase
from mlc.ir.operation import StepFailed
from mlc.store.catalogue_tables import TABLES, VERSION
from mlc.store.databases import engine_of
from mlc.store.secrets import Secret
from platforms.servers import PASSWORD, S3_KEYS, Server, mariadb, mongodb, postgresql, s3
from stages.registry.conformance import *  # noqa: F403 - the tests of every shape
from stages.registry.conformance import Shape, overwrite_file, overwrite_row
from stages.registry.former import check_it_is_taken_further, rows_of_version_1
from stages.registry.lasting import *  # noqa: F403
from stages.registry.making import put, rule_of

SECRETS = {"password": PASSWORD, "key": S3_KEYS["key"], "secret": S3_KEYS["secret"]}
REFERENCES = {"key": "${secret:key}", "secret": "${secret:secret}"}


class Servers(NamedTuple):
    postgresql: Server
    mariadb: Server
    mongodb: Server
    s3: str


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with ExitStack() as started:
        enter = started.enter_context
        yield Servers(enter(postgresql()), enter(mariadb()), enter(mongodb()), enter(s3()))


@pytest.fixture(autouse=True)
def secrets(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("secrets")
    for name, value in SECRETS.items():
        (folder / name).write_text(value)
    monkeypatch.setenv("MLC_SECRETS", str(folder))


def overwrite_object(registry: Registry, digest: str, content: bytes) -> None:
    files = registry.files
    assert isinstance(files, InObjectStore)
    files.keep(digest, content)


def overwrite_document(registry: Registry, digest: str, content: bytes) -> None:
    files = registry.files
    assert isinstance(files, BytesInDocuments)
    files.keep(digest, content)


def options(servers: Servers) -> dict[str, Any]:
    return REFERENCES | {"client_kwargs": {"endpoint_url": servers.s3, "region_name": "eu-west-1"}}


def specs(servers: Servers) -> dict[str, dict[str, Any]]:
    on_postgresql = {"database": servers.postgresql.url, "password": "${secret:password}"}
    on_mariadb = {"database": servers.mariadb.url, "password": "${secret:password}"}
    in_objects = {"files": "s3://registry/models", "options": options(servers)}
    embedded = {"database": "sqlite:///.mlc/registry/registry.db"}
    return {
        "all in PostgreSQL": {"type": "database", **on_postgresql},
        "all in MariaDB": {"type": "database", **on_mariadb},
        "all in MongoDB": {"type": "database", "database": servers.mongodb.url},
        "PostgreSQL and a folder": {"type": "hybrid", **on_postgresql, "files": "kept"},
        "MariaDB and S3": {"type": "hybrid", **on_mariadb, **in_objects},
        "SQLite and S3": {"type": "hybrid", **embedded, **in_objects},
    }


WAYS: dict[str, Callable[[Registry, str, bytes], None]] = {
    "all in PostgreSQL": overwrite_row,
    "all in MariaDB": overwrite_row,
    "all in MongoDB": overwrite_document,
    "PostgreSQL and a folder": overwrite_file,
    "MariaDB and S3": overwrite_object,
    "SQLite and S3": overwrite_object,
}


@pytest.fixture(params=WAYS)
def shape(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> Shape:
    emptied(servers)
    return Shape(tmp_path, specs(servers)[request.param], WAYS[request.param])


def emptied(servers: Servers) -> None:
    """No registry anywhere."""
    for server in (servers.postgresql, servers.mariadb):
        engine = engine_of(server.url, Secret(PASSWORD))
        TABLES.drop_all(engine)
        engine.dispose()
    import pymongo

    with pymongo.MongoClient[dict[str, Any]](servers.mongodb.url) as client:
        database = client.get_default_database()
        for name in database.list_collection_names():
            if name.startswith(COLLECTIONS):
                database.drop_collection(name)
    where = {"client_kwargs": {"endpoint_url": servers.s3, "region_name": "eu-west-1"}}
    store = s3fs.S3FileSystem(**S3_KEYS, **where, use_listings_cache=False)
    if store.exists("registry/models"):
        store.rm("registry/models", recursive=True)
    if not store.exists("registry"):
        store.mkdir("registry", region_name="eu-west-1")


def test_a_server_that_is_gone_is_told_without_its_password(servers: Servers, tmp_path: Path) -> None:
    for spec in (
        {
            "type": "database",
            "database": "postgresql://mlc@127.0.0.1:1/nowhere",
            "password": "${secret:password}",
        },
        {"type": "database", "database": "mongodb://127.0.0.1:1/nowhere?serverSelectionTimeoutMS=500"},
        {
            "type": "hybrid",
            "database": "sqlite:///r.db",
            "files": "s3://nowhere/models",
            "options": options(servers),
        },
    ):
        with pytest.raises(StepFailed) as failed:
            put(tmp_path, b"a", spec=spec)
        assert rule_of(failed) == "registry-unreachable"
        told = str(failed.value.diagnostics[0])
        assert not any(secret in told for secret in SECRETS.values())


def test_a_newer_registry_is_left_alone(servers: Servers, tmp_path: Path) -> None:
    emptied(servers)
    spec = specs(servers)["all in PostgreSQL"]
    put(tmp_path, b"a", spec=spec)
    catalogue = open_registry(tmp_path, spec).catalogue
    assert isinstance(catalogue, InDatabase)
    catalogue.database.changing(lambda ask: ask("UPDATE mlc_registry_version SET number = 99", {}))
    for attempt in (lambda: put(tmp_path, b"b", spec=spec), lambda: list_models(tmp_path, spec)):
        with pytest.raises(StepFailed, match="a newer mlc made it") as failed:
            attempt()
        assert rule_of(failed) == "registry-unreachable"


@pytest.mark.parametrize("name", ["all in PostgreSQL", "all in MariaDB"])
def test_tables_of_version_1_are_read_and_taken_further(servers: Servers, tmp_path: Path, name: str) -> None:
    """What stood in them was written by the mlc of that version into SQLite, with the same tables."""
    emptied(servers)
    written = rows_of_version_1()
    spec = specs(servers)[name]
    tables = [table for table in TABLES.sorted_tables if table.name in written]
    assert len(tables) == len(written), "every table of version 1 is one of version 2"
    engine = engine_of(spec["database"], Secret(PASSWORD))
    with engine.begin() as connection:
        TABLES.create_all(connection, tables=tables)
        for table in tables:
            connection.execute(table.insert(), written[table.name])
    engine.dispose()
    check_it_is_taken_further(tmp_path, spec)
    catalogue = open_registry(tmp_path, spec).catalogue
    assert isinstance(catalogue, InDatabase)
    assert catalogue.database.changing(catalogue.database.version_of) == VERSION
