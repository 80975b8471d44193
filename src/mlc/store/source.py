"""A Python module as bytes: one file, or a folder with all that stands in it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

_BYTE_CODE = "__pycache__"


def source_files(module: Path) -> tuple[str, ...]:
    """The files of a module's folder, relative to it and in order; without byte code, links and hidden files."""
    return tuple(
        found.relative_to(module).as_posix()
        for found in sorted(module.rglob("*"))
        if found.is_file()
        and not found.is_symlink()
        and not any(map(is_passed_over, found.relative_to(module).parts))
    )


def source_digest(module: Path) -> str:
    """The SHA-256 (hex) over the names and contents of a module's folder."""
    whole = hashlib.sha256()
    for name in source_files(module):
        content = (module / name).read_bytes()
        whole.update(f"{name} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def copy_source(module: Path, place: Path) -> None:
    """Copy what the digest covers and nothing else. Raises OSError."""
    if module.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(module, place)
        return
    if not module.is_dir():
        raise FileNotFoundError(2, "there is no such module", str(module))
    for name in source_files(module):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(module / name, place / name)


def is_passed_over(name: str) -> bool:
    """Whether a file or folder of this name is no part of a module."""
    return name.startswith(".") or name == _BYTE_CODE
