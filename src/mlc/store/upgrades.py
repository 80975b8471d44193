"""Older states → this version's, one version at a time.

Each upgrade is one transaction, and the file as it was is kept beside it first. A newer version needs one more
function at the end of the chain, and a database written by the version before among the tests.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from mlc.store.files import replacing
from mlc.store.records import Owner


def to_version_2(connection: sqlite3.Connection, owner: Owner) -> None:
    """Version 2 says whose state it is; its records may say what was accepted from outside."""
    connection.execute("ALTER TABLE state ADD COLUMN project TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE state ADD COLUMN environment TEXT NOT NULL DEFAULT ''")
    connection.execute("UPDATE state SET project = ?, environment = ?", (owner.project, owner.environment))


def to_version_3(connection: sqlite3.Connection, owner: Owner) -> None:  # noqa: ARG001 - like the others
    """Version 3 may hold where values stood; of what was applied before, nothing is known."""
    connection.execute(
        """CREATE TABLE entry_3 (
            type TEXT NOT NULL CHECK (type IN ('resource', 'operation', 'artifact', 'origin')),
            name TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (type, name)
        ) WITHOUT ROWID"""
    )
    connection.execute("INSERT INTO entry_3 SELECT type, name, value FROM entry")
    connection.execute("DROP TABLE entry")
    connection.execute("ALTER TABLE entry_3 RENAME TO entry")


Upgrade = Callable[[sqlite3.Connection, Owner], None]

CHAIN: Mapping[int, Upgrade] = {1: to_version_2, 2: to_version_3}
"""The function that leads on from each older version."""


def upgrade(connection: sqlite3.Connection, path: Path, owner: Owner, found: int, wanted: int) -> None:
    """Bring a state to the version wanted, step by step. `connection` does not begin transactions by itself.

    The former state is kept as `NAME.versionN.db`. Raises sqlite3.Error and OSError; the state is then of
    the last version that was reached.
    """
    _keep(connection, path.with_name(f"{path.stem}.version{found}.db"))
    for version in range(found, wanted):
        connection.execute("BEGIN IMMEDIATE")
        try:
            CHAIN[version](connection, owner)
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _keep(connection: sqlite3.Connection, path: Path) -> None:
    """A copy of the database with all that its log still holds, whole or not there at all."""
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.backup(copy)
        content = copy.serialize()
    with replacing(path, 0o600) as file:
        file.write(content)
