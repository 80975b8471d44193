"""One writer at a time.

The lock is the operating system's (flock), so a process that dies leaves none behind. The file tells who
holds it, and afterwards whether its last holder came to an orderly end.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlc.store.files import make_folder, sync_folder

JUST_STARTED = "a process that has only just started"


class LockHeld(Exception):
    """Somebody else holds the lock; `holder` says who."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock for as long as the block runs. Raises LockHeld at once rather than wait.

    Gives whether the last holder was killed, and may have left temporary files: it had no time to take its
    name out of the file.
    """
    make_folder(path.parent, 0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(_holder(descriptor) or JUST_STARTED) from None
        killed = bool(_holder(descriptor))
        # Who holds it is news for others, and no reason to fail where the disk is full. Synced, so that after a
        # power cut too it is known that somebody came to no orderly end.
        with suppress(OSError):
            os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
            os.fsync(descriptor)
            sync_folder(path.parent)
        yield killed
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder_of(path: Path) -> str | None:
    """Who holds the lock now; None where nobody does. Makes nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor) or JUST_STARTED
    else:
        return None
    finally:
        os.close(descriptor)


@contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold the lock for as long as the block runs, once whoever has it has let go: for what takes a moment."""
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 4096, 0).decode("utf-8", "replace").split("\n")[0].strip()
