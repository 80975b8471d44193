"""The state of one environment: a SQLite database in `.mlc/state/`.

Every change is one durable transaction (WAL with synchronous=FULL: the default would lose the last
acknowledged commit at a power cut) and makes the serial one higher.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from mlc.ir.operation import Outcome
from mlc.ir.state import EMPTY, AppliedArtifact, State
from mlc.store.files import make_folder

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
    with closing(_connected(path)) as connection:
        return _read(connection, path)


class StateStore:
    """The state, open for writing. Hold the lock (`store.lock`) while one is open."""

    def __init__(self, path: Path) -> None:
        make_folder(path.parent, 0o700)
        new = not path.exists()
        self._connection = _connected(path)
        self._path = path
        if new or not self._has_tables():
            with self._connection:
                self._connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {VERSION};")
                self._connection.execute("INSERT INTO state VALUES (?, 0)", (str(uuid4()),))
            path.chmod(0o600)

    def read(self) -> State:
        """The state as it is now. Raises StateUnreadable."""
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

    def close(self) -> None:
        self._connection.close()

    def _change(self, entry_type: str, name: str, value: bytes | None) -> None:
        with self._connection:
            if value is None:
                self._connection.execute("DELETE FROM entry WHERE type = ? AND name = ?", (entry_type, name))
            else:
                self._connection.execute(
                    "INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", (entry_type, name, value)
                )
            self._connection.execute("UPDATE state SET serial = serial + 1")

    def _has_tables(self) -> bool:
        return bool(self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'state'").fetchone())


@contextmanager
def opened(path: Path) -> Iterator[StateStore]:
    """The state, open for writing, and closed again."""
    store = StateStore(path)
    try:
        yield store
    finally:
        store.close()


def _connected(path: Path) -> sqlite3.Connection:
    # Readers open the file for writing as well where they may: SQLite needs it to recover a WAL that a
    # killed writer left behind.
    mode = "rwc" if os.access(path.parent, os.W_OK) else "ro"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30)
    if mode == "rwc":
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    return connection


def _read(connection: sqlite3.Connection, path: Path) -> State:
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise StateUnreadable(
                f"The state {path} has version {version}, and this mlc knows versions up to {VERSION}. "
                "It was written by a newer mlc; use that one."
            )
        row = connection.execute("SELECT lineage, serial FROM state").fetchone() if version else None
        if row is None:
            return EMPTY
        entries: dict[str, dict[str, bytes]] = {"resource": {}, "operation": {}, "artifact": {}}
        for entry_type, name, value in connection.execute("SELECT type, name, value FROM entry"):
            entries[entry_type][name] = value
        return State(
            version=version,
            lineage=row[0],
            serial=row[1],
            resources={name: msgspec.json.decode(value) for name, value in entries["resource"].items()},
            operations=_decoded(entries["operation"], Outcome),
            artifacts=_decoded(entries["artifact"], AppliedArtifact),
        )
    except (sqlite3.DatabaseError, msgspec.DecodeError) as error:
        raise StateUnreadable(
            f"The state {path} cannot be read: {error}. Restore it from a copy, or move it away and apply "
            "again: what is in the store and the registry is found again and nothing is trained twice."
        ) from error


def _decoded(values: dict[str, bytes], entry: type[Any]) -> dict[str, Any]:
    decoder = msgspec.json.Decoder(entry)
    return {name: decoder.decode(value) for name, value in values.items()}
