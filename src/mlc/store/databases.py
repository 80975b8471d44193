"""What databases differ in: their drivers, how they connect, their clocks and the types of their columns."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects.mysql import LONGBLOB
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.rules import state_unreachable
from mlc.store.asked import is_there
from mlc.store.files import make_folder, sync_folder
from mlc.store.secrets import Secret

VERSION = 2
"""2: entries of the type `origin`; the tables are the same."""

TABLES = MetaData()
OF_MYSQL: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
}
BYTES = LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb")

Table(
    "mlc_version",
    TABLES,
    Column("only_row", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    **OF_MYSQL,
)
Table(
    "mlc_state",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("project", String(190), nullable=False),
    Column("environment", String(190), nullable=False),
    Column("lineage", String(64), nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("holder", String(250)),
    Column(
        "since", BigInteger, nullable=False
    ),  # as `expires` in milliseconds since 1970, of the database's clock
    Column("expires", BigInteger, nullable=False),
    UniqueConstraint("project", "environment"),
    **OF_MYSQL,
)
Table(
    "mlc_entry",
    TABLES,
    Column("state", Integer, primary_key=True, autoincrement=False),
    Column("type", String(16), primary_key=True),
    Column("digest", String(64), primary_key=True),  # of the name, which may be longer than a key may be
    Column("name", Text, nullable=False),
    Column("value", BYTES, nullable=False),
    **OF_MYSQL,
)

NOW = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    "mysql": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
    "mariadb": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
}
"""Milliseconds since 1970 by the database's own clock."""

_DRIVERS = {
    "postgresql": ("postgresql+psycopg", "psycopg", "postgresql"),
    "mysql": ("mysql+pymysql", "pymysql", "mysql"),
    "mariadb": ("mariadb+pymysql", "pymysql", "mysql"),
}
"""The driver where the URL names none, its package, and the extra that brings it."""

_CONNECTING: dict[str, dict[str, Any]] = {
    # a server that vanished is noticed within seconds, rather than when the system gives up
    "psycopg": {
        "connect_timeout": 10,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "tcp_user_timeout": 20_000,
    },
    "pymysql": {"connect_timeout": 10, "read_timeout": 30, "write_timeout": 30},
    "pysqlite": {"timeout": 30},
}


class Told(Protocol):
    """A rule that says what is wrong with a database, of whatever is kept there."""

    def no_driver(self, where: str, package: str, extra: str) -> Diagnostic: ...

    def bad_url(self, where: str, why: str) -> Diagnostic: ...


def engine_of(url: str, password: Secret | None, told: Told = state_unreachable) -> Engine:
    """Connections to a database. Nothing is reached yet; a SQLite file that is not there is made, private.

    Raises StepFailed (what is `told`) where its driver is not installed, or the URL is none.
    """
    try:
        parsed = make_url(url)
        driver, package, extra = _DRIVERS.get(parsed.drivername, ("", "", ""))
        if driver:
            parsed = parsed.set(drivername=driver)
        if package and find_spec(package) is None:
            raise StepFailed(told.no_driver(shown(url), package, extra))
        if password is not None:
            parsed = parsed.set(password=password.reveal())
        name = parsed.get_backend_name()
        if name == "sqlite":
            _make_private(Path(parsed.database or ""))
        connecting = _CONNECTING.get(parsed.get_driver_name(), {})
        isolation: dict[str, Any] = {} if name == "sqlite" else {"isolation_level": "READ COMMITTED"}
        engine = create_engine(
            parsed, connect_args=connecting, pool_size=2, max_overflow=2, pool_pre_ping=True, **isolation
        )
    except ModuleNotFoundError as error:
        raise StepFailed(told.no_driver(shown(url), error.name or "of its driver", "")) from None
    except (ArgumentError, SQLAlchemyError, ValueError) as error:
        why = str(error) if password is None else password.hidden_in(str(error))
        raise StepFailed(told.bad_url(shown(url), why)) from None
    if name in ("mysql", "mariadb"):
        event.listen(engine, "connect", _in_utc)
    if name == "sqlite":
        event.listen(engine, "connect", _synced)
    return engine


def is_missing(url: str) -> bool:
    """Whether a URL names a SQLite file that is not there: to look at it would make it."""
    scheme, _, path = url.partition("?")[0].partition(":///")
    return scheme.partition("+")[0] == "sqlite" and not is_there(Path(path))


def shown(url: str) -> str:
    """A URL without what may be secret in it: its password and its options."""
    plain = url.partition("?")[0]
    scheme, mark, rest = plain.partition("://")
    account, at, place = rest.rpartition("@")
    return f"{scheme}{mark}{account.partition(':')[0]}{at}{place}"


def _in_utc(connection: Any, _record: Any) -> None:
    """The clock of a time zone stands still for an hour each autumn."""
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")


def _synced(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = FULL")


def _make_private(path: Path) -> None:
    if not path.exists():
        make_folder(path.parent, 0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        sync_folder(path.parent)
