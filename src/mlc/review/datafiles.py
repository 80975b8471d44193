"""Files of data on either side: compared by their ids, never read as data."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from msgspec import Struct

from mlc.git import Objects, Tree
from mlc.store.files import leads_out

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:[^\n]*\n)*?oid sha256:([0-9a-f]{64})\nsize (\d+)\n"
)
_LONGEST_POINTER = 1024
_MOST_TEXT = 64 * 1024 * 1024  # of a text whose line ends git may have changed
_AT_ONCE = 1 << 20


class DataFile(Struct, frozen=True):
    """A file's content by its names: the id that git gives it, and the digest that Git LFS does.

    `size` in bytes is that of the data, where it is known: a pointer of Git LFS says it, a submodule does not.
    """

    blob: str
    size: int | None
    sha256: str = ""
    other_line_ends: str = ""  # the id it had with the line ends of a repository


def committed(tree: Tree, objects: Objects, path: str) -> DataFile | None:
    """A file of a commit, or None where there is none."""
    found = tree.entry(path)
    if found is None or found.kind == "folder":
        return None
    if found.kind == "submodule":
        return DataFile(found.id, None)
    size = objects.size(found.id)
    pointer = _POINTER.match(objects.read(found.id)[1]) if size <= _LONGEST_POINTER else None
    if pointer is not None:
        return DataFile(found.id, int(pointer[2]), pointer[1].decode())
    return DataFile(found.id, size)


def on_disk(root: Path, path: str, like: DataFile | None) -> DataFile | None:
    """A file of the working tree, by the names that the one it is compared with has; None where there is none."""
    place = root / path
    if leads_out(root, path) or not place.is_file():
        return None
    size = place.stat().st_size
    if size <= _LONGEST_POINTER:
        pointer = _POINTER.match(place.read_bytes())
        if pointer is not None:
            return DataFile("", int(pointer[2]), pointer[1].decode())
    digits = len(like.blob) if like is not None and like.blob else 40
    blob = hashlib.sha1(usedforsecurity=False) if digits == 40 else hashlib.sha256()
    blob.update(b"blob %d\0" % size)
    plain = hashlib.sha256()
    with place.open("rb") as file:
        while chunk := file.read(_AT_ONCE):
            blob.update(chunk)
            plain.update(chunk)
    return DataFile(blob.hexdigest(), size, plain.hexdigest(), _repository_line_ends(place, size, digits))


def alike(one: DataFile | None, other: DataFile | None) -> bool:
    """Whether two files hold the same, as far as their names tell."""
    if one is None or other is None:
        return one is other
    if one.blob and one.blob in (other.blob, other.other_line_ends):
        return True
    if other.blob and other.blob == one.other_line_ends:
        return True
    return bool(one.sha256) and one.sha256 == other.sha256


def _repository_line_ends(place: Path, size: int, digits: int) -> str:
    """The id of a text whose lines end in CR LF as git keeps it where it is told to (`core.autocrlf`)."""
    if size > _MOST_TEXT:
        return ""
    content = place.read_bytes()
    if b"\r\n" not in content or b"\0" in content:
        return ""
    content = content.replace(b"\r\n", b"\n")
    made = hashlib.sha1(usedforsecurity=False) if digits == 40 else hashlib.sha256()
    made.update(b"blob %d\0" % len(content))
    made.update(content)
    return made.hexdigest()
