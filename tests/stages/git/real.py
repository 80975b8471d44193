"""A real git for the tests to compare with: nothing of this machine's configuration, and fixed dates."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str, date: int = 1_700_000_000, stdin: bytes | None = None) -> str:
    """What git says, without the last line break."""
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": f"{date} +0000",
        "GIT_COMMITTER_DATE": f"{date} +0000",
        "LC_ALL": "C.UTF-8",
    }
    command = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *WHO, *words]
    done = subprocess.run(command, cwd=folder, env=environment, input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")


def commit(folder: Path, message: str = "A change", date: int = 1_700_000_000) -> str:
    """Commits all that is in the working tree; gives the commit's id."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message, date=date)
    return git(folder, "rev-parse", "HEAD")
