"""Three kills in a row at random moments, with several steps at once (the long form: 1,000 times)."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from faults.forking import Server
from faults.small import LOGISTIC, make_project, model, write
from faults.soundness import LONG, REGISTRY, generated, strays
from mlc.drivers.registry import list_models, promotion_log, verify
from mlc.store.content import Content
from mlc.store.state import read_state

TIMES = int(os.environ.get("MLC_FAULTS_KILLS", "1000" if LONG else "6"))
SLICES = 3
KILLS = 3
AT_ONCE = "4"

MODELS = {"risk": 1.0, "second": 0.5, "third": 2.0}


def make_wide(root: Path) -> Path:
    """A project of three models that know nothing of each other, each with its deployments."""
    make_project(root)
    for name, c in MODELS.items():
        write(root, f"model/{name}.yaml", model(LOGISTIC.replace("1.0", str(c))))
        write(root, f"deployment/{name}_here.yaml", f"model: {name}\ntarget: here\n")
    return root


@pytest.fixture(scope="session")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], float]:
    """What applying writes, and how long it takes here and now."""
    root = make_wide(tmp_path_factory.mktemp("undisturbed") / "wide")
    started = time.monotonic()
    ended = server.run(root, "apply", "--yes", "--parallelism", AT_ONCE)
    assert ended.code == 0, ended
    return {*generated(root)}, time.monotonic() - started


@pytest.mark.parametrize("slice_", range(SLICES))
def test_killed_three_times(
    server: Server, undisturbed: tuple[set[str], float], tmp_path: Path, slice_: int
) -> None:
    for number in range(slice_, TIMES, SLICES):
        draw = random.Random(number)
        root = make_wide(tmp_path / str(number))
        for _ in range(KILLS):
            running = server.start(root, "apply", "--yes", "--parallelism", AT_ONCE)
            time.sleep(draw.uniform(0, 1.1) * undisturbed[1])
            running.send(signal.SIGKILL)
            code = running.wait().code
            assert code in (0, -signal.SIGKILL), (number, code)
            _assert_sound(root)
        again = server.run(root, "apply", "--yes", "--parallelism", AT_ONCE)
        assert again.code == 0, (number, again)
        idle = server.run(root, "apply", "--yes")
        assert (idle.code, "Nothing to do" in idle.out) == (0, True), (number, idle)
        _assert_sound(root)
        assert {*generated(root)} == undisturbed[0]
        found = {one.name: (one.versions, one.aliases) for one in list_models(root, REGISTRY)}
        assert found == {name: (1, {"dev": 1}) for name in MODELS}, number
        moves = sorted((line.name, line.alias, line.number) for line in promotion_log(root, REGISTRY))
        assert moves == sorted((name, "dev", 1) for name in MODELS), number
        assert strays(root) == [], number


def _assert_sound(root: Path) -> None:
    read_state(root / ".mlc/state/dev.db")
    assert verify(root, REGISTRY) == ()
    for store in (root / ".mlc/content", root / ".mlc/registry/files"):
        content = Content(store)
        assert [digest for digest in content.digests() if not content.is_intact(digest)] == []
