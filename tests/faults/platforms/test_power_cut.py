"""The power goes while mlc applies: an ext4 of its own, of which nothing more reaches the disk from one moment on.

ext4 has a call for it (EXT4_IOC_SHUTDOWN, as xfstests uses it): what was synced is there after mounting again, and what
was not is gone. Needs to be root and to mount (`make test-platforms`).
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.forking import Server
from faults.small import make_project
from faults.soundness import LONG, Reference, assert_converges, assert_sound
from mlc.store.state import read_state

CUTS = int(os.environ.get("MLC_FAULTS_CUTS", "200" if LONG else "8"))
_SHUTDOWN = 0x8004587D
_WITHOUT_FLUSHING = 2
_SECONDS = 60


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An ext4 of 96 MB in a file."""
    place = tmp_path / "disk"
    place.mkdir()
    with (tmp_path / "image").open("wb") as file:
        file.truncate(96 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(tmp_path / "image")], check=True)
    _mount(place)
    yield place
    _unmount(place)


@pytest.mark.parametrize("number", range(CUTS))
def test_what_was_recorded_survives(
    server: Server, reference: Reference, disk: Path, tmp_path: Path, number: int
) -> None:
    draw = random.Random(number)
    root = make_project(disk / "small")
    os.sync()
    log = tmp_path / "events"
    running = server.start(root, "apply", "--yes", "--parallelism", "3", "--events", str(log))
    _wait_for(log, draw.randrange(1, 60))
    time.sleep(draw.uniform(0, 0.02))
    _cut(disk)
    told = _done(log)  # what was said to be done by now
    running.send(signal.SIGKILL)
    running.wait()
    _unmount(disk)
    _mount(disk)
    if (root / ".mlc/state/dev.db").exists():
        assert_sound(root, reference)
    recorded = read_state(root / ".mlc/state/dev.db")
    assert told["run"] <= recorded.operations.keys(), "an acknowledged step is lost"
    assert told["write"] <= {f"artifact {path}" for path in recorded.artifacts}
    assert told["create"] <= recorded.resources.keys()
    assert_converges(server, root, reference)


def _wait_for(log: Path, lines: int) -> None:
    """Until so much has happened, or the apply is at its end."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        content = log.read_bytes() if log.exists() else b""
        if content.count(b"\n") >= lines or b'"event":"finished"' in content:
            return
        time.sleep(0.002)


def _done(log: Path) -> dict[str, set[str]]:
    told: dict[str, set[str]] = {"run": set(), "write": set(), "create": set()}
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else []:
        event = json.loads(line)
        if event["event"] == "step_done":
            told.setdefault(event["action"], set()).add(event["step"])
    return told


def _cut(disk: Path) -> None:
    folder = os.open(disk, os.O_RDONLY)
    try:
        fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING))
    finally:
        os.close(folder)


def _mount(disk: Path) -> None:
    subprocess.run(["mount", "-o", "loop", str(disk.parent / "image"), str(disk)], check=True)


def _unmount(disk: Path) -> None:
    """The processes of a killed apply may take a moment to let go."""
    deadline = time.monotonic() + _SECONDS
    while subprocess.run(["umount", str(disk)], check=False, capture_output=True).returncode:
        assert time.monotonic() < deadline, "the disk stays in use"
        time.sleep(0.05)
