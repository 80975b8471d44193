"""What the operating system refused, as a finding that says what to do."""

from __future__ import annotations

import errno

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.rules import disk_full, not_writable, step_broke

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_PASSING = (errno.EAGAIN, errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH)
_LOCKED_IN_SQLITE = (5, 6)
"""SQLITE_BUSY and SQLITE_LOCKED."""
_FULL_IN_SQLITE = (13, 4874)
"""SQLITE_FULL, and SQLITE_IOERR_SHMSIZE: the memory that processes share is a file too, which cannot grow."""
_FULL_IN_WORDS = ("no space left on device", "database or disk is full", "disk quota exceeded")


def found(doing: str, error: Exception, address: str = "") -> Diagnostic:
    """disk-full, not-writable or, for all else, step-broke. `doing` is a step, or what else was under way."""
    if is_disk_full(error):
        return disk_full.found(doing, _file(error), address)
    if isinstance(error, OSError) and error.errno in _FORBIDDEN:
        return not_writable.found(doing, _file(error), error.strerror or str(error), address)
    return step_broke.found(doing, error, address)


def is_disk_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind an error, also where a library put its own on top.

    Libraries that are not written in Python (SQLite, Polars) have errors without the system's number, and
    only their text tells.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if getattr(error, "sqlite_errorcode", 0) in _FULL_IN_SQLITE:
            return True
        # a diagnosis of ours may mention a full disk among other possible reasons
        if not isinstance(error, StepFailed) and any(words in str(error).lower() for words in _FULL_IN_WORDS):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def is_passing(error: BaseException | None) -> bool:
    """Whether an error may be gone when the same is tried again: the network's, or a database's that is locked."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, ConnectionError | TimeoutError):
            return True
        if isinstance(error, OSError) and error.errno in _PASSING:
            return True
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _LOCKED_IN_SQLITE:
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _file(error: BaseException) -> str:
    name = getattr(error, "filename", None)
    return name if isinstance(name, str) else ""
