"""Work in as many processes as there are processors: copies of this one, which send back what they made as bytes.

Whether this process may be copied: a lock that another thread holds stays locked in the copy, for ever. And how a
process that was made so ends with the one that made it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1

Work = Callable[[Sequence[int]], bytes]


def is_safe() -> bool:
    """Whether no library has threads running (Polars, once it was used, has a pool of them).

    Those that Python itself started do not count: ours only wait for signals and for steps, and hold nothing that a
    copy asks for. Where the threads cannot be counted, on another system than Linux, it is not safe.
    """
    if sys.platform != "linux":
        return False
    return len([*Path("/proc/self/task").iterdir()]) <= threading.active_count()


def processors() -> int:
    """How many processors there are to use."""
    return len(os.sched_getaffinity(0))


def shared_out(count: int, work: Work, processes: int) -> list[bytes]:
    """What `work` makes of the numbers below `count`, shared out among processes; an answer for each of them.

    Raises ValueError where another process failed.
    """
    shares = [range(start, count, processes) for start in range(max(1, min(processes, count)))]
    children = [_forked(work, share) for share in shares[1:]]
    try:
        answers = [work(shares[0])]
    except BaseException:
        for child in children:
            with suppress(Exception):
                _received(child)  # let it end
        raise
    return answers + [_received(child) for child in children]


def _forked(work: Work, share: Sequence[int]) -> tuple[int, int]:
    """A process that does its share: its id, and where its answer can be read."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    code = 1
    with suppress(BaseException):  # the caller finds out the same by itself, and says it
        os.close(reading)
        content = work(share)
        with open(writing, "wb") as stream:  # noqa: PTH123 - a descriptor
            stream.write(content)
        code = 0
    os._exit(code)


def _received(child: tuple[int, int]) -> bytes:
    """What a process answered. Raises ValueError where it failed."""
    with open(child[1], "rb") as stream:  # noqa: PTH123 - a descriptor
        content = stream.read()
    if os.waitpid(child[0], 0)[1]:
        raise ValueError("the other process failed")
    return content


def die_with(parent: int) -> None:
    """Be killed when the parent is gone. Elsewhere than on Linux the end of a pipe tells, a little later."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
