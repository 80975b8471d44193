"""How many steps may run at once: each says what it needs, and the machine what it has."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

_CGROUP = Path("/sys/fs/cgroup")
_SHARE = 0.8  # of the memory that is free when apply starts; the rest is for everybody else


class Budget(Struct, frozen=True):
    """`cores` and `memory` (bytes) to share out among the steps that run."""

    cores: int
    memory: int


class Need(Struct, frozen=True):
    """What a step takes. `cores` 0: all there are, as it measures time and must be alone."""

    cores: int
    memory: int


def fits(need: Need, running: tuple[Need, ...], budget: Budget) -> bool:
    """Whether a step may start beside those that run. One that needs more than there is runs alone."""
    if not running:
        return True
    if not need.cores or any(not other.cores for other in running):
        return False
    cores = need.cores + sum(other.cores for other in running)
    memory = need.memory + sum(other.memory for other in running)
    return cores <= budget.cores and memory <= budget.memory


def of_this_machine(parallelism: int | None) -> Budget:
    """The cores and the memory that this process may use; `parallelism` takes so many cores for granted."""
    return Budget(cores=parallelism or _cores(), memory=int(_SHARE * _memory()))


def _cores() -> int:
    """Those that this process may run on, and no more than a container's quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota, _, period = _first_line(_CGROUP / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def _memory() -> int:
    """What is free, and no more than a container has left."""
    free = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            free.append(1024 * int(line.split()[1]))
    limit, used = _first_line(_CGROUP / "memory.max"), _first_line(_CGROUP / "memory.current")
    if limit.isdigit() and used.isdigit():
        free.append(int(limit) - int(used))
    return max(0, min(free))


def _first_line(path: Path) -> str:
    return next(iter(_lines(path)), "")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
