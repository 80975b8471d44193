"""What a command said, to be said again while nothing that it read has changed.

```
.mlc/cache/<key>.answer    the answer, every path it depends on, and a digest of how they all look
.mlc/cache/<key>.seal      which very file on this machine that is, and the digest of its bytes
```

An answer is only ever a shortcut: whatever is wrong with it (another compiler wrote it, it is damaged, it came with
a checkout, something changed) it is not used, and the command runs. Nothing here fails a command, and the folder can
be removed at any time.

*Everything it read* is not a list that somebody has to keep right: the interpreter reports every file that is
opened and every folder that is listed (`sys.addaudithook`), also those that are not there. A path looks the same
while its kind, size, inode and both times do. A path that changed so shortly before the command began that a later
change could have the same time makes the answer one that is not kept, as in git's index.

*An answer that came with a checkout* (a pull request may bring an `.mlc` of its own) is never believed: its seal
names the inode and the time of change of the answer's file, which the kernel chose when this machine wrote it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mlc.store import asked, looks, sealed
from mlc.store.looks import Looked

FORMAT = 1
LARGEST = 256_000_000  # bytes; a larger answer is not kept
_KEPT = 20  # answers
_DATABASES = ("sqlalchemy", "psycopg", "pymysql")  # their answers come from elsewhere


class Answer(Struct, frozen=True):
    """What was written to the two streams, and the exit code."""

    out: str
    err: str
    code: int


class _Kept(Struct, frozen=True):
    format: int
    key: str
    paths: dict[str, list[str]]  # folder -> the names in it
    looks: str  # SHA-256 of how they all look
    answer: Answer


def recall(root: Path, key: str, looked: Looked | None = None) -> Answer | None:
    """The answer to what `key` asks, if nothing that it read has changed; else None.

    How the paths look that it depends on is noted in `looked`.
    """
    content = sealed.read(folder_of(root) / f"{key}.answer")
    if content is None:
        return None
    try:
        kept = msgspec.msgpack.decode(content, type=_Kept)
    except (msgspec.MsgspecError, ValueError):
        return None
    if kept.format != FORMAT or kept.key != key:
        return None
    return kept.answer if (looked or Looked()).all(kept.paths)[0] == kept.looks else None


class Paths(Struct, frozen=True):
    """Paths that were opened or listed, there or not; those that were listed."""

    read: set[str]
    listed: set[str]


class Watch:
    """Takes note of what is read from its making on. Only one in a process, for a hook cannot be taken back."""

    def __init__(self, root: Path, looked: Looked | None = None) -> None:
        """`looked` says how some paths looked before anything was read."""
        self.looked = looked or Looked()
        self._root = root
        self._paths: set[str] = set()
        self._listed: set[str] = set()
        self.is_certain = True
        self._on = True
        self.began = _begin(folder_of(root))
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event in ("open", "os.listdir", "os.scandir", "sqlite3.connect", asked.EVENT):
            path = arguments[0]
            if isinstance(path, bytes | os.PathLike):
                path = os.fsdecode(path)
            path = "." if path is None else path
            if isinstance(path, str) and event == "sqlite3.connect":
                path = _plain_path(path)
                self._paths |= {path, f"{path}-wal", f"{path}-journal"}
            elif isinstance(path, str):
                self._paths.add(path)
                if event in ("os.listdir", "os.scandir"):
                    self._listed.add(path)
        elif event == "import" and arguments[0].partition(".")[0] in _DATABASES:
            self.is_certain = False
        elif event in ("socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
            self.is_certain = False  # what others say is nowhere to be looked at again

    @property
    def read(self) -> frozenset[str]:
        return frozenset(self._paths)

    @property
    def listed(self) -> frozenset[str]:
        return frozenset(self._listed)

    def add(self, read: Iterable[str], listed: Iterable[str]) -> None:
        """What another process has read for this one."""
        self._paths.update(read)
        self._listed.update(listed)

    @contextmanager
    def aside(self) -> Iterator[Paths]:
        """What is read meanwhile is not noted but given."""
        before = self._paths, self._listed
        paths = Paths(set(), set())
        self._paths, self._listed = paths.read, paths.listed
        try:
            yield paths
        finally:
            self._paths, self._listed = before

    def stop(self) -> None:
        """Take note of nothing more."""
        self._on = False

    def keep(self, key: str, answer: Answer, also: Iterable[str] = ()) -> None:
        """Keep an answer with all that has been read. Keeps nothing where it could not be told when that changes."""
        self.stop()
        if not self.is_certain or self.began is None:
            return
        with suppress(OSError):
            self._listed |= set(folders_of(self._root / ".mlc"))
            paths = looks.grouped(
                {*self._paths, *self._listed, *also}, self._listed, str(folder_of(self._root))
            )
            digest, newest = self.looked.all(paths)
            if newest > self.began - looks.MARGIN:
                return
            content = msgspec.msgpack.encode(_Kept(FORMAT, key, paths, digest, answer))
            if len(content) <= LARGEST:
                sealed.write(folder_of(self._root) / f"{key}.answer", content, _KEPT)


def folder_of(root: Path) -> Path:
    return root / ".mlc" / "cache"


def _plain_path(database: str) -> str:
    """The path of an SQLite database, which may be given as a URI."""
    if not database.startswith("file:"):
        return database
    from urllib.parse import unquote

    return unquote(database.removeprefix("file:").partition("?")[0]).replace("//", "/", 1)


def _begin(folder: Path) -> int | None:
    """The file system's own time now, in nanoseconds; None where nothing can be kept."""
    probe = folder / f"probe-{os.getpid()}"
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            ignore = folder.parent / ".gitignore"
            if not ignore.exists():
                ignore.write_bytes(b"# Written by mlc: nothing here is a source.\n*\n")
            time.sleep(2 * looks.MARGIN / 1e9)  # the project's folder has just changed: let that be long ago
        probe.touch()
        now = probe.stat().st_ctime_ns
        probe.unlink()
    except OSError:
        return None
    return now


def folders_of(mlc: Path) -> Iterator[str]:
    """The folders of what mlc keeps: whether a file is there is asked of the store without opening it.

    One that holds a database is left out, for SQLite makes files there while it reads; the database itself counts.
    """
    for folder, folders, files in os.walk(mlc):
        if folder == str(mlc):
            folders[:] = [name for name in folders if name not in ("cache", "scratch")]
        if not any(name.endswith(".db") for name in files):
            yield folder
