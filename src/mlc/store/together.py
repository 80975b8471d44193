"""Several files that are put in their places together, so that the disk is waited for twice rather than for each.

First the bytes of all of them are made durable, then they get their names, then the names are made durable. So each is
there whole or not at all, as with `mlc.store.files`, and all of them are durable when the block has ended.
"""

from __future__ import annotations

import os
import queue
from _thread import start_new_thread
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mlc.store.files import temporary_in

_MOST = 8
"""Threads that wait for the disk at the same time. It writes what they ask for at once."""


class Together:
    """Files that are being written; `keep` says where each is to be once the block ends."""

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened
        self._kept: list[tuple[BinaryIO, Path, Path]] = []
        self._folders: set[Path] = set()
        self._left: set[Path] = set()

    def stage(self, folder: Path) -> tuple[BinaryIO, Path]:
        """A temporary file in a folder that is there. It is removed unless it is kept."""
        file, temporary = temporary_in(folder)
        self._left.add(temporary)
        self._opened.callback(self._close, file, temporary)
        return file, temporary

    def keep(self, file: BinaryIO, temporary: Path, path: Path, mode: int) -> None:
        """Let a file that was written take the place of `path`, on the same disk, when the block ends."""
        file.flush()
        os.fchmod(file.fileno(), mode)
        self._kept.append((file, temporary, path))
        self._folders.add(path.parent)

    def write(self, path: Path, content: bytes, mode: int) -> None:
        """Put bytes at `path` when the block ends; its folder is there."""
        file, temporary = self.stage(path.parent)
        file.write(content)
        self.keep(file, temporary, path, mode)

    def make_folder(self, folder: Path, top: Path) -> None:
        """Make a folder and what is missing between it and `top`, which is there.

        All of their names are made durable, as somebody else may have made them a moment ago.
        """
        above = [folder, *folder.parents]
        for one in above[above.index(top) - 1 :: -1] if folder != top else ():
            with suppress(FileExistsError):
                os.mkdir(one)  # noqa: PTH102 - the os functions are what the fault tests replace
            self._folders.add(one.parent)

    def finish(self) -> None:
        sync_all(file.fileno() for file, _, _ in self._kept)
        for _, temporary, path in self._kept:
            os.rename(temporary, path)  # noqa: PTH104
            self._left.remove(temporary)
        sync_folders(self._folders)

    def _close(self, file: BinaryIO, temporary: Path) -> None:
        # removed before it is closed: the lock is what keeps `sweep` away from a living writer's file
        if temporary in self._left:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
        with suppress(OSError):  # flushes: on a full disk that fails a second time
            file.close()


@contextmanager
def together() -> Iterator[Together]:
    """What is written and kept in the block is durable once it has ended without an exception, else removed.

    Raises OSError where the disk says no; some of the files may be in their places then, each of them whole.
    """
    with ExitStack() as opened:
        one = Together(opened)
        yield one
        one.finish()


def sync_folders(folders: Iterable[Path]) -> None:
    """Make the names in some folders durable, waiting for all of them at once."""
    handles: list[int] = []
    try:
        for folder in sorted(folders):
            handles.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        sync_all(handles)
    finally:
        for handle in handles:
            os.close(handle)


def sync_all(handles: Iterable[int]) -> None:
    """`fsync` of some files, in a few threads that end with it. Raises the first OSError once all have ended."""
    waiting = list(handles)
    total = len(waiting)
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def sync() -> None:
        while True:
            try:
                handle = waiting.pop()
            except IndexError:
                return
            try:
                os.fsync(handle)
            except BaseException as error:
                ended.put(error)
            else:
                ended.put(None)

    for _ in range(min(total, _MOST) - 1):
        try:
            # nobody waits for it to start: on a busy machine that takes longer than what is left to do
            start_new_thread(sync, ())
        except RuntimeError:
            break  # there may be no more threads: fewer do it as well
    sync()
    failed = [error for error in (ended.get() for _ in range(total)) if error is not None]
    if failed:
        raise failed[0]
