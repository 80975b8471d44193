"""Artifacts as they were when somebody looked at them: `tests/__snapshots__/FILE.mlctest/CASE/PATH`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlc import workspace
from mlc.store.files import leads_out, write_if_changed

FOLDER = "tests/__snapshots__"
_OURS = ".mlctest"  # other tools keep theirs beside ours


class Book:
    """The snapshots of a project. It remembers which were asked for, and writes them where it may."""

    def __init__(self, root: Path, update: bool) -> None:
        self._root = root
        self.update = update
        self.written: list[str] = []
        self._asked: set[str] = set()

    def compare(self, path: str, content: bytes) -> bytes | None:
        """The content that was recorded, or None where none was. Records this one where it may.

        Raises StepFailed where links lead out of the project, and OSError.
        """
        path = f"{FOLDER}/{path}"
        self._asked.add(path)
        place = workspace.place(self._root, path)
        if self.update:
            if write_if_changed(place, content, 0o644):
                self.written.append(path)
            return content
        try:
            return place.read_bytes()
        except FileNotFoundError:
            return None

    def unused(self) -> tuple[str, ...]:
        """The snapshots that no case has asked for, sorted."""
        if leads_out(self._root, FOLDER):
            return ()
        found = _files(self._root, FOLDER)
        ours = (path for path in found if path.removeprefix(f"{FOLDER}/").partition("/")[0].endswith(_OURS))
        return tuple(sorted(set(ours) - self._asked))

    def remove(self, paths: Iterable[str]) -> None:
        """Remove snapshots and the folders that they leave empty."""
        for path in paths:
            place = workspace.place(self._root, path)
            place.unlink(missing_ok=True)
            for folder in place.parents:
                if folder == self._root / FOLDER or any(folder.iterdir()):
                    break
                folder.rmdir()


def _files(root: Path, folder: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(root / folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(root, f"{folder}/{entry.name}")
        else:
            yield f"{folder}/{entry.name}"
