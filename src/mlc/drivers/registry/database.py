"""A catalogue in an SQLite database of the project: its tables, and transactions on them.

It goes by Python's own sqlite3, as the embedded registry has to start at once. A row is the commit point of
everything the registry does. SQLite syncs each commit to the disk (`synchronous=FULL`; in WAL mode the
default would lose the last one at a power cut). Times in it are UTC and come from whoever registers or
promotes.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, field

from mlc.drivers.registry.catalogue import Answer
from mlc.drivers.registry.fact_rows import TABLES_IN_SQLITE
from mlc.drivers.registry.idle import Idle
from mlc.drivers.registry.rows import Ask, IndexedRows, Rows
from mlc.ir.operation import StepFailed
from mlc.rules import registry_unreadable
from mlc.store.asked import is_file
from mlc.store.files import make_folder, refusal, sync_folder

SCHEMA_VERSION = 2
"""2: an index of facts, and versions may be removed that need not be kept."""

BUSY_SECONDS = 30.0

_TABLES = (
    """CREATE TABLE models (name TEXT PRIMARY KEY) STRICT""",
    """CREATE TABLE versions (
        name TEXT NOT NULL REFERENCES models (name),
        number INTEGER NOT NULL CHECK (number >= 1),
        digest TEXT NOT NULL,
        created TEXT NOT NULL,
        PRIMARY KEY (name, number),
        UNIQUE (name, digest)
    ) STRICT""",
    """CREATE TABLE revisions (
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        revision INTEGER NOT NULL CHECK (revision >= 1),
        entry TEXT NOT NULL,
        created TEXT NOT NULL,
        PRIMARY KEY (name, number, revision),
        FOREIGN KEY (name, number) REFERENCES versions (name, number)
    ) STRICT""",
    """CREATE TABLE files (
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        role TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (name, number, revision, role),
        FOREIGN KEY (name, number, revision) REFERENCES revisions (name, number, revision)
    ) STRICT""",
    """CREATE TABLE aliases (
        name TEXT NOT NULL,
        alias TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (name, alias),
        FOREIGN KEY (name, number) REFERENCES versions (name, number)
    ) STRICT""",
    """CREATE TABLE promotions (
        sequence INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        alias TEXT NOT NULL,
        number INTEGER,
        former INTEGER,
        environment TEXT NOT NULL,
        deployment TEXT NOT NULL,
        at TEXT NOT NULL,
        previous TEXT NOT NULL,
        digest TEXT NOT NULL
    ) STRICT""",
    # What is history stays as it was written; only aliases move.
    *(
        f"""CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE (ABORT, 'the registry only adds to {table}'); END"""
        for table in ("models", "versions", "revisions", "files", "promotions")
        for verb in ("UPDATE", "DELETE")
    ),
)

_SECOND = (
    *(f"DROP TRIGGER {table}_delete" for table in ("versions", "revisions", "files")),
    # A version goes as a whole, and never the last one, as the next would be given its number.
    *(
        f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} "  # noqa: S608 - names of ours
        "WHEN OLD.number = (SELECT max(number) FROM versions WHERE name = OLD.name) "
        f"BEGIN SELECT RAISE (ABORT, 'the registry only adds to the last {table}'); END"
        for table in ("versions", "revisions", "files")
    ),
    "CREATE INDEX files_digest ON files (digest)",
    "CREATE INDEX promotions_alias ON promotions (name, alias)",
    *TABLES_IN_SQLITE,
    # What is there already is indexed by those who register next.
    "INSERT INTO unnoted (name, number) SELECT name, number FROM versions",
)
"""What version 2 has beyond 1."""


class InSQLite(Struct, frozen=True):
    """A catalogue in the SQLite database at a path."""

    path: Path
    idle: Idle = field(default_factory=Idle)

    @contextmanager
    def look(self) -> Iterator[Rows | None]:
        with reading(self.path, self.idle) as connection:
            if connection is None:
                yield None
            else:
                kind = Rows if _version_of(connection, self.path) == 1 else IndexedRows
                yield kind(_asking(connection))

    def change(self, doing: Callable[[IndexedRows], Answer]) -> Answer:
        with writing(self.path, self.idle) as connection:
            return doing(IndexedRows(_asking(connection)))


def _asking(connection: sqlite3.Connection) -> Ask:
    return lambda statement, values: connection.execute(statement, values).fetchall()


@contextmanager
def writing(path: Path, idle: Idle | None = None) -> Iterator[sqlite3.Connection]:
    """One transaction that holds the write lock from its start; the database is made where there is none.

    Committed, and on the disk, when the block ends without an exception; otherwise as if it never was.
    Raises StepFailed (registry-unreadable) where the file is no registry, is newer than this mlc, or stays
    locked.
    """
    with _failures_told(path):
        if not path.exists():
            _touch(path)
        with (idle or Idle()).connection(path, "write", lambda: _opened_to_write(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                found = _version_of(connection, path)
                if found < SCHEMA_VERSION:
                    for statement in (*(() if found else _TABLES), *_SECOND):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")


@contextmanager
def reading(path: Path, idle: Idle | None = None) -> Iterator[sqlite3.Connection | None]:
    """A read-only view of one moment; None where there is no registry yet. Makes no database.

    Raises StepFailed like `writing`.
    """
    with _failures_told(path):
        if not is_file(path) or path.stat().st_size == 0:
            yield None
            return
        with (idle or Idle()).connection(path, "read", lambda: _opened_to_read(path)) as connection:
            connection.execute("BEGIN")
            yield connection if _version_of(connection, path) else None


def _opened_to_write(path: Path) -> sqlite3.Connection:
    connection = _connect(f"{path.as_uri()}?mode=rw")
    try:
        _use_wal(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(uri: str) -> sqlite3.Connection:
    # one at a time uses it, which need not be the thread that opened it
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _opened_to_read(path: Path) -> sqlite3.Connection:
    """Reading in WAL mode needs a shared-memory file, which a read-only folder cannot have.

    Nobody writes there, so the file may be read as it is; unless a log of commits lies beside it that
    would be overlooked, and then SQLite says that it cannot open it. What a killed process left half-written
    (a journal) is taken back first, which is writing, and changes nothing that was committed.
    """
    if not os.access(path.parent, os.W_OK):
        return _connect(
            f"{path.as_uri()}?mode=ro" + ("" if _is_left(path, "wal", "journal") else "&immutable=1")
        )
    return _connect(f"{path.as_uri()}?mode={'rw' if _is_left(path, 'journal') else 'ro'}")


def _is_left(path: Path, *what: str) -> bool:
    """Does something lie beside a database that has not found its way into it?"""
    beside = [path.with_name(f"{path.name}-{one}") for one in what]
    return any(one.exists() and one.stat().st_size for one in beside)


def _touch(path: Path) -> None:
    """An empty file is an empty database; made here so that it is private from its first moment."""
    make_folder(path.parent, 0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    sync_folder(path.parent)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Changing the journal's mode does not wait for a lock as other statements do, so we wait for it."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _version_of(connection: sqlite3.Connection, path: Path) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StepFailed(registry_unreadable.newer(path, version, SCHEMA_VERSION))
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise StepFailed(registry_unreadable.foreign(path))
    return version


@contextmanager
def _failures_told(path: Path) -> Iterator[None]:
    """What the disk or another process did becomes a diagnostic; a broken constraint stays our own bug."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        found = (
            registry_unreadable.busy(path, BUSY_SECONDS) if busy else registry_unreadable.failed(path, error)
        )
        # SQLite says that it cannot open a file, and not that the disk is full; the disk itself does.
        raise StepFailed(found, passing=busy) from (refusal(path.parent) or error)
