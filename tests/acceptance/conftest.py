"""The projects that cases run in."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.script import environment, on_one_core
from mlc import data

PROJECTS = Path(__file__).parent / "projects"


@pytest.fixture(scope="session")
def applied(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The small project after `mlc apply`: made once, whatever the number of workers."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    project = base / "applied"
    with (base / "applied.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not project.is_dir():
            making = base / "applying"
            shutil.copytree(PROJECTS / "small", making)
            command = [sys.executable, "-P", "-m", "mlc.cli.main", "apply", "--yes"]
            subprocess.run(
                command,
                cwd=making,
                env=environment(base),
                check=True,
                capture_output=True,
                preexec_fn=on_one_core,
            )
            making.rename(project)
    return project


@pytest.fixture
def project(request: pytest.FixtureRequest) -> Path | None:
    """The project that a case names in the first line of its script."""
    case: Path = request.getfixturevalue("case")
    first = (case / "script").read_text(encoding="utf-8").partition("\n")[0]
    name = first.removeprefix("# project: ")
    if name == "applied":
        applied: Path = request.getfixturevalue("applied")
        return applied
    if name == "lending":
        lending: Path = request.getfixturevalue("lending")
        return lending
    return {"small": PROJECTS / "small", "none": None}[name]


@pytest.fixture(scope="session")
def lending(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as it is checked in, whatever somebody has run in it."""
    copy = tmp_path_factory.mktemp("examples") / "lending"
    made = shutil.ignore_patterns(".mlc", "generated", ".github", "__pycache__")
    return Path(shutil.copytree(data.path("examples", "lending"), copy, ignore=made))
