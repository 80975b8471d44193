"""The index of facts of a registry in folders: an SQLite file beside them, which is made anew where it does not match.

Whoever registers takes the stamp of a model out of it before and puts it in afterwards, with the facts. A stamp says
when the folder of the versions, and what counts their descriptions, were last written: a writer that was killed has
left none, and what came by another way (a copy, a pull) has another. Nothing depends on this file: it may be removed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from mlc.drivers.registry.fact_rows import TABLES_IN_SQLITE, FactRows
from mlc.drivers.registry.facts import Fact
from mlc.drivers.registry.rows import with_tables
from mlc.store.files import make_folder

FOLDER = ".index"
_VERSION = 1
_TABLES = (*TABLES_IN_SQLITE, "CREATE TABLE stamps (name TEXT PRIMARY KEY, stamp TEXT NOT NULL) STRICT")
_BUSY_SECONDS = 30.0

Described = Mapping[int, tuple[str, Sequence[Fact] | None]]
"""By number: the digest of the last description and its facts; None where it cannot be read."""


class FolderIndex:
    """The index below a path, opened when it is first asked. Where the folder cannot be written to, or what is there
    is no index, it is in memory, and made anew each time."""

    def __init__(self, root: Path) -> None:
        self._path = root / FOLDER / "facts.db"
        self._rows: sqlite3.Connection | None = None

    @property
    def facts(self) -> FactRows:
        connection = self._connection()
        return FactRows(with_tables(lambda told, values: connection.execute(told, values).fetchall(), ""))

    def is_as(self, name: str, stamp: str) -> bool:
        """Whether it knows all that there is of a name, as its stamp is now."""
        found = self._connection().execute("SELECT stamp FROM stamps WHERE name = ?", (name,)).fetchone()
        return found is not None and found[0] == stamp

    def is_changing(self, name: str) -> None:
        """Something of that name is going to be written."""
        self._done(lambda rows: rows.execute("DELETE FROM stamps WHERE name = ?", (name,)))

    def take(self, name: str, told: Described, gone: Iterable[int], stamp: str) -> None:
        """What was written, and what is gone; the stamp with it says that this is all."""

        def write(rows: sqlite3.Connection) -> None:
            facts = self.facts
            for number in gone:
                facts.forget(name, number)
            for number, (entry, known) in told.items():
                if known is None:
                    facts.forget(name, number)
                    facts.miss(name, number)
                else:
                    facts.note(name, number, entry, known)
            if stamp:
                rows.execute("INSERT OR REPLACE INTO stamps (name, stamp) VALUES (?, ?)", (name, stamp))

        self._done(write)

    def close(self) -> None:
        if self._rows is not None:
            self._rows.close()
            self._rows = None

    def _done(self, write: Callable[[sqlite3.Connection], object]) -> None:
        rows = self._connection()
        rows.execute("BEGIN IMMEDIATE")
        try:
            write(rows)
            rows.execute("COMMIT")
        finally:
            if rows.in_transaction:
                rows.execute("ROLLBACK")

    def _connection(self) -> sqlite3.Connection:
        if self._rows is None:
            self._rows = self._opened()
        return self._rows

    def _opened(self) -> sqlite3.Connection:
        for _ in range(2):
            try:
                return self._usable()
            except (sqlite3.DatabaseError, OSError):
                with suppress(
                    OSError
                ):  # it is damaged, or somebody else's: what it says can be found out again
                    self._path.unlink()
        return _with_tables(_connected(":memory:"))

    def _usable(self) -> sqlite3.Connection:
        folder = self._path.parent
        if not folder.is_dir():
            make_folder(folder, 0o700)
            (folder / ".gitignore").write_bytes(b"*\n")  # each copy of the registry makes its own
        if not os.access(folder, os.W_OK):
            raise PermissionError(folder)
        connection = _connected(str(self._path))
        try:
            return _with_tables(connection)
        except BaseException:
            connection.close()
            raise


def _connected(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _with_tables(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Raises sqlite3.DatabaseError for what is no index of this version."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes shows by its stamp
    connection.execute("BEGIN IMMEDIATE")
    with closing(connection.execute("PRAGMA user_version")) as told:
        version = told.fetchone()[0]
    if version == 0:
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")
    if version not in (0, _VERSION):
        raise sqlite3.DatabaseError("an index of another version")
    return connection
