"""Checkers that are programs: run in a folder of their own with nothing of the environment but PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

_SECONDS = 60


def program_of(name: str) -> str | None:
    """Where a program lies: beside this Python, else on the PATH; None where it does not."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def process(artifact: Artifact, command: list[str], near: Iterable[Artifact] = ()) -> Verification:
    """Run a checker on a copy of the artifact that bears its own name. Anything but exit 0 is a rejection.

    What is `near` is laid beside it, for a checker that follows what it names.
    """
    path = PurePosixPath(artifact.path)
    # GitHub's checkers tell what a file is by the folder it lies in
    below = path if path.parts[:2] == (".github", "workflows") else PurePosixPath(path.name)
    files = {str(below.parent / PurePosixPath(one.path).name): one.content for one in near}
    result = laid_out({**files, str(below): artifact.content}, [*command, str(below)])
    if result.returncode == 0:
        return Verification("ok", "")
    return rejected(result)


def process_apart(artifact: Artifact, name: str, home: Path, *words: str) -> Verification:
    """The same with the Python of an environment of a checker's own, which is given these words."""
    python = python_of(name, home)
    if not python.is_file():
        return not_installed(python)
    return process(artifact, [str(python), "-I", *words])


def python_of(name: str, home: Path) -> Path:
    """The Python of the environment that `make checkers` makes for a checker which cannot live beside mlc."""
    return home / ".checkers" / name / "bin" / "python"


def not_installed(place: Path) -> Verification:
    return missing(f"{place} is not there; `make checkers` installs it")


def losing(reader: str) -> str:
    """Python that finds what a reader drops or changes between reading and writing: `lost("", given, kept)`."""
    return _LOST.replace("READER", reader)


_LOST = """
def lost(path, given, kept):
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            where = f"{path}.{key}" if path else key
            yield from lost(where, value, kept[key]) if key in kept else [f"{where}: READER has no such field"]
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for i, (one, other) in enumerate(zip(given, kept)):
            yield from lost(f"{path}[{i}]", one, other)
    elif given != kept:
        yield f"{path}: READER reads {given!r} as {kept!r}"
"""


def laid_out(files: Mapping[str, bytes], command: list[str]) -> subprocess.CompletedProcess[str]:
    """What a program said in a folder that holds these files and nothing else."""
    with tempfile.TemporaryDirectory(prefix="mlc-verify-") as folder:
        for below, content in files.items():
            file = Path(folder, below)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return subprocess.run(  # noqa: S603 - the program is one of ours, the arguments are constant
            command,
            cwd=folder,
            env={"PATH": os.defpath, "HOME": folder, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )


def rejected(result: subprocess.CompletedProcess[str]) -> Verification:
    """All that a program said against what it was given."""
    said = (result.stdout + result.stderr).strip() or f"exit code {result.returncode}"
    return Verification("rejected", "", tuple(said.splitlines()))


def missing(what: str) -> Verification:
    return Verification("skipped", "", (f"Not checked: {what}.",))
