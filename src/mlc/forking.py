"""Whether this process may fork: a lock that another thread holds stays locked in the copy, for ever."""

from __future__ import annotations

import sys
from pathlib import Path


def is_safe() -> bool:
    """Whether the calling thread is the only one, those of libraries counted too. Never said but on Linux."""
    return sys.platform == "linux" and len([*Path("/proc/self/task").iterdir()]) == 1
