"""Files of the cache that are believed only where this machine wrote them, and as it wrote them.

A file that came with a checkout, an archive or a copy (a pull request may bring an `.mlc` of its own) is never
believed: its seal names the inode and the time of change of the file, which the kernel chose as this machine wrote it.
A half of one, after a power cut, is not believed either. Removing either file is always safe.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import msgspec
from msgspec import Struct


class _Seal(Struct, frozen=True):
    file: tuple[int, int, int, int]  # device, inode, size, time of change
    digest: str


def read(path: Path) -> bytes | None:
    """What a sealed file holds; None where it is not there or not to be believed."""
    try:
        seal = msgspec.json.decode((path.with_suffix(".seal")).read_bytes(), type=_Seal)
        if seal.file != _identity(path):
            return None
        content = path.read_bytes()
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    return content if hashlib.sha256(content).hexdigest() == seal.digest else None


def write(path: Path, content: bytes, most: int) -> None:
    """The file, then its seal. Of its kind (by its suffix) `most` are kept. Neither needs to outlast a power cut.

    Raises OSError.
    """
    others = sorted(path.parent.glob(f"*{path.suffix}"), key=lambda one: one.stat().st_mtime_ns)
    for old in [one for one in others if one != path][: max(0, len(others) + 1 - most)]:
        old.unlink()
        old.with_suffix(".seal").unlink(missing_ok=True)
    path.with_suffix(".seal").unlink(missing_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.new")
    try:
        temporary.write_bytes(content)
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
    seal = _Seal(_identity(path), hashlib.sha256(content).hexdigest())
    temporary.write_bytes(msgspec.json.encode(seal))
    temporary.rename(path.with_suffix(".seal"))


def _identity(path: Path) -> tuple[int, int, int, int]:
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError("not a file")
    return found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns
