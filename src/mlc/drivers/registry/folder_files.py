"""Single files of a registry in folders, as they are read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.rules import registry_unreadable

_TAIL = 8192  # bytes read from the log's end at first, for its last line

_Shape = TypeVar("_Shape")


class Known(Struct, frozen=True):
    digest: str
    created: str


class Pointing(Struct, frozen=True):
    number: int | None
    line: Promotion


def listed(folder: Path) -> Iterator[str]:
    """The names in a folder, but for those of files that are being written."""
    try:
        with os.scandir(folder) as found:
            return iter([entry.name for entry in found if not entry.name.startswith(".")])
    except (FileNotFoundError, NotADirectoryError):
        return iter(())


def last_line(log: Path) -> Promotion | None:
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            length = _TAIL
            while True:
                start = max(0, size - length)
                file.seek(start)
                whole = file.read(size - start).rpartition(b"\n")[0]  # what has no end was never said
                line = whole.rpartition(b"\n")[2]
                if start == 0 or b"\n" in whole:
                    break
                length *= 2
    except FileNotFoundError:
        return None
    if not line:
        return None
    try:
        return msgspec.json.decode(line, type=Promotion)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StepFailed(registry_unreadable.damaged(log, error)) from error


def is_cut(file: Any) -> bool:
    """Does a file end in the middle of a line? Leaves it at its start."""
    is_empty = file.seek(0, os.SEEK_END) == 0
    if not is_empty:
        file.seek(-1, os.SEEK_END)
    last = b"\n" if is_empty else file.read(1)
    file.seek(0)
    return bool(last != b"\n")


def read(path: Path, shape: type[_Shape]) -> _Shape | None:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StepFailed(registry_unreadable.damaged(path, error)) from error


def hint(path: Path, content: bytes) -> None:
    """Write what is looked at and not believed: whole for who reads it now, and after a power cut perhaps not there."""
    temporary = path.with_name(f".{path.name}")
    with temporary.open("wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o644)
    os.rename(temporary, path)  # noqa: PTH104 - the os functions are what the fault tests replace


@contextmanager
def failures_told(root: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise StepFailed(registry_unreadable.refused(root, error)) from error
