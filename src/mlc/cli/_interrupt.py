"""Ctrl-C and SIGTERM while applying: the first finishes the running steps, the second stops now."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlc.apply import Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM)

GRACE = 2.0
"""Seconds that a second interrupt leaves for unwinding. Compiled code may train for hours before Python gets
to handle a signal; nobody should have to wait for it, and what is left is what a kill would leave."""

_AT_FIRST = b"\nStopping after the running steps; Ctrl-C again stops now.\n"
_AT_ONCE = b"\nInterrupted.\n"


@contextmanager
def interruptible(say: Callable[[bytes], None]) -> Iterator[Stop]:
    """The first interrupt sets the `Stop`, the second raises KeyboardInterrupt. `say` tells of it.

    A thread of its own counts them, because Python runs its handlers only between two steps of the
    interpreter, and takes two that came meanwhile for one.
    """
    from mlc.apply import Stop

    stop = Stop()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    now = threading.Event()

    def handler(_signal: int, _frame: FrameType | None) -> None:
        if now.is_set():
            raise KeyboardInterrupt

    watcher = threading.Thread(target=_watch, args=(reader, stop, now, say), name="interrupts", daemon=True)
    watcher.start()
    former = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield stop
    finally:
        now.clear()
        signal.set_wakeup_fd(former)
        for number, earlier in before.items():
            signal.signal(number, earlier)
        os.close(writer)  # ends the watcher
        watcher.join()
        os.close(reader)


def _watch(reader: int, stop: Stop, now: threading.Event, say: Callable[[bytes], None]) -> None:
    while received := os.read(reader, 64):
        for number in received:
            if number not in SIGNALS:
                continue
            if not stop.wanted:
                stop.wanted = True
                say(_AT_FIRST)
                continue
            now.set()
            # A signal for real: it ends a wait as well. The handler may have run before the event was set.
            signal.pthread_kill(_main_thread(), signal.SIGINT)
            if not _ends_within(reader, GRACE):
                sys.stdout.flush()
                say(_AT_ONCE)
                os._exit(130)
            return


def _ends_within(reader: int, seconds: float) -> bool:
    """Whether the main thread unwinds in time, and closes its end. Every further signal is heard here too."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if select.select([reader], [], [], left)[0] and not os.read(reader, 64):
            return True
    return False


def _main_thread() -> int:
    number = threading.main_thread().ident
    assert number is not None
    return number
