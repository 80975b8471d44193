"""Placing modules in `.mlc/modules`: whole or not at all, one at a time, read-only."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlc.ir.module import FOLDER, Locked, folder_of
from mlc.ir.operation import StepFailed
from mlc.rules import path_outside_project
from mlc.store.files import TEMPORARY, keep_out_of_git, leads_out, make_folder, sync_folder
from mlc.store.lock import waiting


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """While nobody else places modules or writes the lock of this project: whoever comes second waits.

    Raises StepFailed where links lead `.mlc` out of the project.
    """
    if leads_out(root, FOLDER):
        raise StepFailed(path_outside_project.found(FOLDER, where="The project"))
    make_folder(root / FOLDER)
    keep_out_of_git(root)
    with waiting(root / FOLDER / ".lock"):
        for left in (root / FOLDER).glob(f"{TEMPORARY}*"):  # by somebody who was killed
            shutil.rmtree(left, ignore_errors=True)
        yield


def is_intact(root: Path, name: str, locked: Locked) -> bool:
    """Whether every file of a locked module is there as it should be, and no link leads to it."""
    folder = Path(os.path.realpath(root)) / folder_of(name, locked.digest)
    for path, digest in locked.files.items():
        file = folder / path
        try:
            if Path(os.path.realpath(file)) != file or not file.is_file():
                return False
            if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                return False
        except OSError:
            return False
    return True


def place(root: Path, name: str, locked: Locked, files: Mapping[str, bytes]) -> None:
    """Put a module where the lock says it is. Raises OSError; nothing is half there then."""
    if is_intact(root, name, locked):
        return
    final = root / folder_of(name, locked.digest)
    stage = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=root / FOLDER))
    try:
        made = stage / "new"
        for path, content in files.items():
            _write(made / path, content)
        for folder in sorted(
            {made, *(parent for path in files for parent in (made / path).parents)}, reverse=True
        ):
            if folder.is_relative_to(made):
                sync_folder(folder)
        if final.exists() or final.is_symlink():  # damaged
            final.rename(stage / "old")
        made.rename(final)
        sync_folder(final.parent)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    make_folder(path.parent)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), 0o444)
        os.fsync(file.fileno())
