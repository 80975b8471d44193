"""The state of one environment: a SQLite database in `.mlc/state/`.

Every change is one durable transaction (WAL with synchronous=FULL: the default would lose the last
acknowledged commit at a power cut) and makes the serial one higher.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from mlc.ir.operation import Outcome
from mlc.ir.state import EMPTY, AppliedArtifact, Move, State
from mlc.store.files import make_folder, refusal, sync_folder

VERSION = 1

_TABLES = """
CREATE TABLE state (lineage TEXT NOT NULL, serial INTEGER NOT NULL);
CREATE TABLE entry (
    type TEXT NOT NULL CHECK (type IN ('resource', 'operation', 'artifact')),
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (type, name)
) WITHOUT ROWID;
"""


class StateUnreadable(Exception):
    """The state is damaged or was written by a newer mlc; the message says which and what to do."""


def read_state(path: Path) -> State:
    """The state, or an empty one where there is none. Never creates anything.

    Raises StateUnreadable.
    """
    if not path.exists():
        return EMPTY
    with _failures_told(path), closing(_connected(path)) as connection:
        return _read(connection, path)


class StateStore:
    """The state, open for writing. Hold the lock (`store.lock`) while one is open.

    Opening raises StateUnreadable; everything raises OSError where the disk is full, fails or is read-only.
    """

    def __init__(self, path: Path) -> None:
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
                    self._create()
            except BaseException:
                self._connection.close()
                raise

    def read(self) -> State:
        """The state as it is now. Raises StateUnreadable."""
        with _failures_told(self._path):
            return _read(self._connection, self._path)

    def put_resource(self, address: str, spec: dict[str, Any]) -> None:
        self._change("resource", address, msgspec.json.encode(spec))

    def put_operation(self, operation_id: str, outcome: Outcome) -> None:
        self._change("operation", operation_id, msgspec.json.encode(outcome))

    def put_artifact(self, path: str, artifact: AppliedArtifact) -> None:
        self._change("artifact", path, msgspec.json.encode(artifact))

    def remove(self, entry_type: str, name: str) -> None:
        """Forget an entry: "resource", "operation" or "artifact"."""
        self._change(entry_type, name, None)

    def move(self, move: Move) -> None:
        """Give everything of a resource its new name: all of it, or nothing where this is interrupted."""
        ids = [("operation", f"{move.was}/{name}", f"{move.now}/{name}") for name in move.operations]
        with _failures_told(self._path), self._connection as connection:
            for entry_type, was, now in [("resource", move.was, move.now), *ids]:
                connection.execute(
                    "UPDATE entry SET name = ? WHERE type = ? AND name = ?", (now, entry_type, was)
                )
            for address, spec in move.specs.items():
                connection.execute(
                    "UPDATE entry SET value = ? WHERE type = 'resource' AND name = ?",
                    (msgspec.json.encode(spec), address),
                )
            written = connection.execute("SELECT name, value FROM entry WHERE type = 'artifact'").fetchall()
            for path, value in written:
                artifact = msgspec.json.decode(value, type=AppliedArtifact)
                if artifact.address == move.was:
                    moved = msgspec.structs.replace(artifact, address=move.now)
                    connection.execute(
                        "UPDATE entry SET value = ? WHERE type = 'artifact' AND name = ?",
                        (msgspec.json.encode(moved), path),
                    )
            connection.execute("UPDATE state SET serial = serial + 1")

    def close(self) -> None:
        self._connection.close()

    def _change(self, entry_type: str, name: str, value: bytes | None) -> None:
        with _failures_told(self._path), self._connection:
            if value is None:
                self._connection.execute("DELETE FROM entry WHERE type = ? AND name = ?", (entry_type, name))
            else:
                self._connection.execute(
                    "INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", (entry_type, name, value)
                )
            self._connection.execute("UPDATE state SET serial = serial + 1")

    def _create(self) -> None:
        """Tables, version and lineage in one transaction: there is all of it, or an empty database."""
        with self._connection:
            self._connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {VERSION};")
            self._connection.execute("INSERT INTO state VALUES (?, 0)", (str(uuid4()),))


@contextmanager
def opened(path: Path) -> Iterator[StateStore]:
    """The state, open for writing, and closed again."""
    store = StateStore(path)
    try:
        yield store
    finally:
        store.close()


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?{_access(path)}", uri=True, timeout=30)


def _access(path: Path) -> str:
    """Readers open the file for writing as well: SQLite must recover a log that a killed writer left.

    In a read-only folder it cannot even share memory with others. Nobody writes there, so the file may be
    read as it is; unless such a log lies beside it that would be overlooked.
    """
    if os.access(path.parent, os.W_OK):
        return "mode=rw"
    log = path.with_name(f"{path.name}-wal")
    return "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"


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
    try:
        lineage, serial = connection.execute("SELECT lineage, serial FROM state").fetchone()
        entries: dict[str, dict[str, bytes]] = {"resource": {}, "operation": {}, "artifact": {}}
        for entry_type, name, value in connection.execute("SELECT type, name, value FROM entry"):
            entries[entry_type][name] = value
        return State(
            version=version,
            lineage=lineage,
            serial=serial,
            resources={name: msgspec.json.decode(value) for name, value in entries["resource"].items()},
            operations=_decoded(entries["operation"], Outcome),
            artifacts=_decoded(entries["artifact"], AppliedArtifact),
        )
    except (TypeError, msgspec.DecodeError) as error:  # no row, or values that are none of ours
        raise _damaged(path, error) from error


def _decoded(values: dict[str, bytes], entry: type[Any]) -> dict[str, Any]:
    decoder = msgspec.json.Decoder(entry)
    return {name: decoder.decode(value) for name, value in values.items()}


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
