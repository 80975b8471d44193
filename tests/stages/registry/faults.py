"""The long form of the crash tests: a fault at every write-side system call of registering.

Run it as a program (`PYTHONPATH=src:tests python tests/stages/registry/faults.py`); it needs strace. Each
system call in turn is answered by SIGKILL, ENOSPC and EIO, also within SQLite. Afterwards the registry must
be sound, registering again must give the one version, and once more must change nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mlc.drivers.registry import open_registry, verify, versions
from stages.registry.making import SPEC, put

CALLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "mkdir")
FAULTS = ("signal=SIGKILL", "error=ENOSPC", "error=EIO")


def main() -> None:
    total = 0
    for call in CALLS:
        for fault in FAULTS:
            count = 0
            while inject(call, fault, count + 1):
                count += 1
            print(f"{call:10} {fault:15} {count:4} faults", flush=True)
            total += count
    print(f"{total} faults: nothing lost, nothing registered twice, nothing torn")


def inject(call: str, fault: str, at: int) -> bool:
    """Register with a fault at the `at`-th such call, look at what is left. False: there are fewer."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        put(root, b"a")
        trace = root / "trace"
        program = [sys.executable, __file__, "act", name]
        strace = ["strace", "-f", "-o", str(trace), "-e", f"trace={call}", "-e"]
        done = subprocess.run(
            [*strace, f"inject={call}:{fault}:when={at}", *program],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
        )
        text = trace.read_text()
        hit = "(INJECTED)" in text or "killed by SIGKILL" in text
        registry = open_registry(root, SPEC)
        assert verify(root, SPEC) == (), (call, fault, at)
        numbers = [version.entry.number for version in versions(registry, "churn")]
        assert numbers == [1, 2] if done.returncode == 0 else numbers in ([1], [1, 2]), (call, fault, at)
        for _ in range(2):
            assert put(root, b"b").entry.number == 2
            assert [len(version.revisions) for version in versions(registry, "churn")] == [1, 1]
        assert verify(root, SPEC) == ()
        return hit


if __name__ == "__main__":
    if sys.argv[1:2] == ["act"]:
        put(Path(sys.argv[2]), b"b")
    else:
        main()
