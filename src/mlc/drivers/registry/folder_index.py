"""The index of facts of a registry in folders: an SQLite file beside them, which whoever searches brings up to date.

Who registers does not know of it. Each model has a stamp: when the folder of its versions, that of their digests and
the list of what was described anew were last written. Where it is another than when the index was made, whether a
writer of ours came by or a pull, the versions whose own folder was written since are read again. Nothing depends on
this file: it may be removed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from mlc.drivers.registry.fact_rows import TABLES_IN_SQLITE, FactRows
from mlc.drivers.registry.facts import Fact
from mlc.drivers.registry.rows import with_tables
from mlc.store.files import make_folder

FOLDER = ".index"
_VERSION = 1
_TABLES = (
    *TABLES_IN_SQLITE,
    "CREATE TABLE stamps (name TEXT PRIMARY KEY, stamp TEXT NOT NULL) STRICT",
    "CREATE TABLE seen (name TEXT NOT NULL, number INTEGER NOT NULL, written INTEGER NOT NULL, "
    "PRIMARY KEY (name, number)) STRICT, WITHOUT ROWID",
)
_BUSY_SECONDS = 30.0


class Told(NamedTuple):
    """The last description of a version: its digest, its facts (None where it cannot be read), and when its folder
    was written."""

    entry: str
    facts: Sequence[Fact] | None
    written: int


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

    def stamps(self) -> dict[str, str]:
        """Of every name that it knows."""
        return dict(self._connection().execute("SELECT name, stamp FROM stamps").fetchall())

    def seen(self, name: str) -> dict[int, int]:
        """When the folder of each version was written that it knows."""
        rows = self._connection().execute("SELECT number, written FROM seen WHERE name = ?", (name,))
        return dict(rows.fetchall())

    def take(self, name: str, told: Mapping[int, Told], gone: Iterable[int], stamp: str) -> None:
        """What is new of a name, and what is gone; its stamp says that this is all."""
        rows, facts = self._connection(), self.facts
        rows.execute("BEGIN IMMEDIATE")
        try:
            for number in gone:
                facts.forget(name, number)
                rows.execute("DELETE FROM seen WHERE name = ? AND number = ?", (name, number))
            for number, one in told.items():
                if one.facts is None:
                    facts.forget(name, number)
                    facts.miss(name, number)
                else:
                    facts.note(name, number, one.entry, one.facts)
                rows.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (name, number, one.written))
            rows.execute("INSERT OR REPLACE INTO stamps VALUES (?, ?)", (name, stamp))
            rows.execute("COMMIT")
        finally:
            if rows.in_transaction:
                rows.execute("ROLLBACK")

    def close(self) -> None:
        if self._rows is not None:
            self._rows.close()
            self._rows = None

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


def brought_up_to_date(
    index: FolderIndex,
    folders: Mapping[str, Path],
    read: Callable[[str, int], tuple[str, Sequence[Fact] | None] | None],
) -> None:
    """Let an index know of everything in the folders of some names, and of nothing else.

    `read` gives the digest of a version's last description and its facts. Nobody may write meanwhile.
    """
    known = index.stamps()
    for name, folder in folders.items():
        stamp = stamp_of(folder)
        if known.pop(name, None) == stamp:
            continue
        seen, written = index.seen(name), _written(folder / "versions")
        told = {}
        for number, when in written.items():
            if seen.get(number) != when and (found := read(name, number)) is not None:
                told[number] = Told(*found, when)
        index.take(name, told, seen.keys() - written.keys(), stamp)
    for name in known:  # their folders are gone
        index.take(name, {}, index.seen(name), "")


def is_up_to_date(index: FolderIndex, folders: Mapping[str, Path]) -> bool:
    """Whether that would change nothing."""
    known = {name: stamp for name, stamp in index.stamps().items() if stamp}
    return known == {name: stamp_of(folder) for name, folder in folders.items()}


def stamp_of(folder: Path) -> str:
    """It changes whenever a version or a description in a model's folder is written or goes."""
    found = []
    for name in ("versions", "digests", "described"):
        try:
            told = (folder / name).stat()
            found.append(f"{told.st_mtime_ns}.{told.st_nlink}.{told.st_size}")
        except (FileNotFoundError, NotADirectoryError):
            found.append("-")
    return " ".join(found)


def _written(versions: Path) -> dict[int, int]:
    """When the folder of each version was last written, by number."""
    try:
        with os.scandir(versions) as found:
            return {int(one.name): one.stat().st_mtime_ns for one in found if one.name.isdigit()}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _connected(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _with_tables(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Raises sqlite3.DatabaseError for what is no index of this version."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes shows by its stamp
    with closing(connection.execute("PRAGMA user_version")) as told:
        version = told.fetchone()[0]
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES if connection.execute("PRAGMA user_version").fetchone()[0] == 0 else ():
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
    elif version != _VERSION:
        raise sqlite3.DatabaseError("an index of another version")
    return connection
