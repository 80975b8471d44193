"""Files that are there whole or not at all.

What is written here survives a power cut once the call has returned, and a reader sees the old content or
the new one, never a mixture. POSIX only: it leans on rename, flock and fsync of a folder.

A writer that is killed leaves its temporary file. It cannot be taken for content (its name starts with
`TEMPORARY`), and `sweep` removes it: a living writer holds a lock on its own, so only those of the dead go.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".mlc-tmp-"


def write_atomically(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put `content` at `path`, durably, replacing what was there; folders that are missing are made.

    Raises OSError (no space, no permission, a broken disk, …); `path` is then as it was before.
    """
    with replacing(path, mode) as file:
        file.write(content)


def write_if_changed(path: Path, content: bytes, mode: int = 0o600) -> bool:
    """Like `write_atomically`, but leaves a file alone that holds these bytes. Says whether it wrote."""
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    write_atomically(path, content, mode)
    return True


@contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when the block ends without an exception."""
    make_folder(path.parent)
    with staging(path.parent) as (file, keep):
        yield file
        keep(path, mode)


@contextmanager
def staging(folder: Path) -> Iterator[tuple[BinaryIO, Callable[[Path, int], None]]]:
    """A temporary file in `folder` and the call that makes it durable under a path on the same disk.

    The path may be decided on once the content is known; a file that is not kept is removed.
    """
    file, temporary = temporary_in(folder)
    renamed = False

    def keep(path: Path, mode: int) -> None:
        nonlocal renamed
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
        os.rename(temporary, path)  # noqa: PTH104 - the os functions are what the fault tests replace
        renamed = True
        sync_folder(path.parent)

    try:
        yield file, keep
    finally:
        # Removed before it is closed: the lock is what keeps `sweep` away from a living writer's file.
        if not renamed:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
        with suppress(OSError) if not renamed else nullcontext():
            file.close()  # flushes: on a full disk that fails a second time


def leads_out(folder: Path, path: str | Path) -> bool:
    """Whether a path below a folder lies elsewhere once its links are followed."""
    return not (folder / path).resolve().is_relative_to(folder.resolve())


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make `folder` and what is missing above it, durably. `mode` (less the umask) is for `folder` only."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode)
    sync_folder(folder.parent)


def keep_out_of_git(root: Path) -> None:
    """What stands in a project's `.mlc` is no source, however the project's own .gitignore looks."""
    path = root / ".mlc" / ".gitignore"
    if not path.exists():
        write_atomically(path, b"# Written by mlc: nothing here is a source.\n*\n", 0o644)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: those made, renamed and removed so far."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refusal(folder: Path) -> OSError | None:
    """Why nothing can be written in `folder` now; None where it can. SQLite keeps that to itself."""
    try:
        with staging(folder) as (file, _):
            file.write(b"x" * 65536)
            file.flush()
    except OSError as error:
        return error
    return None


def sweep(folder: Path) -> int:
    """Remove the temporary files that dead writers left in `folder` itself. Gives their number."""
    removed = 0
    for path in sorted(folder.glob(f"{TEMPORARY}*")):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue  # its writer has just finished with it
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            removed += 1
        except BlockingIOError:
            pass  # its writer lives
        finally:
            os.close(handle)
    return removed


def temporary_in(folder: Path) -> tuple[BinaryIO, Path]:
    """A new locked file in `folder`. Made private first; the wanted mode comes when it is complete."""
    while True:
        path = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return os.fdopen(handle, "wb"), path
        os.close(handle)  # swept away between its making and its locking
