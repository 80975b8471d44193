"""The state of one environment on this machine: a SQLite database in `.mlc/state/`.

Every change is one durable transaction (WAL with synchronous=FULL: the default would lose the last
acknowledged commit at a power cut) and makes the serial one higher.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import msgspec

from mlc.ir.state import EMPTY, VERSION, State
from mlc.store.asked import is_there
from mlc.store.files import make_folder, refusal, sync_folder
from mlc.store.records import Edit, Identity, Owner, StateStore, StateUnreadable, decoded
from mlc.store.upgrades import CHAIN, upgrade

__all__ = ["StateStore", "StateUnreadable", "opened", "read_state"]

_TABLES = (
    """CREATE TABLE state (
        lineage TEXT NOT NULL,
        serial INTEGER NOT NULL,
        project TEXT NOT NULL DEFAULT '',
        environment TEXT NOT NULL DEFAULT ''
    )""",
    """CREATE TABLE entry (
        type TEXT NOT NULL CHECK (type IN ('resource', 'operation', 'artifact', 'origin')),
        name TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (type, name)
    ) WITHOUT ROWID""",
)
_NOBODY = Owner()


def read_state(path: Path) -> State:
    """The state, or an empty one where there is none. Never creates or changes anything.

    Raises StateUnreadable.
    """
    if not is_there(path):
        return EMPTY
    with _failures_told(path), closing(_connected(path)) as connection:
        return _read(connection, path)


@contextmanager
def opened(path: Path, owner: Owner = _NOBODY) -> Iterator[StateStore]:
    """The state, open for writing, and closed again; made where there is none, upgraded where it is older.

    Hold the lock (`store.lock`) meanwhile. Opening raises StateUnreadable and OSError.
    """
    store = StateStore(_File(path, owner))
    try:
        yield store
    finally:
        store.close()


class _File:
    """The records in a file of SQLite's. Connections are for one thread at a time, not for one thread."""

    def __init__(self, path: Path, owner: Owner) -> None:
        make_folder(path.parent, 0o700)
        if not path.exists():  # an empty file is an empty database: private from its first moment
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            sync_folder(path.parent)
        self._path = path
        with _failures_told(path):
            self._connection = _connected(path)
            try:
                version = _version_of(self._connection, path)  # before anything is changed
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                if not version:
                    self._create(owner)
                elif version < VERSION:
                    upgrade(self._connection, path, owner, version, VERSION)
            except BaseException:
                self._connection.close()
                raise

    def read(self) -> State:
        with _failures_told(self._path):
            return _read(self._connection, self._path)

    def change(self, edits: Sequence[Edit], become: Identity | None = None) -> None:
        with self._transaction() as connection:
            for entry_type, name, value in edits:
                if value is None:
                    connection.execute("DELETE FROM entry WHERE type = ? AND name = ?", (entry_type, name))
                else:
                    connection.execute(
                        "INSERT INTO entry VALUES (?, ?, ?) "
                        "ON CONFLICT (type, name) DO UPDATE SET value = excluded.value",
                        (entry_type, name, value),
                    )
            if become is None:
                connection.execute("UPDATE state SET serial = serial + 1")
            else:
                connection.execute(
                    "UPDATE state SET lineage = ?, serial = ?", (become.lineage, become.serial)
                )

    def close(self) -> None:
        self._connection.close()

    def _create(self, owner: Owner) -> None:
        """Tables, version and lineage in one transaction: there is all of it, or an empty database."""
        with self._transaction() as connection:
            for table in _TABLES:
                connection.execute(table)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            row = (str(uuid4()), 0, owner.project, owner.environment)
            connection.execute("INSERT INTO state VALUES (?, ?, ?, ?)", row)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _failures_told(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{_access(path)}",
        uri=True,
        timeout=30,
        isolation_level=None,
        check_same_thread=False,
    )


def _access(path: Path) -> str:
    """Readers open the file for writing as well: SQLite must recover a log that a killed writer left.

    In a read-only folder it cannot even share memory with others. Nobody writes there, so the file may be
    read as it is; unless such a log or journal lies beside it that would be overlooked.
    """
    if os.access(path.parent, os.W_OK):
        return "mode=rw"
    left = [path.with_name(f"{path.name}-{one}") for one in ("wal", "journal")]
    is_whole = not any(one.exists() and one.stat().st_size for one in left)
    return "mode=ro&immutable=1" if is_whole else "mode=ro"


def _version_of(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the tables; 0 where there are none yet. Raises StateUnreadable."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise StateUnreadable(
            f"The state {path} has version {version}, and this mlc knows versions up to {VERSION}. "
            "It was written by a newer mlc; use that one. Nothing was changed."
        )
    if not version and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StateUnreadable(
            f"{path} is an SQLite database, but no state of mlc: it has tables, and no version of ours. "
            "Move it away and apply again."
        )
    return version


def _read(connection: sqlite3.Connection, path: Path) -> State:
    version = _version_of(connection, path)
    if not version:
        return EMPTY
    if version < VERSION:
        return _read_older(connection, path, version)
    try:
        connection.execute("BEGIN")  # both questions are answered of one moment
        lineage, serial, project, environment = connection.execute(
            "SELECT lineage, serial, project, environment FROM state"
        ).fetchone()
        records = connection.execute("SELECT type, name, value FROM entry").fetchall()
        return decoded(Identity(lineage, serial), Owner(project, environment), records)
    except (TypeError, ValueError, msgspec.DecodeError) as error:  # no row, or values that are none of ours
        raise _damaged(path, error) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _read_older(connection: sqlite3.Connection, path: Path, version: int) -> State:
    """A state of an older version as it will be once it is upgraded; the file stays as it is."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        connection.backup(copy)
        for step in range(version, VERSION):
            CHAIN[step](copy, _NOBODY)
        copy.execute(f"PRAGMA user_version = {VERSION}")
        return _read(copy, path)


_SYSTEM = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EIO,
    sqlite3.SQLITE_BUSY: errno.EBUSY,
}


@contextmanager
def _failures_told(path: Path) -> Iterator[None]:
    """What the disk did becomes an OSError like everywhere else, what the file is a StateUnreadable."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        number = _SYSTEM.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if number is not None:
            reason = refusal(path.parent)
            number = number if reason is None or reason.errno is None else reason.errno
            raise OSError(number, os.strerror(number), str(path)) from error
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> StateUnreadable:
    return StateUnreadable(
        f"The state {path} cannot be read: {error}. Restore it from a copy, or move it away and apply "
        "again: what is in the store and the registry is found again and nothing is trained twice."
    )
