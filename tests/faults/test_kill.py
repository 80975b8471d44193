"""SIGKILL at every write-side call of an apply (the long form), or at a spread of them."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from faults.forking import Server
from faults.small import make_project
from faults.soundness import Reference, assert_converges, assert_sound, points

SLICES = 20


def test_there_are_many_calls_to_be_killed_at(reference: Reference) -> None:
    assert reference.calls > 500


@pytest.mark.parametrize("slice_", range(SLICES))
def test_killed(server: Server, reference: Reference, tmp_path: Path, slice_: int) -> None:
    for at in points(slice_, SLICES, reference.calls - 5):  # a run more or less varies by a few calls
        root = make_project(tmp_path / str(at))
        assert server.run(root, "apply", "--yes", fault={"how": "kill", "at": at}).code == -signal.SIGKILL
        assert_sound(root, reference)
        assert_converges(server, root, reference)


def test_killed_again_and_again(server: Server, reference: Reference, root: Path) -> None:
    """Each run gets a little further, because what was recorded is not done again."""
    for kills in range(40):  # noqa: B007
        ended = server.run(root, "apply", "--yes", fault={"how": "kill", "at": 101})
        if ended.code == 0:
            break
        assert_sound(root, reference)
    assert 3 <= kills < 39
    assert_converges(server, root, reference)
