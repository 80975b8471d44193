"""Kill a process at each of its effects in turn, and look at what it leaves.

Used by programs that the tests start: each kill happens in a fork, which only a process without threads
may make.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

CALLS = ("mkdir", "open", "fchmod", "fsync", "rename", "unlink", "rmdir")
"""The functions of os that change the disk or come before what does; SQL statements count too."""


def campaign(
    prepare: Callable[[Path], None], act: Callable[[Path], None], check: Callable[[Path, bool], None]
) -> int:
    """Kill `act` before its 1st, 2nd, 3rd… effect, until it gets through. Gives the number of kills.

    Each time starts from a new folder that `prepare` filled. After a kill, `check(folder, False)` must find
    it sound; after acting again, `check(folder, True)` must find it done, and so after acting once more.
    """
    kills = 0
    while True:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prepare(folder)
            child = os.fork()
            if child == 0:
                _die_at(kills + 1)
                act(folder)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if not os.WIFSIGNALED(status):
                assert os.waitstatus_to_exitcode(status) == 0, "it failed of itself"
                check(folder, True)
                return kills
            kills += 1
            check(folder, False)
            for _ in range(2):
                act(folder)
                check(folder, True)


def _die_at(effect: int) -> None:
    """Make this process kill itself before its n-th effect."""
    left = effect

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            count()
            return real(*arguments, **named)

        return called

    for name in CALLS:
        setattr(os, name, counting(getattr(os, name)))
    connect = sqlite3.connect

    def connected(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.set_trace_callback(count)
        return connection

    sqlite3.connect = connected  # type: ignore[assignment]
