"""The objects of a repository by their ids: loose files, packs, and those of the repositories it borrows from.

The formats are those of gitformat-pack(5) and gitrepository-layout(5), for SHA-1 and SHA-256 alike: an id is 40 or
64 hexadecimal digits, and its length says which. What is read is held against its id.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlc.git.packs import Pack

MOST_BYTES = (
    64 * 1024 * 1024
)  # of one object; layers are refused long before, and data are compared by their ids
_MOST_BORROWED = 32


class Missing(Exception):
    """An object is not here: the clone is shallow or partial, or the id is wrong."""


class Damaged(Exception):
    """What is in the repository's files is not what git writes there."""


class Objects:
    """Reads objects. `folder` is the repository's `objects`; its ids have `digits` hexadecimal digits."""

    def __init__(self, folder: Path, digits: int) -> None:
        self._folders = tuple(_with_borrowed(folder))
        self._width = digits // 2
        self._packs: tuple[Pack, ...] | None = None

    def read(self, wanted: str) -> tuple[str, bytes]:
        """The type of an object (`commit`, `tree`, `blob`, `tag`) and its content.

        Raises Missing, and Damaged where the content is not the one that the id stands for or is too large.
        """
        kind, content = self._stored(wanted)
        made = _hash(wanted)
        made.update(b"%s %d\0" % (kind.encode(), len(content)))
        made.update(content)
        if made.hexdigest() != wanted:
            raise Damaged(f"the object {wanted} has another content than its name says")
        return kind, content

    def size(self, wanted: str) -> int:
        """The length in bytes of an object's content, which is not read for it. Raises Missing and Damaged."""
        loose = self._loose(wanted)
        if loose is not None:
            return _header(loose, wanted)[1]
        pack, offset = self._packed(wanted)
        with _told(pack):
            return pack.size(offset)

    def beginning_with(self, prefix: str) -> tuple[str, ...]:
        """The ids that begin with some hexadecimal digits (at least two), sorted."""
        found: set[str] = set()
        for folder in self._folders:
            try:
                names = [path.name for path in (folder / prefix[:2]).iterdir()]
            except OSError:
                names = []
            found.update(prefix[:2] + name for name in names if (prefix[:2] + name).startswith(prefix))
        for pack in self._all_packs():
            with _told(pack):
                found.update(pack.beginning_with(prefix))
        return tuple(sorted(found))

    def _stored(self, wanted: str) -> tuple[str, bytes]:
        loose = self._loose(wanted)
        if loose is not None:
            kind, size, start, rest = _header(loose, wanted)
            _refuse_large(wanted, size)
            try:
                content = start + rest.decompress(rest.unconsumed_tail, max(1, size - len(start) + 1))
            except zlib.error as error:
                raise Damaged(f"the object {wanted} cannot be unpacked: {error}") from error
            if len(content) != size:
                raise Damaged(f"the object {wanted} is not as long as it says")
            return kind, content
        pack, offset = self._packed(wanted)
        with _told(pack):
            _refuse_large(wanted, pack.size(offset))
            return pack.read(offset, self._stored, lambda size: _refuse_large(wanted, size))

    def _loose(self, wanted: str) -> bytes | None:
        for folder in self._folders:
            try:
                return (folder / wanted[:2] / wanted[2:]).read_bytes()
            except OSError:
                continue
        return None

    def _packed(self, wanted: str) -> tuple[Pack, int]:
        raw = bytes.fromhex(wanted)
        for pack in self._all_packs():
            with _told(pack):
                offset = pack.offset(raw)
            if offset is not None:
                return pack, offset
        raise Missing(wanted)

    def _all_packs(self) -> tuple[Pack, ...]:
        if self._packs is None:
            indexes = [
                path for folder in self._folders for path in sorted((folder / "pack").glob("pack-*.idx"))
            ]
            try:
                self._packs = tuple(
                    Pack.opened(path, self._width) for path in indexes if path.with_suffix(".pack").is_file()
                )
            except (OSError, ValueError, struct.error) as error:
                raise Damaged(f"an index of a pack cannot be read: {error}") from error
        return self._packs


@contextmanager
def _told(pack: Pack) -> Iterator[None]:
    """What comes of a pack that is damaged, as one exception."""
    try:
        yield
    except (OSError, ValueError, IndexError, RecursionError, struct.error, zlib.error) as error:
        raise Damaged(f"the pack {pack.name} cannot be read: {error}") from error


def _with_borrowed(folder: Path) -> Iterator[Path]:
    """The folder and those named by `info/alternates`, and by theirs; each once."""
    pending, seen = [folder], set[Path]()
    while pending and len(seen) < _MOST_BORROWED:
        one = pending.pop(0)
        if one in seen:
            continue
        seen.add(one)
        yield one
        try:
            lines = (one / "info" / "alternates").read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        pending += [(one / line).resolve() for line in lines if line and not line.startswith("#")]


def _header(data: bytes, wanted: str) -> tuple[str, int, bytes, zlib._Decompress]:
    """A loose object's type and size, the first bytes of its content, and what unpacks the rest."""
    rest = zlib.decompressobj()
    try:
        start = rest.decompress(data, 64)
        head, zero, begun = start.partition(b"\0")
        kind, _, size = head.decode("ascii").partition(" ")
        if not zero:
            raise ValueError("its head has no end")
        return kind, int(size), begun, rest
    except (ValueError, zlib.error) as error:
        raise Damaged(f"the object {wanted} cannot be unpacked: {error}") from error


def _refuse_large(wanted: str, size: int) -> None:
    if size > MOST_BYTES:
        raise Damaged(f"the object {wanted} has {size:,} bytes; more than {MOST_BYTES:,} are not read")


def _hash(wanted: str) -> hashlib._Hash:
    return hashlib.sha1(usedforsecurity=False) if len(wanted) == 40 else hashlib.sha256()
