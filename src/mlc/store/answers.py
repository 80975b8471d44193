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

import hashlib
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

FORMAT = 1
LARGEST = 256_000_000  # bytes; a larger answer is not kept
_MARGIN = 20_000_000  # nanoseconds: two changes within a tick of the kernel's clock may get the same time
_COARSE = 2_000_000_000  # of file systems that count whole seconds
_KEPT = 20  # answers
_NOT_FILES = ("/proc/", "/sys/", "/dev/")
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


class _Seal(Struct, frozen=True):
    file: tuple[int, int, int, int]  # device, inode, size, time of change
    digest: str


def recall(root: Path, key: str) -> Answer | None:
    """The answer to what `key` asks, if nothing that it read has changed; else None."""
    path = _folder(root) / f"{key}.answer"
    try:
        seal = msgspec.json.decode((path.with_suffix(".seal")).read_bytes(), type=_Seal)
        if seal.file != _identity(path):
            return None
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != seal.digest:
            return None
        kept = msgspec.msgpack.decode(content, type=_Kept)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    if kept.format != FORMAT or kept.key != key:
        return None
    looks, _ = _looks(kept.paths)
    return kept.answer if looks == kept.looks else None


class Paths(Struct, frozen=True):
    """Paths that were opened or listed, there or not; those that were listed."""

    read: set[str]
    listed: set[str]


class Watch:
    """Takes note of what is read from its making on. Only one in a process, for a hook cannot be taken back."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths: set[str] = set()
        self._listed: set[str] = set()
        self._certain = True
        self._on = True
        self._began = _begin(_folder(root))
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event in ("open", "os.listdir", "os.scandir", "sqlite3.connect"):
            path = arguments[0]
            if isinstance(path, bytes):
                path = os.fsdecode(path)
            path = "." if path is None else path
            if isinstance(path, str) and event == "sqlite3.connect":
                path = _plain_path(path)
                self._paths |= {path, f"{path}-wal", f"{path}-journal"}
            elif isinstance(path, str):
                self._paths.add(path)
                if event != "open":
                    self._listed.add(path)
        elif event == "import" and arguments[0].partition(".")[0] in _DATABASES:
            self._certain = False
        elif event in ("socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
            self._certain = False  # what others say is nowhere to be looked at again

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

    def keep(self, key: str, answer: Answer, also: Iterable[str] = ()) -> None:
        """Keep an answer with all that has been read. Keeps nothing where it could not be told when that changes."""
        self._on = False
        if not self._certain or self._began is None:
            return
        with suppress(OSError):
            self._listed |= set(_folders_of(self._root / ".mlc"))
            paths = _grouped({*self._paths, *self._listed, *also}, self._listed, str(_folder(self._root)))
            looks, newest = _looks(paths)
            if newest > self._began - _MARGIN:
                return
            content = msgspec.msgpack.encode(_Kept(FORMAT, key, paths, looks, answer))
            if len(content) <= LARGEST:
                _write(_folder(self._root), key, content)


def _folder(root: Path) -> Path:
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
            time.sleep(2 * _MARGIN / 1e9)  # the project's folder has just changed: let that be long ago
        probe.touch()
        now = probe.stat().st_ctime_ns
        probe.unlink()
    except OSError:
        return None
    return now


def _write(folder: Path, key: str, content: bytes) -> None:
    """The answer, then its seal. Neither needs to outlast a power cut; a half of one is never believed."""
    answers = sorted(folder.glob("*.answer"), key=lambda path: path.stat().st_mtime_ns)
    for old in answers[: max(0, len(answers) + 1 - _KEPT)]:
        old.unlink()
        old.with_suffix(".seal").unlink(missing_ok=True)
    path = folder / f"{key}.answer"
    path.with_suffix(".seal").unlink(missing_ok=True)
    temporary = folder / f"{key}.{os.getpid()}.new"
    try:
        temporary.write_bytes(content)
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
    seal = _Seal(_identity(path), hashlib.sha256(content).hexdigest())
    temporary.write_bytes(msgspec.json.encode(seal))
    temporary.rename(path.with_suffix(".seal"))


def _identity(path: Path) -> tuple[int, int, int, int]:
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError("not a file")
    return found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns


def _folders_of(mlc: Path) -> Iterator[str]:
    """The folders of what mlc keeps: whether a file is there is asked of the store without opening it.

    One that holds a database is left out, for SQLite makes files there while it reads; the database itself counts.
    """
    for folder, folders, files in os.walk(mlc):
        if folder == str(mlc):
            folders[:] = [name for name in folders if name not in ("cache", "scratch")]
        if not any(name.endswith(".db") for name in files):
            yield folder


def _grouped(paths: set[str], listed: set[str], but: str) -> dict[str, list[str]]:
    """Paths by folder; those that were listed end in a slash.

    Also every folder on the way to one, which a link may take the place of. Of what stands in a folder that is not
    there, it is enough that the folder is not there.
    """
    there: dict[str, bool] = {}
    found: dict[str, set[str]] = {}

    def is_there(folder: str) -> bool:
        known = there.get(folder)
        if known is None:
            above, name = os.path.split(folder)
            known = there[folder] = above == folder or (is_there(above) and os.path.isdir(folder))
            if above != folder and is_there(above):
                found.setdefault(above, set()).add(name)
        return known

    for path in paths:
        absolute = os.path.abspath(path)
        if absolute.startswith((but + os.sep, *_NOT_FILES)):
            continue
        folder, name = os.path.split(absolute)
        if is_there(folder):
            found.setdefault(folder, set()).add(f"{name}/" if path in listed else name)
    return {folder: sorted(names) for folder, names in sorted(found.items())}


def _looks(paths: dict[str, list[str]]) -> tuple[str, int]:
    """A digest of how paths look, and when the last of them changed, in nanoseconds (0: none is there).

    Of a folder that was not listed it only matters that it is that folder.
    """
    digest = hashlib.sha256()
    newest = 0
    for folder, names in paths.items():
        lines = [folder]
        prefix = folder if folder.endswith(os.sep) else folder + os.sep
        for name in names:
            path = prefix + name.rstrip("/")
            try:
                found = os.lstat(path)
                if stat.S_ISLNK(found.st_mode):
                    lines.append(f"{os.readlink(path)} {found.st_ctime_ns}")
                    found = os.stat(path)
            except (OSError, ValueError):
                lines.append(f"{name} is not there")
                continue
            if not found.st_size and name.endswith("-wal"):  # SQLite makes an empty one to read
                lines.append(f"{name} is not there")
                continue
            lines.append(f"{name} {found.st_mode} {found.st_dev} {found.st_ino}")
            if stat.S_ISDIR(found.st_mode) and not name.endswith("/"):
                continue
            lines.append(f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}")
            changed = found.st_ctime_ns
            newest = max(newest, changed if changed % 1_000_000_000 else changed + _COARSE)
        digest.update("\0".join(lines).encode("utf-8", "surrogateescape"))
    return digest.hexdigest(), newest
