"""The files of a module: which are taken, and what is refused."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from mlc import kinds
from mlc.ir import backend
from mlc.ir.module import FILE_PATTERN, MOST_FILES, Declared, Resolved
from mlc.ir.operation import StepFailed
from mlc.rules import module_refused

LARGEST_FILE = 1_000_000  # bytes, as of every configuration file
MOST_BYTES = 20_000_000  # of a module
MOST_ENTRIES = 20_000  # looked at in the folders of a module

_NAME = re.compile(FILE_PATTERN)


class Fetched(Struct, frozen=True):
    """The bytes of a module's files by their paths, and what its source was resolved to."""

    files: Mapping[str, bytes]
    resolved: Resolved

    def digests(self) -> dict[str, str]:
        return {path: hashlib.sha256(self.files[path]).hexdigest() for path in sorted(self.files)}


def folders() -> tuple[str, ...]:
    """The folders that layers and backends are taken from."""
    return (*kinds.names(), "env", backend.FOLDER)


class Gathering:
    """Takes note of a module's files one by one. Raises StepFailed at the first that no module may hold."""

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        self.bytes = 0
        self.entries = 0
        self.paths: dict[str, str] = {}  # by what a file system that does not know capitals makes of them

    def wants(self, path: str, size: int) -> bool:
        """Whether a regular file of `size` bytes is a layer, or of a backend."""
        self.count()
        if path.startswith(f"{backend.FOLDER}/"):
            if path.count("/") != 2 or "/." in path:
                return False
        elif not path.endswith(".yaml") or path.endswith(".mlctest.yaml"):
            return False
        if _NAME.fullmatch(path) is None:
            raise self.refused(f"the name of {_shown(path)} is none that a layer may have")
        if size > LARGEST_FILE:
            raise self.refused(f"{path} has {size:,} bytes, and a layer at most {LARGEST_FILE:,}")
        other = self.paths.setdefault(path.lower(), path)
        if other != path:
            raise self.refused(f"{other} and {path} differ in capitals only")
        self.bytes += size
        if len(self.paths) > MOST_FILES or self.bytes > MOST_BYTES:
            raise self.refused(f"it holds more than {MOST_FILES:,} layers or {MOST_BYTES:,} bytes")
        return True

    def count(self) -> None:
        self.entries += 1
        if self.entries > MOST_ENTRIES:
            raise self.refused(f"it holds more than {MOST_ENTRIES:,} files")

    def check(self) -> None:
        """That there is anything at all."""
        if not self.paths:
            where = f"the folder {self.declared.path}" if self.declared.path else "it"
            raise self.refused(
                f"{where} holds no layer, which is a YAML file in a folder such as model or env",
                "Name the folder that holds such folders with `path`.",
            )

    def refused(self, reason: str, help_text: str = "") -> StepFailed:
        one = self.declared
        return StepFailed(module_refused.found(one.name, one.span, reason, help_text))


def read_folder(declared: Declared, root: Path, resolved: Resolved) -> Fetched:
    """The layers below a folder. Links are refused, not followed. Raises StepFailed and OSError."""
    gathering = Gathering(declared)
    files: dict[str, bytes] = {}
    for folder in folders():
        if root.joinpath(folder).is_symlink():
            raise gathering.refused(f"{folder} is a symbolic link")
        for path, entry in _regular(root, folder, gathering):
            if gathering.wants(path, entry.stat(follow_symlinks=False).st_size):
                files[path] = _content(gathering, path, entry)
    gathering.check()
    return Fetched(files, resolved)


def _regular(root: Path, folder: str, gathering: Gathering) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every regular file below a folder, with its path below `root`."""
    pending = [folder] if root.joinpath(folder).is_dir() else []
    while pending:
        here = pending.pop()
        with os.scandir(root / here) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = f"{here}/{entry.name}"
                if entry.is_symlink():
                    raise gathering.refused(f"{_shown(path)} is a symbolic link")
                if entry.is_dir(follow_symlinks=False):
                    gathering.count()
                    pending.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield path, entry


def _content(gathering: Gathering, path: str, entry: os.DirEntry[str]) -> bytes:
    handle = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise gathering.refused(f"{path} is no regular file")
        content = stream.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:  # it grew
        raise gathering.refused(f"{path} has more than {LARGEST_FILE:,} bytes")
    return content


def _shown(path: str) -> str:
    return ascii(path)[1:-1][:120]
