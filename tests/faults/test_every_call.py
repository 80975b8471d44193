"""The long form: faults at every write-side call, also those of SQLite, Polars and ONNX (`make faults`).

Needs a C compiler for shim.c, and takes hours; MLC_FAULTS=long asks for it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from faults.at_random import Scene, assert_comes_to, assert_readable, scenes
from faults.forking import Ended, Server
from faults.small import make_project
from faults.soundness import Reference, assert_converges, assert_done, assert_sound

SLICES = 24
EVERY = int(os.environ.get("MLC_FAULTS_EVERY", "1"))
"""MLC_FAULTS_EVERY=10 takes every tenth call only."""


STRUCK = os.environ.get("MLC_FAULTS_LOG", "")
"""A file to note in what was struck, for a campaign that is to be counted."""


class Shimmed(NamedTuple):
    server: Server
    shim: str
    calls: int

    def apply(self, root: Path, how: str, at: int, count: str = "") -> Ended:
        return self.run(root, ("apply", "--yes"), how, at, count)

    def run(self, root: Path, words: tuple[str, ...], how: str, at: int, count: str = "") -> Ended:
        fault = {"how": how, "at": at, "count": count, "shim": self.shim}
        return self.server.run(root, *words, fault=fault)


@pytest.fixture(scope="session")
def shimmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shimmed]:
    folder = tmp_path_factory.mktemp("shimmed")
    shim = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(source), "-ldl"], check=True)
    (folder / "output").mkdir()
    server = Server(folder / "output", shim)
    root = make_project(folder / "small")
    count = folder / "count"
    ended = Shimmed(server, str(shim), 0).apply(root, "none", 0, str(count))
    assert ended.code == 0, ended
    yield Shimmed(server, str(shim), int(count.read_text()))
    server.close()


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize("how", ["kill", "ENOSPC", "EIO"])
def test_at_every_call(shimmed: Shimmed, reference: Reference, tmp_path: Path, how: str, slice_: int) -> None:
    for at in range(1 + slice_ * EVERY, shimmed.calls - 5, SLICES * EVERY):
        root = make_project(tmp_path / str(at))
        ended = shimmed.apply(root, how, at)
        assert ended.code in ((-signal.SIGKILL,) if how == "kill" else (0, 1)), (at, ended)
        assert "Traceback" not in ended.err
        assert "mistake in mlc, not yours" not in ended.err, (at, ended)
        if ended.code == 1 and how == "ENOSPC":
            assert "error[disk-full]" in ended.err, (at, ended)
        assert_sound(root, reference)
        if ended.code == 0 and how == "ENOSPC":
            assert_done(shimmed.server, root, reference)
        else:
            assert_converges(shimmed.server, root, reference)


class Wide(NamedTuple):
    scene: Scene
    calls: int


@pytest.fixture(scope="session")
def wide(shimmed: Shimmed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Wide, ...]:
    """The scenes of three models, four steps at once, and how many calls each makes undisturbed."""
    folder = tmp_path_factory.mktemp("wide")
    found = []
    for scene in scenes(shimmed.server, folder):
        root, count = folder / "counted", folder / "count"
        shutil.copytree(scene.before, root, symlinks=True)
        assert shimmed.run(root, scene.killed, "none", 0, str(count)).code == 0
        found.append(Wide(scene, int(count.read_text())))
        shutil.rmtree(root)
    return tuple(found)


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize("which", range(3))
def test_killed_while_steps_run_at_once(
    shimmed: Shimmed, wide: tuple[Wide, ...], tmp_path: Path, which: int, slice_: int
) -> None:
    scene, calls = wide[which]
    for at in range(1 + slice_ * EVERY, calls + 1, SLICES * EVERY):
        root = tmp_path / str(at)
        shutil.copytree(scene.before, root, symlinks=True)
        ended = shimmed.run(root, scene.killed, "kill", at)
        assert ended.code in (0, -signal.SIGKILL), (at, ended)  # a run more or less varies by a few calls
        assert_readable(root)
        assert_comes_to(shimmed.server, root, scene)
        shutil.rmtree(root)
        if STRUCK:
            with Path(STRUCK).open("a", encoding="utf-8") as log:
                log.write(f"{scene.name} {at} of {calls}: {'killed' if ended.code else 'at its end'}\n")


def test_writes_that_are_all_short(shimmed: Shimmed, reference: Reference, root: Path) -> None:
    ended = shimmed.apply(root, "short", 0)
    assert_sound(root, reference)
    assert ended.code == 0, ended
    assert_done(shimmed.server, root, reference)
