"""SIGKILL at every effect of registering and promoting: nothing torn, and again gives one version."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("shape", ["hybrid", "filesystem"])
@pytest.mark.parametrize(
    ("scenario", "fewest"), [("first", 20), ("second", 15), ("promote", 8), ("let_go", 5), ("copy", 20)]
)
def test_killed_at_every_effect(scenario: str, fewest: int, shape: str) -> None:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("_campaign.py")), scenario, shape],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= fewest
