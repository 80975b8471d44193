"""A disk that is full for real: a tmpfs of a few hundred kilobytes. Needs to be root (`make test-platforms`)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.forking import Server
from faults.small import make_project
from faults.soundness import Reference, assert_converges, assert_sound


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("kilobytes", range(60, 700, 40))
def test_full_for_real(server: Server, reference: Reference, disk: Path, kilobytes: int) -> None:
    """With so much room and no more the apply stops; with more room it goes on and all is as it should be."""
    _resize(disk, "16m")
    root = make_project(disk / "small")
    _resize(disk, f"{kilobytes}k")
    ended = server.run(root, "apply", "--yes")
    assert ended.code == 1, ended
    assert ended.err.count("error[disk-full]") == 1, ended
    assert "Make room" in ended.err
    _resize(disk, "16m")  # also to look at it: SQLite needs 32 kB to read
    assert_sound(root, reference)
    assert_converges(server, root, reference)


def _resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)
