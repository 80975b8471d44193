"""Finished trials, one a line, so that a search that was killed goes on where it was.

The file belongs to one step and one key of it: what was tried for other data or another space counts for nothing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from mlc.ir.choice import Trial


class Entry(Struct, frozen=True):
    """A trial of one of the step's searches, and how many seconds into that search it was over."""

    search: str
    seconds: float
    trial: Trial


class _Head(Struct, frozen=True):
    key: str


class Journal:
    """The trials that are known, and where new ones are written down."""

    def __init__(self, file: IO[bytes] | None, entries: list[Entry]) -> None:
        self._file = file
        self._entries = entries

    def of(self, search: str) -> list[Entry]:
        """What is known of a search."""
        return [entry for entry in self._entries if entry.search == search]

    def add(self, entry: Entry) -> None:
        """Durable when this returns."""
        self._entries.append(entry)
        if self._file is not None:
            self._file.write(msgspec.json.encode(entry) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())


@contextmanager
def journal(root: Path, environment: str, step: str, key: str) -> Iterator[Journal]:
    """The journal of a step (`model.churn/tune`) below `.mlc/trials`, which is gone when the step is done.

    Nothing is kept where the step has no key, or where another process does the same step now.
    """
    path = root / ".mlc" / "trials" / environment / f"{step.replace('/', '.')}.jsonl"
    with _own(path) if key else nullcontext() as file:
        if file is None:
            yield Journal(None, [])
            return
        head = msgspec.json.encode(_Head(key))
        lines = file.read().split(b"\n")
        # what stands behind the last line end was being written when the process was killed
        known = lines[1:-1] if lines[0] == head and len(lines) > 1 else []
        file.seek(0)
        file.truncate()
        file.write(b"".join(line + b"\n" for line in (head, *known)))
        file.flush()
        os.fsync(file.fileno())
        yield Journal(file, [msgspec.json.decode(line, type=Entry) for line in known])
        path.unlink()


@contextmanager
def _own(path: Path) -> Iterator[IO[bytes] | None]:
    """The file, to be read and written by this process alone; None where another has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        file.seek(0)
        yield file
