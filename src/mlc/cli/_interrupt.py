"""Ctrl-C and SIGTERM while applying: the first finishes the running step, the second stops now."""

from __future__ import annotations

import _thread
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlc.apply import Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM)

GRACE = 2.0
"""Seconds that a second interrupt leaves for unwinding. Compiled code may train for hours before Python gets
to handle a signal; nobody should have to wait for it, and what is left is what a kill would leave."""

_AT_FIRST = b"\nStopping after this step; Ctrl-C again stops now.\n"
_AT_ONCE = b"\nInterrupted.\n"


@contextmanager
def interruptible() -> Iterator[Stop]:
    """The first interrupt sets the `Stop`, the second raises KeyboardInterrupt.

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

    watcher = threading.Thread(target=_watch, args=(reader, stop, now), name="interrupts", daemon=True)
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


def _watch(reader: int, stop: Stop, now: threading.Event) -> None:
    while received := os.read(reader, 64):
        for number in received:
            if number not in SIGNALS:
                continue
            if not stop.wanted:
                stop.wanted = True
                _say(_AT_FIRST)
                continue
            now.set()
            _thread.interrupt_main()  # its handler may have run before the event was set
            if not select.select([reader], [], [], GRACE)[0]:
                sys.stdout.flush()
                _say(_AT_ONCE)
                os._exit(130)


def _say(text: bytes) -> None:
    """Past Python's own stream, in the middle of whose write the main thread may be."""
    with suppress(OSError):
        os.write(2, text)
