"""One writer at a time, and what the lock tells of the last one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlc.store.lock import LockHeld, locked

HOLDER = """
import sys, time
from pathlib import Path
from mlc.store.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_held_once(tmp_path: Path) -> None:
    path = tmp_path / "state" / "dev.lock"
    with locked(path) as killed:
        assert not killed
        with pytest.raises(LockHeld) as refused, locked(path):
            pass
        assert f"process {os.getpid()} on " in refused.value.holder
    with locked(path) as killed:
        assert not killed


def test_a_killed_holder_leaves_no_lock_but_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "dev.lock"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, env=environment
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockHeld, match=f"process {holder.pid} on "), locked(path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with locked(path) as killed:
        assert killed
    with locked(path) as killed:
        assert not killed


def test_an_error_within_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "dev.lock"
    with pytest.raises(RuntimeError), locked(path):
        raise RuntimeError
    with locked(path):
        pass


def test_whoever_cannot_say_who_it_is_holds_it_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    path = tmp_path / "dev.lock"
    with locked(path), pytest.raises(LockHeld, match="only just started"), locked(path):
        pass
