"""Whether this process may fork: a lock that another thread holds stays locked in the copy, for ever.

And how a process that was made so ends with the one that made it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def is_safe() -> bool:
    """Whether no library has threads running (Polars, once it was used, has a pool of them).

    Those that Python itself started do not count: ours only wait for signals and for steps, and hold nothing that a
    copy asks for. Where the threads cannot be counted, on another system than Linux, it is not safe.
    """
    if sys.platform != "linux":
        return False
    return len([*Path("/proc/self/task").iterdir()]) <= threading.active_count()


def die_with(parent: int) -> None:
    """Be killed when the parent is gone. Elsewhere than on Linux the end of a pipe tells, a little later."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
