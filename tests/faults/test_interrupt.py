"""Ctrl-C and SIGTERM while a model trains for seconds."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from faults.forking import Running, Server
from faults.small import LOGISTIC, SLOW, make_project, model, write
from mlc.store.state import read_state

MEDIUM = SLOW.replace("ITERATIONS", "500")
ENDLESS = SLOW.replace("ITERATIONS", "1000000")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_finishes_the_running_step(server: Server, tmp_path: Path, number: signal.Signals) -> None:
    root = make_project(tmp_path / "small", MEDIUM)
    running = _training(server, root)
    running.send(number)
    ended = running.wait()
    assert ended.code == 130, ended
    assert "Stopping after the running steps" in ended.err
    assert "✓ model.risk/train" in ended.out
    assert "export" not in ended.out.partition("Plan:")[2]
    assert "model.risk/train" in read_state(root / ".mlc/state/dev.db").operations
    again = server.run(root, "apply", "--yes")
    assert again.code == 0, again
    assert "model.risk/train" not in again.out, "it was trained again"
    assert "✓ model.risk/export" in again.out
    assert "Nothing to do" in server.run(root, "apply", "--yes").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_stops_at_once(server: Server, tmp_path: Path, number: signal.Signals) -> None:
    root = make_project(tmp_path / "small", ENDLESS)
    running = _training(server, root)
    running.send(number)
    time.sleep(0.2)
    started = time.monotonic()
    running.send(number)
    ended = running.wait()
    assert time.monotonic() - started < 3, "it did not stop at once"
    assert ended.code == 130, ended
    assert "Interrupted." in ended.err
    assert "Traceback" not in ended.err
    write(root, "model/risk.yaml", model(LOGISTIC))
    assert server.run(root, "apply", "--yes").code == 0
    assert "Nothing to do" in server.run(root, "apply", "--yes").out


def test_two_at_the_same_moment_are_two(server: Server, tmp_path: Path) -> None:
    """Python by itself takes signals that come while compiled code runs for one."""
    root = make_project(tmp_path / "small", ENDLESS)
    running = _training(server, root)
    running.send(signal.SIGINT)
    running.send(signal.SIGTERM)
    assert running.wait().code == 130


def test_before_anything_is_applied(server: Server, root: Path) -> None:
    ended = server.run(root, "apply", "--yes", fault={"how": "SIGINT", "at": 1})
    assert ended.code == 130, ended
    assert "Traceback" not in ended.err
    assert server.run(root, "apply", "--yes").code == 0


def _training(server: Server, root: Path) -> Running:
    """An apply that has begun to train."""
    events = root.parent / "events"
    running = server.start(root, "apply", "--yes", "--events", str(events))
    deadline = time.monotonic() + 60
    while not (events.exists() and b'"training on' in events.read_bytes()):
        assert time.monotonic() < deadline, (running.folder / "err").read_text()
        time.sleep(0.02)
    time.sleep(0.3)
    return running
