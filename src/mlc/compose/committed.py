"""Layers as a commit has them: nothing is checked out, and each file is read when it is asked for."""

from __future__ import annotations

from typing import Protocol

from mlc.compose.source import Listing, Parse, Source, file_name
from mlc.ir.module import is_of_module


class Files(Protocol):
    """The files below a project's folder in a commit, links followed within it."""

    def listing(self, folder: str) -> tuple[frozenset[str], frozenset[str]] | None:
        """The names of the files and of the folders in a folder; None where there is none."""

    def read(self, path: str) -> bytes:
        """The content of a file. Raises OSError."""

    def leads_out(self, path: str) -> bool:
        """Whether a link on the way to a path leads out of the project's folder."""


class Committed(Source):
    """A project's layers out of a commit.

    The files of modules are in no commit: those that its lock has are read where they are installed, `installed`.
    """

    def __init__(self, parse: Parse, files: Files, installed: Source) -> None:
        super().__init__(parse)
        self._committed = files
        self._installed = installed

    def is_folder(self, path: str) -> bool:
        return self._installed.is_folder(path)

    def _is_regular(self, file: str) -> bool:
        return not is_of_module(file) or self._installed._is_regular(file)

    def _leaves_root(self, name: str) -> str | None:
        if name and any(self._committed.leads_out(path) for path in (name, file_name(name))):
            return "a symbolic link leads out of the project's folder"
        return None

    def _read(self, file: str) -> bytes:
        return self._installed._read(file) if is_of_module(file) else self._committed.read(file)

    def _scan(self, folder: str) -> Listing | None:
        return None if self.refuse(folder) is not None else self._committed.listing(folder)
