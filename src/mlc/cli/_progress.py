"""What is going on, on a terminal: a line for each step that runs, drawn anew while it does."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from mlc.ir.event import (
    Event,
    Finished,
    StepDone,
    StepFailedEvent,
    StepRetried,
    StepSkipped,
    StepStarted,
    StepTold,
)
from mlc.report import apply_text
from mlc.report.terminal import Paint

INTERVAL = 0.2
"""Seconds from one drawing to the next."""

_PATIENCE = 0.5


def is_terminal(stream: TextIO) -> bool:
    """Whether lines can be drawn over: a terminal, and none that says that it can do nothing."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Progress:
    """The lines below what `apply` has said. Nothing at all where it is not `shown`."""

    def __init__(self, stream: TextIO, paint: Paint, *, shown: bool) -> None:
        self._stream, self._paint, self._shown = stream, paint, shown
        self._running: dict[str, apply_text.Running] = {}
        self._over = self._total = 0
        self._drawn = 0  # lines that stand on the terminal now
        self._turn = threading.RLock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        with self._turn:
            self._erase()

    def follow(self, event: Event, say: Callable[[], None]) -> None:
        """Take an event in. `say` writes what is to stand above the lines, if anything."""
        with self._turn:
            self._erase()
            say()
            self._note(event)
            self._draw()
        # Not before the first event: by then the process that the steps are forked from is there.
        if self._shown and self._thread is None:
            self._thread = threading.Thread(target=self._redraw, name="progress", daemon=True)
            self._thread.start()

    def interject(self, text: bytes) -> None:
        """Say something above the lines, from another thread, even where the terminal takes nothing just now."""
        if self._drawn and self._turn.acquire(timeout=_PATIENCE):
            try:
                self._erase()
                _past(text)
                self._draw()
            finally:
                self._turn.release()
        else:
            _past(text)

    def _note(self, event: Event) -> None:
        now = time.monotonic()
        if isinstance(event, StepStarted):
            self._running[event.step] = apply_text.Running(event.step, "", now)
            self._total = event.total
        elif isinstance(event, StepTold) and event.step in self._running:
            self._running[event.step] = apply_text.Running(
                event.step, event.text, self._running[event.step].since
            )
        elif isinstance(event, StepRetried):
            self._running[event.step] = apply_text.Running(event.step, apply_text.waiting(event), now)
        elif isinstance(event, StepDone | StepFailedEvent | StepSkipped):
            self._over += 1
            self._running.pop(event.step, None)
        elif isinstance(event, Finished):
            self._running.clear()

    def _redraw(self) -> None:
        while not self._ended.wait(INTERVAL):
            with self._turn:
                self._erase()
                self._draw()

    def _draw(self) -> None:
        if not self._shown or not self._running or self._ended.is_set():
            return
        width, height = shutil.get_terminal_size()
        lines = apply_text.live(
            tuple(self._running.values()),
            time.monotonic(),
            (self._over, self._total),
            (width, height),
            self._paint,
        )
        self._write("".join(f"{line}\n" for line in lines))
        self._drawn = len(lines)

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"\x1b[{self._drawn}F\x1b[J")
            self._drawn = 0

    def _write(self, text: str) -> None:
        with suppress(OSError):  # a terminal that is gone is no reason to stop applying
            self._stream.write(text)
            self._stream.flush()


def _past(text: bytes) -> None:
    """Past Python's own stream, in the middle of whose write the main thread may be."""
    with suppress(OSError):
        os.write(2, text)
