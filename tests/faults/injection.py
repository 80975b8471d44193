"""Faults at the n-th write-side call of this process and of those that it forks from here on.

Counted are opening to write, writing, fsync, rename, unlink, mkdir, rmdir, chmod and every SQL statement,
within the project's folder. Python's own calls only; `shim.c` (the long form) sees those of the libraries too.
"""

from __future__ import annotations

import builtins
import ctypes
import errno
import io
import multiprocessing
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_HOW = ("none", "kill", "ENOSPC", "EIO", "short")
_FUNCTIONS = ("fsync", "fchmod", "pwrite", "ftruncate")


def arm(root: Path, how: str, at: int, count: str = "", shim: str = "") -> Callable[[], object]:
    """From now on, do `how` at the `at`-th call: "kill", "SIGINT", "ENOSPC", "EIO", or "none" only to count.

    A full disk stays full: ENOSPC answers every later call that takes room too, and the write that meets it
    gets half of its bytes through. EIO comes once. Gives what to call in the end, to write the number of
    calls to the file `count`. With `shim` the library does it that shim.c was built to, which also knows "short".
    """
    if shim:
        return _arm_shim(root, how, at, count, shim)
    fault = _Fault(str(root), how, at)
    sys.addaudithook(fault.audit)
    for name in _FUNCTIONS:
        setattr(os, name, fault.before(getattr(os, name), name))
    builtins.open = io.open = _opening(fault, io.open)
    sqlite3.connect = _connecting(fault, sqlite3.connect)
    return lambda: Path(count).write_text(str(fault.seen), encoding="utf-8") if count else 0


def _arm_shim(root: Path, how: str, at: int, count: str, shim: str) -> Callable[[], object]:
    library = ctypes.CDLL(shim)
    library.fault_arm(_HOW.index(how), ctypes.c_long(at), str(root).encode())
    return lambda: Path(count).write_text(str(library.fault_seen()), encoding="utf-8") if count else 0


class _Fault:
    def __init__(self, root: str, how: str, at: int) -> None:
        self.root, self.how, self.at = root, how, at
        self.process = os.getpid()
        self.count = multiprocessing.get_context("fork").Value("l")

    @property
    def seen(self) -> int:
        return int(self.count.value)

    def strikes(self, takes_room: bool) -> bool:
        """Count a call. True where it must fail; does not return where the process must die.

        What is killed is the process that applies, whichever of its steps makes the call.
        """
        with self.count:
            self.count.value += 1
            seen = int(self.count.value)
        if self.how == "SIGINT" and seen == self.at:
            os.kill(self.process, signal.SIGINT)
        if self.how == "kill" and seen == self.at:
            os.kill(self.process, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "EIO":
            return seen == self.at
        return self.how == "ENOSPC" and seen >= self.at and takes_room

    def error(self, path: Any = None) -> OSError:
        number = getattr(errno, self.how)
        return OSError(number, os.strerror(number), path)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS or (event == "open" and not arguments[2] & _WRITING):
            return
        path = arguments[0]
        if isinstance(path, int) or not self._is_ours(os.fspath(path)):
            return
        if self.strikes(event in ("open", "os.mkdir")):
            raise self.error(os.fspath(path))

    def before(self, real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            if self.strikes(name in ("pwrite", "fsync")):
                raise self.error()
            return real(*arguments, **named)

        return called

    def _is_ours(self, path: str | bytes) -> bool:
        text = os.fsdecode(path)
        return text.startswith(self.root) or not text.startswith("/")  # rmtree names files by their folder


def _opening(fault: _Fault, real: Callable[..., Any]) -> Callable[..., Any]:
    class Counted(io.FileIO):
        def write(self, content: Any, /) -> int:
            if not fault.strikes(True):
                return super().write(content) or 0
            half = memoryview(content)[: len(content) // 2]
            if len(half):
                super().write(half)
            raise fault.error()

    def opened(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if not set(mode) & set("wax+") or (isinstance(file, int) and file <= 2):
            return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw = Counted(file, mode.replace("b", "").replace("t", ""), closefd=closefd, opener=opener)
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    return opened


def _connecting(fault: _Fault, real: Callable[..., Any]) -> Callable[..., Any]:
    class Counted(sqlite3.Connection):
        def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
            self._strike(sql)
            return super().execute(sql, *arguments)

        def executescript(self, script: str) -> sqlite3.Cursor:
            self._strike(script)
            return super().executescript(script)

        def __exit__(self, *arguments: Any) -> Any:
            if arguments[0] is None:
                try:
                    self._strike("COMMIT")
                except sqlite3.Error:
                    self.rollback()
                    raise
            return super().__exit__(*arguments)

        def _strike(self, sql: str) -> None:
            if fault.strikes(not sql.lstrip().upper().startswith(("SELECT", "PRAGMA", "ROLLBACK", "BEGIN"))):
                error = sqlite3.OperationalError(
                    "database or disk is full" if fault.how == "ENOSPC" else "disk I/O error"
                )
                error.sqlite_errorcode = (
                    sqlite3.SQLITE_FULL if fault.how == "ENOSPC" else sqlite3.SQLITE_IOERR
                )
                raise error

    def connected(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*arguments, factory=Counted, **named)
        return connection

    return connected
