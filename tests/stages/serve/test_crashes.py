"""SIGKILL at every effect of deploying and undeploying: what is current can be served, and again finishes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_killed_at_every_effect() -> None:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("_campaign.py"))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    deploying, undeploying = map(int, done.stdout.split())
    assert deploying >= 20
    assert undeploying >= 10
