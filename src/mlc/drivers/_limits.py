"""A process within limits: of time, of memory together with all that it starts, and of what it inherits.

It guards against code that goes wrong, not against code that means harm: it runs as the user who applies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mlc import forking

_GLANCE = 0.05
"""Seconds between two looks at how much it takes."""

_INHERITED = ("PATH", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SYSTEMROOT", "VIRTUAL_ENV")
"""The environment variables that it may see: where programs are, and how this processor computes. No secret is told."""


class Ended(Struct, frozen=True):
    """How it ended: `code` is its exit code, negative for a signal; `memory` the most that was seen, in bytes."""

    how: Literal["exit", "timeout", "memory"]
    code: int
    memory: int


def run(command: Sequence[str], folder: Path, log: Path, *, timeout: float, memory: int) -> Ended:
    """Run a command in a folder, with what it prints in `log`. `timeout` is in seconds, `memory` in bytes.

    When it ends or is ended, everything that it started is ended too.
    """
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": "1",
        "ORT_DISABLE_TELEMETRY": "1",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - ourselves, with the user's module
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return _watched(process, time.monotonic() + timeout, memory)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _watched(process: subprocess.Popen[bytes], until: float, memory: int) -> Ended:
    most = 0
    while process.poll() is None:
        most = max(most, sum(map(_resident, _with_descendants(process.pid))))
        if most > memory:
            return Ended("memory", 0, most)
        if time.monotonic() > until:
            return Ended("timeout", 0, most)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GLANCE)
    return Ended("exit", process.returncode, most)


def _with_descendants(process: int) -> Iterator[int]:
    """Linux tells of them; elsewhere there is only the process, and no memory is seen."""
    yield process
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                yield from _with_descendants(int(child))


def _resident(process: int) -> int:
    """Bytes of memory that a process holds now."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def confine(largest_file: int) -> None:
    """What the process itself does first: no core file, no file beyond `largest_file` bytes, and no life without
    the one that started it."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    forking.die_with(os.getppid())
