"""A process within limits: what it may take, what it may see, and what is left of it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from mlc.drivers import _limits

GENEROUS = {"timeout": 60.0, "memory": 1 << 30}


def run(folder: Path, program: str, **limits: float) -> tuple[_limits.Ended, str]:
    wanted = GENEROUS | limits
    log = folder / "log"
    ended = _limits.run(
        [sys.executable, "-c", program], folder, log, timeout=wanted["timeout"], memory=int(wanted["memory"])
    )
    return ended, log.read_text()


def test_what_it_prints_and_its_exit_code_are_kept(tmp_path: Path) -> None:
    ended, said = run(tmp_path, "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)")
    assert (ended.how, ended.code) == ("exit", 3)
    assert sorted(said.split()) == ["one", "two"]


def test_a_signal_is_a_negative_code(tmp_path: Path) -> None:
    ended, _ = run(tmp_path, "import os; os.abort()")
    assert (ended.how, ended.code) == ("exit", -6)


def test_it_sees_no_secret_of_who_applies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("MLC_SECRET_SALT", "canary")
    _, said = run(tmp_path, "import os; print(dict(os.environ)); print(os.getcwd())")
    assert "canary" not in said
    assert said.splitlines()[-1] == str(tmp_path)


def test_it_is_stopped_when_its_time_is_over(tmp_path: Path) -> None:
    ended, _ = run(tmp_path, "import time; time.sleep(600)", timeout=0.3)
    assert ended.how == "timeout"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much a process takes")
def test_memory_is_counted_with_that_of_what_it_starts(tmp_path: Path) -> None:
    child = "held = bytearray(60 << 20); import time; time.sleep(600)"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    ended, _ = run(tmp_path, program, memory=50 << 20)
    assert ended.how == "memory"
    assert ended.memory > 50 << 20


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    child = "import os, time; open('child', 'w').write(str(os.getpid())); time.sleep(600)"
    program = (
        f"import os, subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "while not os.path.exists('child') or not open('child').read(): time.sleep(0.01)"
    )
    ended, _ = run(tmp_path, program)
    assert ended.how == "exit"
    process = int((tmp_path / "child").read_text())
    until = time.monotonic() + 10
    while _is_alive(process):
        assert time.monotonic() < until
        time.sleep(0.01)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:  # it may wait to be buried by whoever is its parent now
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
