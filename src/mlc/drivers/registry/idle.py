"""Connections to an SQLite file that wait to be used again, so that a command does not open one for each question."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import finalize

Way = str
"""How a connection was opened: one to read is none to write."""


class Idle:
    """One connection of each way, at most, to the file at a path. It is closed when nobody can ask for it any more.

    A file that is another one by now, or was written in another way, is opened anew; so it is in a process that was
    forked, where those of the parent are left alone. All of these are the same as far as values are compared.
    """

    def __init__(self) -> None:
        self._waiting: dict[Way, tuple[sqlite3.Connection, object]] = {}
        self._process = os.getpid()
        self._of_parents: list[sqlite3.Connection] = []
        finalize(self, _close, self._waiting, self._process)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Idle)

    def __hash__(self) -> int:
        return 0

    @contextmanager
    def connection(
        self, path: Path, way: Way, opened: Callable[[], sqlite3.Connection]
    ) -> Iterator[sqlite3.Connection]:
        """One that nobody else has meanwhile, without a transaction; kept where the block ends without an exception."""
        if self._process != os.getpid():
            self._of_parents += [one for one, _ in self._waiting.values()]
            self._waiting.clear()
            self._process = os.getpid()
        found, file = self._waiting.pop(way, (None, None))
        if found is not None and file != _file(path):
            found.close()
            found = None
        connection = opened() if found is None else found
        try:
            yield connection
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except BaseException:
            connection.close()
            raise
        if way in self._waiting:  # somebody asked in the middle of this, and was done before
            connection.close()
        else:
            self._waiting[way] = (connection, _file(path))


def _file(path: Path) -> object:
    """Which file it is, and as it was last written; None where there is none."""
    try:
        told = path.stat()
    except OSError:
        return None
    return (told.st_dev, told.st_ino, told.st_mtime_ns, told.st_size)


def _close(waiting: dict[Way, tuple[sqlite3.Connection, object]], process: int) -> None:
    if process == os.getpid():
        for one, _ in waiting.values():
            one.close()
