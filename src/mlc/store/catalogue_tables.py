"""A registry's tables in a database: PostgreSQL, MySQL, MariaDB or SQLite, by one schema.

`asking` runs one transaction and gives a function that asks it. The statements come from `drivers.registry.rows`; here
is what databases differ in. Names are of at most 190 characters, as a key of MySQL's must be short.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from weakref import finalize

from msgspec import Struct, field
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    event,
    inspect,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from mlc.ir.operation import StepFailed
from mlc.rules import registry_unreachable
from mlc.store.databases import BYTES, NOW, OF_MYSQL, engine_of, is_missing, shown
from mlc.store.secrets import Secret

VERSION = 2
"""2: an index of facts."""

PREFIX = "mlc_registry_"
PATIENCE = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds to wait before a change is made again that somebody else's came in the way of."""

TABLES = MetaData()
_Answer = TypeVar("_Answer")
Ask = Callable[[str, Mapping[str, Any]], Sequence[Mapping[str, Any]]]


def _name(size: int = 190) -> String:
    """A text that is compared letter by letter: MySQL would take A for a, and é for e."""
    return String(size).with_variant(String(size, collation="utf8mb4_bin"), "mysql", "mariadb")


def _table(name: str, *parts: Any) -> None:
    Table(PREFIX + name, TABLES, *parts, **OF_MYSQL)


_table(
    "version",
    Column("only_row", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
)
_table("models", Column("name", _name(), primary_key=True))
_table(
    "versions",
    Column("name", _name(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("created", String(40), nullable=False),
    UniqueConstraint("name", "digest"),
)
_table(
    "revisions",
    Column("name", _name(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("entry", String(64), nullable=False),
    Column("created", String(40), nullable=False),
)
_table(
    "files",
    Column("name", _name(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("role", _name(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Index(f"{PREFIX}files_digest", "digest"),
)
_table(
    "aliases",
    Column("name", _name(), primary_key=True),
    Column("alias", _name(), primary_key=True),
    Column("number", Integer, nullable=False),
)
_table(
    "promotions",
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("name", _name(), nullable=False),
    Column("alias", _name(), nullable=False),
    Column("number", Integer),
    Column("former", Integer),
    Column("environment", _name(), nullable=False),
    Column("deployment", _name(), nullable=False),
    Column("at", String(40), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index(f"{PREFIX}promotions_alias", "name", "alias"),
)
_table(
    "facts",
    Column("name", _name(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("path", _name(), primary_key=True),
    Column("nth", Integer, primary_key=True, autoincrement=False),
    Column("text", _name(), nullable=False),
    Column("value", Double),
    Index(f"{PREFIX}facts_found", "path", "text", "value"),
)
_table(
    "unnoted",
    Column("name", _name(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
)
_table(
    "contents",
    Column("digest", String(64), primary_key=True),
    Column("pieces", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),  # milliseconds since 1970, of the database's clock
)
_table(
    "pieces",
    Column("digest", String(64), primary_key=True),
    Column("nth", Integer, primary_key=True, autoincrement=False),
    Column("content", BYTES, nullable=False),
)


class Connections:
    """The connections to one database, opened when it is first reached, and closed when nobody can reach it by this
    any more. A process that was forked opens its own: two cannot speak through one connection."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._process = 0
        self._closing: finalize[..., Any] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Connections)  # they are no part of which database it is

    def __hash__(self) -> int:
        return 0

    def opened(self, url: str, password: Secret | None) -> Engine:
        if self._engine is None or self._process != os.getpid():
            if self._closing is not None:
                self._closing.detach()
            engine = engine_of(url, password, registry_unreachable)
            if engine.dialect.name == "sqlite":  # Python's own driver begins only when something is written
                event.listen(engine, "connect", _by_hand)
                event.listen(engine, "begin", _begin)
            self._closing = finalize(self, engine.dispose)
            self._engine, self._process = engine, os.getpid()
        return self._engine


class Database(Struct, frozen=True):
    """A database by its URL. Raises StepFailed (registry-unreachable) wherever it is reached and does not answer."""

    url: str
    password: Secret | None = None
    connections: Connections = field(default_factory=Connections)

    @contextmanager
    def looking(self) -> Iterator[Ask | None]:
        """One moment of it, to ask; None where it has no registry. Makes nothing."""
        if is_missing(self.url):
            yield None
            return
        with self._told(), self._opened().connect() as connection:
            if connection.dialect.name != "sqlite":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield _asking(connection) if self._version(connection) else None

    def changing(self, doing: Callable[[Ask], _Answer]) -> _Answer:
        """One transaction; again where somebody else's came first. The tables are made where there are none."""
        with self._told():
            engine = self._opened().execution_options(mlc_begin="BEGIN IMMEDIATE")
            self._make_tables(engine)
            for seconds in PATIENCE:
                try:
                    with engine.begin() as connection:
                        return doing(_asking(connection))
                except (IntegrityError, OperationalError) as error:
                    if not _is_in_the_way(error):
                        raise
                    time.sleep(seconds)
            with engine.begin() as connection:
                return doing(_asking(connection))

    def now(self, ask: Ask) -> int:
        """The database's own time, in milliseconds since 1970."""
        dialect = self.url.partition(":")[0].partition("+")[0]
        return int(ask(f"SELECT {NOW[dialect]} AS now", {})[0]["now"])

    def version_of(self, ask: Ask) -> int:
        """Of its tables, which are there."""
        return int(ask(f"SELECT number FROM {PREFIX}version", {})[0]["number"])  # noqa: S608

    def _opened(self) -> Engine:
        return self.connections.opened(self.url, self.password)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the database or the way to it did becomes a finding, without the password."""
        try:
            yield
        except DBAPIError as error:
            why = str(error.orig)
            why = why if self.password is None else self.password.hidden_in(why)
            told = registry_unreachable.found(shown(self.url), why)
            raise StepFailed(told, passing=error.connection_invalidated) from None

    def _make_tables(self, engine: Engine) -> None:
        """Two may do so at once: who comes second finds them there. Earlier tables get what they lack."""
        with engine.connect() as connection:
            found = self._version(connection)
        if found == VERSION:
            return
        try:
            TABLES.create_all(engine)
        except DBAPIError:
            time.sleep(0.2)
            TABLES.create_all(engine)
        with suppress(IntegrityError), engine.begin() as connection:
            if not found:
                connection.execute(
                    text(f"INSERT INTO {PREFIX}version (only_row, number) VALUES (1, :number)"),  # noqa: S608
                    {"number": VERSION},
                )
            else:  # what is there already is indexed by those who register next
                connection.execute(
                    text(
                        f"INSERT INTO {PREFIX}unnoted (name, number) "  # noqa: S608
                        f"SELECT name, number FROM {PREFIX}versions"
                    )
                )
                connection.execute(text(f"UPDATE {PREFIX}version SET number = :number"), {"number": VERSION})  # noqa: S608

    def _version(self, connection: Connection) -> int:
        """Of the tables; 0 where there are none. Raises StepFailed where a newer mlc made them."""
        if not inspect(connection).has_table(f"{PREFIX}version"):
            return 0
        version = connection.execute(text(f"SELECT number FROM {PREFIX}version")).scalar() or 0  # noqa: S608
        if version > VERSION:
            raise StepFailed(registry_unreachable.newer(shown(self.url), version, VERSION))
        return int(version)


def _asking(connection: Connection) -> Ask:
    def ask(statement: str, values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        found = connection.execute(text(statement), dict(values))
        return [dict(row) for row in found.mappings()] if found.returns_rows else []

    return ask


def _is_in_the_way(error: DBAPIError) -> bool:
    """Did another transaction come first? A key that is there already, a deadlock, a lock that is held."""
    if isinstance(error, IntegrityError):
        return True
    words = str(error.orig).lower()
    return any(
        word in words for word in ("deadlock", "serializ", "lock wait", "locked", "record has changed")
    )


def _begin(connection: Connection) -> None:
    """Who is going to write says so at once, rather than find in the middle that somebody else does."""
    connection.exec_driver_sql(connection.get_execution_options().get("mlc_begin", "BEGIN"))


def _by_hand(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
