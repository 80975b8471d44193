"""The key of an interpolation under the cursor, and where it leads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from mlc.compose.mentions import readings
from mlc.edit import renaming
from mlc.ir.document import Document
from mlc.ir.node import Node
from mlc.language_server.places import Field, Path, Place, field_of
from mlc.language_server.positions import Text
from mlc.language_server.project import Analysis

_WRITTEN = re.compile(r"\$\{([^${}:]*)\}")
_PART = re.compile(r"[^.\[\]]+")


class Mention(Struct, frozen=True):
    """`${key}` in a text: the offsets are those of the key."""

    key: str
    start: int
    end: int


def mention_at(text: Text, offset: int) -> Mention | None:
    """The innermost interpolation that an offset stands in, without those of resolvers (`${secret:…}`)."""
    line_start = text.text.rfind("\n", 0, offset) + 1
    line_end = text.text.find("\n", offset)
    for found in mentions_in(text.text, line_start, line_end if line_end >= 0 else len(text.text)):
        if found.start - 2 <= offset <= found.end + 1:
            return found
    return None


def mentions_in(text: str, start: int = 0, end: int | None = None) -> Iterator[Mention]:
    for match in _WRITTEN.finditer(text, start, len(text) if end is None else end):
        yield Mention(match.group(1), match.start(1), match.end(1))


def grammar_mentions(text: str) -> Iterator[renaming.Mention]:
    """Every interpolation of one value that reads another, as OmegaConf's grammar has it, nested ones too."""
    return (renaming.Mention(found.start, found.end, found.dots, found.keys) for found in readings(text))


def parts_of(key: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in _PART.findall(key))


def path_of(key: str, place: Place | None) -> Path | None:
    """The path that a key leads to from the root of the composed project; None where that cannot be said."""
    dots = len(key) - len(key.lstrip("."))
    if not dots:
        return parts_of(key)
    field = field_of(place.file, place.path) if place is not None else None
    if field is None or field.name is None:
        return None
    base = (field.kind, field.name, *field.path)
    return (*base[: len(base) - dots], *parts_of(key[dots:])) if dots < len(base) else None


def everything(document: Document) -> Node:
    """All that an interpolation may read."""
    return Node({**document.around.value, **document.root.value}, document.root.span)


def targets(analysis: Analysis, path: Path) -> list[Node]:
    """The values that a path leads to, in each environment."""
    found = (everything(document).at(path) for document in analysis.documents.values())
    return [node for node in found if node is not None]


def address_of(field: Field) -> str | None:
    """What `mlc explain` calls a field, or None where it belongs to no one resource."""
    if field.kind in ("project", "env"):
        return ".".join(map(str, field.path)) if field.path[:1] == ("vars",) else None
    if field.name is None:
        return None
    text = f"{field.kind}.{field.name}"
    for part in field.path:
        text += f"[{part}]" if isinstance(part, int) or "." in part else f".{part}"
    return text
