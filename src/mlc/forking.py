"""Whether this process may fork: a lock that another thread holds stays locked in the copy, for ever."""

from __future__ import annotations

import sys
import threading
from pathlib import Path


def is_safe() -> bool:
    """Whether no library has threads running (Polars, once it was used, has a pool of them).

    Those that Python itself started do not count: ours only wait for signals and for steps, and hold nothing that a
    copy asks for. Where the threads cannot be counted, on another system than Linux, it is not safe.
    """
    if sys.platform != "linux":
        return False
    return len([*Path("/proc/self/task").iterdir()]) <= threading.active_count()
