"""A disk that is full from the n-th write-side call on, and one that fails once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from faults.forking import Ended, Server
from faults.small import make_project
from faults.soundness import Reference, assert_converges, assert_done, assert_sound, points
from mlc.rules._system import is_disk_full

FULL, FAILING = 12, 6


@pytest.mark.parametrize("slice_", range(FULL))
def test_full(server: Server, reference: Reference, tmp_path: Path, slice_: int) -> None:
    for at in points(slice_, FULL, reference.calls):
        root = make_project(tmp_path / str(at))
        ended = server.run(root, "apply", "--yes", fault={"how": "ENOSPC", "at": at})
        _told(ended, ("disk-full",))
        assert ended.code == 1 or at > reference.calls * 0.9
        assert_sound(root, reference)
        if ended.code == 0:  # nothing after this call needed room
            assert_done(server, root, reference)
        else:
            assert ended.err.count("error[disk-full]") == 1, "it went on although the disk was full"
            assert "Make room" in ended.err
            assert_converges(server, root, reference)


@pytest.mark.parametrize("slice_", range(FAILING))
def test_failing(server: Server, reference: Reference, tmp_path: Path, slice_: int) -> None:
    for at in points(slice_, FAILING, reference.calls):
        root = make_project(tmp_path / str(at))
        ended = server.run(root, "apply", "--yes", fault={"how": "EIO", "at": at})
        _told(ended, ("step-broke", "registry-unreadable"))
        assert_sound(root, reference)
        assert_converges(server, root, reference)


def test_what_sqlite_says_of_a_full_disk_is_known() -> None:
    for code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE):
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        assert is_disk_full(error)
    assert not is_disk_full(sqlite3.OperationalError("disk I/O error"))


def _told(ended: Ended, rules: tuple[str, ...]) -> None:
    assert ended.code in (0, 1), ended
    assert "Traceback" not in ended.err
    assert "mistake in mlc, not yours" not in ended.err, ended.err
    if ended.code:
        assert any(f"error[{rule}]" in ended.err for rule in rules), ended.err
