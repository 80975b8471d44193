"""`mlc destroy` that is killed, interrupted or meets a full disk: the next one ends it, and history stays."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from faults.forking import Server
from faults.soundness import REGISTRY, Reference, assert_done, generated, points, strays
from mlc.drivers.registry import open_registry, promotion_log, verify, versions
from mlc.store.state import read_state

KILLED, FULL = 6, 3


@pytest.fixture(scope="session")
def calls(server: Server, reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The number of write-side calls of an undisturbed destroy."""
    folder = tmp_path_factory.mktemp("destroyed")
    root = copied(reference, folder)
    ended = server.run(
        root, "destroy", "--yes", fault={"how": "none", "at": 0, "count": str(folder / "count")}
    )
    assert ended.code == 0, ended
    assert_gone(root)
    return int((folder / "count").read_text())


def copied(reference: Reference, folder: Path) -> Path:
    shutil.copytree(reference.root, folder / "copy", symlinks=True)
    return folder / "copy"


def assert_gone(root: Path) -> None:
    state = read_state(root / ".mlc/state/dev.db")
    assert (state.resources, state.operations, state.artifacts) == ({}, {}, {})
    assert state.serial > 0
    assert generated(root) == {}
    assert not (root / ".mlc/deployments/dev/online").exists()
    assert strays(root) == []
    # history stays
    assert verify(root, REGISTRY) == ()
    assert [one.aliases for one in versions(open_registry(root, REGISTRY), "risk")] == [("dev",)]
    assert len(promotion_log(root, REGISTRY)) == 1


@pytest.mark.parametrize("slice_", range(KILLED))
def test_killed(server: Server, reference: Reference, tmp_path: Path, calls: int, slice_: int) -> None:
    for at in points(slice_, KILLED, calls - 5):
        root = copied(reference, tmp_path / str(at))
        ended = server.run(root, "destroy", "--yes", fault={"how": "kill", "at": at})
        assert ended.code == -signal.SIGKILL, ended
        assert verify(root, REGISTRY) == ()
        read_state(root / ".mlc/state/dev.db")
        again = server.run(root, "destroy", "--yes")
        assert again.code == 0, again
        assert_gone(root)
        assert "0 resources as described" in server.run(root, "destroy", "--yes").out


@pytest.mark.parametrize("slice_", range(FULL))
def test_full(server: Server, reference: Reference, tmp_path: Path, calls: int, slice_: int) -> None:
    for at in points(slice_, FULL, calls - 5):
        root = copied(reference, tmp_path / str(at))
        ended = server.run(root, "destroy", "--yes", fault={"how": "ENOSPC", "at": at})
        assert ended.code in (0, 1), ended
        assert "Traceback" not in ended.err
        if ended.code:
            assert ended.err.count("error[disk-full]") == 1, ended
            assert (
                "run `mlc destroy` again" in " ".join((ended.out + ended.err).split())
                or "Make room" in ended.err
            )
        assert server.run(root, "destroy", "--yes").code == 0
        assert_gone(root)


def test_what_comes_back_is_as_it_was(
    server: Server, reference: Reference, tmp_path: Path, calls: int
) -> None:
    """Killed in the middle of destroying, then applied: nothing is trained, nothing registered or promoted twice."""
    root = copied(reference, tmp_path)
    server.run(root, "destroy", "--yes", fault={"how": "kill", "at": calls // 2})
    again = server.run(root, "apply", "--yes")
    assert again.code == 0, again
    assert not [line for line in again.out.splitlines() if "risk/train" in line and "reused" not in line]
    assert_done(server, root, reference)
