"""One pack and its index: many objects in one file, most of them as differences from others."""

from __future__ import annotations

import mmap
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import unpack_from

_TYPES = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_OFFSET_DELTA, _REFERENCE_DELTA = 6, 7
_MOST_DELTAS = 5000  # git makes chains of 50, or of 4,095 where it is told to


class Pack:
    """A pack whose index has been read. Raises ValueError and zlib.error for what git does not write."""

    def __init__(self, path: Path, index: mmap.mmap, width: int) -> None:
        self.name = path.name
        self._path = path
        self._index = index
        self._width = width  # of an id in bytes
        self._data: mmap.mmap | None = None
        self._first = index[:4] != b"\xfftOc"  # the first version of an index has no magic number
        self._fanout = 0 if self._first else 8
        self._count: int = unpack_from(">I", index, self._fanout + 255 * 4)[0]
        self._ids = self._fanout + 1024

    @staticmethod
    def opened(index: Path, width: int) -> Pack:
        """The pack of an index whose ids have `width` bytes. Raises OSError and ValueError."""
        with index.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        is_first = mapped[:4] != b"\xfftOc"
        if not is_first and unpack_from(">I", mapped, 4)[0] != 2:
            raise ValueError(f"{index.name} has a version that is not known here")
        head, entry = (1024, width + 4) if is_first else (1032, width + 8)
        if (
            len(mapped) < head
            or len(mapped) < head + unpack_from(">I", mapped, head - 4)[0] * entry + 2 * width
        ):
            raise ValueError(f"{index.name} is cut short")
        return Pack(index.with_suffix(".pack"), mapped, width)

    def offset(self, wanted: bytes) -> int | None:
        """Where an object begins in the pack, or None where it is not in it."""
        if len(wanted) != self._width:
            return None
        low, high = self._range(wanted[0])
        place = low + bisect_left(_Ids(self, low, high), wanted)
        return self._offset_at(place) if place < high and self._id(place) == wanted else None

    def beginning_with(self, prefix: str) -> Iterator[str]:
        low, high = self._range(int(prefix[:2], 16))
        for place in range(low, high):
            found = self._id(place).hex()
            if found.startswith(prefix):
                yield found

    def size(self, offset: int) -> int:
        """The length of an object's content: of a difference, that of what it makes."""
        kind, size, start = self._head(offset)
        if kind in _TYPES:
            return size
        _, start = self._base(kind, offset, start)
        head = zlib.decompressobj().decompress(self._bytes(start), 32)
        _, place = _number(head, 0)
        return _number(head, place)[0]

    def read(
        self,
        offset: int,
        elsewhere: Callable[[str], tuple[str, bytes]],
        allow: Callable[[int], None],
    ) -> tuple[str, bytes]:
        """The type and content of the object at an offset.

        `elsewhere` reads the object that a difference names by its id; `allow` raises for a size that is too large.
        """
        deltas: list[bytes] = []
        while True:
            kind, size, start = self._head(offset)
            allow(size)
            if kind in _TYPES:
                found, content = _TYPES[kind], self._unpacked(start, size)
                break
            base, start = self._base(kind, offset, start)
            deltas.append(self._unpacked(start, size))
            if len(deltas) > _MOST_DELTAS:
                raise ValueError("a chain of differences has no end")
            if isinstance(base, bytes):
                near = self.offset(base)
                if near is None:
                    found, content = elsewhere(base.hex())
                    break
                base = near
            offset = base
        for delta in reversed(deltas):
            content = _applied(content, delta, allow)
        return found, content

    def _range(self, first: int) -> tuple[int, int]:
        """The places of the ids that begin with a byte."""
        low = 0 if first == 0 else unpack_from(">I", self._index, self._fanout + 4 * (first - 1))[0]
        high = unpack_from(">I", self._index, self._fanout + 4 * first)[0]
        if not 0 <= low <= high <= self._count:
            raise ValueError("its index is out of order")
        return low, high

    def _id(self, place: int) -> bytes:
        step = self._width + 4 if self._first else self._width
        start = self._ids + place * step + (4 if self._first else 0)
        return self._index[start : start + self._width]

    def _offset_at(self, place: int) -> int:
        if self._first:
            found: int = unpack_from(">I", self._index, self._ids + place * (self._width + 4))[0]
            return found
        small = self._ids + self._count * (self._width + 4)
        found = unpack_from(">I", self._index, small + 4 * place)[0]
        if found & 0x80000000:
            large = small + 4 * self._count + 8 * (found & 0x7FFFFFFF)
            found = unpack_from(">Q", self._index, large)[0]
        return found

    def _bytes(self, start: int) -> memoryview:
        if self._data is None:
            with self._path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return memoryview(self._data)[start:]

    def _head(self, offset: int) -> tuple[int, int, int]:
        """The type, the length of what is unpacked, and where that begins."""
        data = self._bytes(offset)
        byte, place, shift = data[0], 1, 4
        kind, size = (byte >> 4) & 7, byte & 15
        while byte & 0x80:
            byte = data[place]
            size |= (byte & 0x7F) << shift
            shift, place = shift + 7, place + 1
        return kind, size, offset + place

    def _base(self, kind: int, offset: int, start: int) -> tuple[int | bytes, int]:
        """What a difference is one from, an offset or an id, and where the difference begins."""
        data = self._bytes(start)
        if kind == _REFERENCE_DELTA:
            return bytes(data[: self._width]), start + self._width
        if kind != _OFFSET_DELTA:
            raise ValueError(f"an object of the unknown type {kind}")
        byte, place = data[0], 1
        back = byte & 0x7F
        while byte & 0x80:
            byte = data[place]
            back = ((back + 1) << 7) | (byte & 0x7F)
            place += 1
        if not 0 < back <= offset:
            raise ValueError("a difference leads out of the pack")
        return offset - back, start + place

    def _unpacked(self, start: int, size: int) -> bytes:
        content = zlib.decompressobj().decompress(self._bytes(start), max(1, size + 1))
        if len(content) != size:
            raise ValueError("an object is not as long as it says")
        return content


class _Ids:
    """The ids between two places, for bisecting."""

    def __init__(self, pack: Pack, low: int, high: int) -> None:
        self._pack, self._low, self._high = pack, low, high

    def __len__(self) -> int:
        return self._high - self._low

    def __getitem__(self, place: int) -> bytes:
        return self._pack._id(self._low + place)


def _number(data: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[place]
        number |= (byte & 0x7F) << shift
        shift, place = shift + 7, place + 1
        if not byte & 0x80:
            return number, place


def _applied(base: bytes, delta: bytes, allow: Callable[[int], None]) -> bytes:
    """What a difference makes of what it is one from."""
    size, place = _number(delta, 0)
    made, place = _number(delta, place)
    if size != len(base):
        raise ValueError("a difference is one from something else")
    allow(made)
    parts: list[bytes] = []
    while place < len(delta):
        code = delta[place]
        place += 1
        if code & 0x80:
            start = length = 0
            for bit in range(4):
                if code & (1 << bit):
                    start |= delta[place] << (8 * bit)
                    place += 1
            for bit in range(3):
                if code & (0x10 << bit):
                    length |= delta[place] << (8 * bit)
                    place += 1
            parts.append(base[start : start + (length or 0x10000)])
        elif code:
            parts.append(delta[place : place + code])
            place += code
        else:
            raise ValueError("a difference holds a command that git does not write")
    content = b"".join(parts)
    if len(content) != made:
        raise ValueError("a difference makes something of another length than it says")
    return content
