"""What a command made piece by piece, to be used again while nothing that a piece was made from has changed.

```
.mlc/cache/<key>.pieces    the pieces, the files that each depends on, and how all of them look
.mlc/cache/<key>.seal      which very file on this machine that is, and the digest of its bytes
```

As with answers (`store.answers`), what was read is what the interpreter saw (`Watch`), and whatever is wrong, the piece
is made anew. Some paths concern every piece (mlc itself, mlc.yaml, the states): where one of them looks different, no
piece is used. The others are files below the project's folder, of which each piece names its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from mlc.store import looks, sealed
from mlc.store.answers import FORMAT, LARGEST, Watch, folder_of, folders_of
from mlc.store.looks import Looked

_KEPT = 4  # of other environments and inputs


class Piece(Struct, frozen=True, array_like=True):
    """A piece, and the files that it depends on, from the project's folder."""

    files: tuple[str, ...]
    content: bytes


class Recalled(Struct, frozen=True):
    """The pieces that still hold, those of which a file has changed, and the paths that concern them all."""

    fitting: tuple[Piece, ...]
    stale: tuple[Piece, ...]
    common: tuple[str, ...]
    listed: tuple[str, ...]


class _Indexed(Struct, frozen=True, array_like=True):
    files: tuple[int, ...]
    content: bytes


class _Kept(Struct, frozen=True, array_like=True):
    format: int
    key: str
    note: str
    common: dict[str, list[str]]  # folder -> the names in it
    looks: str  # SHA-256 of how they all look
    files: tuple[str, ...]
    seen: tuple[str, ...]  # how each of the files looks
    pieces: tuple[_Indexed, ...]


def recall(root: Path, key: str, note: str, looked: Looked) -> Recalled | None:
    """The pieces that were kept under a key with the same note; None where none may be used."""
    content = sealed.read(folder_of(root) / f"{key}.pieces")
    if content is None:
        return None
    try:
        kept = msgspec.msgpack.decode(content, type=_Kept)
    except (msgspec.MsgspecError, ValueError):
        return None
    if (kept.format, kept.key, kept.note) != (FORMAT, key, note):
        return None
    if looked.all(kept.common)[0] != kept.looks:
        return None
    changed = {
        number
        for number, (file, seen) in enumerate(zip(kept.files, kept.seen, strict=True))
        if looked.at(f"{root}/{file}", file)[0] != seen
    }
    fitting: list[Piece] = []
    stale: list[Piece] = []
    for one in kept.pieces:
        piece = Piece(tuple(kept.files[number] for number in one.files), one.content)
        (fitting if changed.isdisjoint(one.files) else stale).append(piece)
    common = [
        (os.path.join(folder, name.rstrip("/")), name.endswith("/"))
        for folder, names in kept.common.items()
        for name in names
    ]
    return Recalled(
        tuple(fitting),
        tuple(stale),
        tuple(path for path, _ in common),
        tuple(path for path, is_listed in common if is_listed),
    )


def keep(
    root: Path,
    key: str,
    note: str,
    watch: Watch,
    pieces: Sequence[Piece],
    before: Recalled | None,
    also: Iterable[str],
    noted: Iterable[str],
) -> None:
    """Keep pieces. `before` are those that some of them come from; `also` more paths that concern all of them.

    `noted` are folders of which the note says what stands in them, as far as it matters. Keeps nothing where it could
    not be told when something changes.
    """
    if watch.began is None or not watch.is_certain:
        return
    with suppress(OSError):
        files = tuple(sorted({file for piece in pieces for file in piece.files}))
        seen = [watch.looked.at(f"{root}/{file}", file) for file in files]
        noted = set(noted)
        listed = {path for path in watch.listed if looks.absolute_path(path) not in noted}
        listed |= {*folders_of(root / ".mlc")}
        common = {*watch.read, *watch.listed, *also, *listed}
        common |= {f"{root}/{file.rpartition('/')[0]}".rstrip("/") for file in files}
        if before is not None:
            common |= {*before.common}
            listed |= {*before.listed}
        paths = looks.grouped(common, listed, str(folder_of(root)))
        digest, newest = watch.looked.all(paths)
        if newest > watch.began - looks.MARGIN:
            return
        place = {file: number for number, file in enumerate(files)}
        fresh = {
            file
            for file, (_, changed) in zip(files, seen, strict=True)
            if changed > watch.began - looks.MARGIN
        }
        kept = _Kept(
            FORMAT,
            key,
            note,
            paths,
            digest,
            files,
            tuple(line for line, _ in seen),
            tuple(
                _Indexed(tuple(place[file] for file in piece.files), piece.content)
                for piece in pieces
                if fresh.isdisjoint(piece.files)
            ),
        )
        content = msgspec.msgpack.encode(kept)
        if len(content) <= LARGEST:
            sealed.write(folder_of(root) / f"{key}.pieces", content, _KEPT)
