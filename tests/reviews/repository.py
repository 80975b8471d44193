"""A repository with a project in one of its folders, and pull requests against it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from stages.git.real import commit, git

HERE = Path(__file__).parent
FOLDER = Path("ml", "shop")


def made(folder: Path) -> Path:
    """A repository whose branch `main` holds the project; gives the repository's folder."""
    folder.mkdir()
    git(folder, "init", "--quiet")
    shutil.copytree(HERE / "project", folder / FOLDER)
    shutil.copy(HERE / "CODEOWNERS", folder / "CODEOWNERS")
    commit(folder, "The shop")
    return folder


def proposed(repository: Path, script: Path, copy: Path) -> Path:
    """A copy of the repository with a branch `proposal`, on which a script was run in the project's folder."""
    shutil.copytree(repository, copy, symlinks=True)
    git(copy, "checkout", "--quiet", "-b", "proposal")
    done = subprocess.run(["bash", "-eu", script], cwd=copy / FOLDER, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    commit(copy, "A proposal", date=1_700_000_100)
    return copy
