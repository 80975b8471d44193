"""Three kills in a row at random moments, with several steps at once (the long form: until 1,000 have struck)."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from faults.at_random import Scene, killed_in_a_row, scenes
from faults.forking import Server
from faults.soundness import LONG

RUNS = int(os.environ.get("MLC_FAULTS_RUNS", "360" if LONG else "6"))
SLICES = 3  # as many as there are scenes


@pytest.fixture(scope="session")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, ...]:
    return scenes(server, tmp_path_factory.mktemp("scenes"))


@pytest.mark.parametrize("slice_", range(SLICES))
def test_killed_three_times(
    server: Server, undisturbed: tuple[Scene, ...], tmp_path: Path, slice_: int
) -> None:
    struck = []
    for number in range(slice_, RUNS, SLICES):
        draw = random.Random(number)
        run = killed_in_a_row(server, undisturbed[slice_], tmp_path / str(number), draw)
        struck += [one.killed for one in run]
    assert any(struck)
