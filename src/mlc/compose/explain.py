"""Where a value of a composed document comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mlc.compose.interpolate import references
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.document import Document
from mlc.ir.explanation import Explanation, Layered, Part
from mlc.ir.node import Node, plain
from mlc.ir.span import FIELD_DEFAULT, Span
from mlc.rules import nothing_to_explain

Path = tuple[str | int, ...]
_PART = re.compile(r"\[(\d+)\]|\[([^\]]+)\]|([^.\[\]]+)")


def explain(
    document: Document,
    text: str,
    field_at: Callable[[str, Path, Any], dict[str, Any] | None],
    change_class: Callable[..., str],
) -> Explanation | Diagnostic:
    """The value at `kind.name.path`, all that it overwrote, and what its interpolation read."""
    path = _path(text)
    everything = Node({**document.around.value, **document.root.value}, document.root.span)
    node = everything.at(path)
    if node is None:
        nearest = everything.nearest(path)
        known = nearest.value if nearest.is_map else ()
        depth = next(
            length for length in range(len(path), -1, -1) if everything.at(path[:length]) is not None
        )
        missing = str(path[depth]) if depth < len(path) else text
        return nothing_to_explain.found(text, missing, document.environment, known)
    fields = _fields(everything, path, field_at)
    field, cost = fields(()), ""
    if len(path) > 2:
        resource = everything.at(path[:2])
        assert resource is not None, path
        cost = change_class(str(path[0]), path[2:], plain(resource))
    return Explanation(
        environment=document.environment,
        path=text,
        winner=_layered(node),
        overwrote=tuple(_overwritten(node, field)),
        read=tuple(read_by(node, everything, path)),
        description=(field or {}).get("description", ""),
        change_class=cost,
        parts=tuple(_parts(node, (), fields)),
    )


def _fields(
    everything: Node, start: Path, field_at: Callable[[str, Path, Any], dict[str, Any] | None]
) -> Callable[[Path], dict[str, Any] | None]:
    """A function that gives the field at a path below `start`; None for what is no field of a resource."""
    specs: dict[Path, Any] = {}

    def at(below: Path) -> dict[str, Any] | None:
        path = (*start, *below)
        if len(path) < 3:
            return None
        resource = everything.at(path[:2])
        assert resource is not None, path
        if path[:2] not in specs:
            specs[path[:2]] = plain(resource)
        return field_at(str(path[0]), path[2:], specs[path[:2]])

    return at


def _parts(node: Node, path: Path, fields: Callable[[Path], dict[str, Any] | None]) -> Iterator[Part]:
    """The values within a map or a list, in their order."""
    within = node.value.items() if node.is_map else enumerate(node.value) if node.is_list else ()
    for key, child in within:
        below = (*path, key)
        lost = tuple(_overwritten(child, fields(below)))
        yield Part(key, _layered(child), lost, tuple(_parts(child, below, fields)))


def _path(text: str) -> Path:
    """`model.churn.gates[0]` as its parts."""
    parts: list[str | int] = []
    for index, name, word in _PART.findall(text):
        parts.append(int(index) if index else name or word)
    return tuple(parts)


def _layered(node: Node) -> Layered:
    return Layered(plain(node), node.span, node.written)


def _overwritten(node: Node, field: dict[str, Any] | None) -> Iterator[Layered]:
    """The losers, last overwritten first; at the bottom the field's default, unless it won."""
    lowest = node
    while lowest.overwrote is not None:
        lowest = lowest.overwrote
        yield _layered(lowest)
    if field is not None and "default" in field and lowest.span.file != FIELD_DEFAULT:
        yield Layered(field["default"], Span(FIELD_DEFAULT, 1, 1, 1, 1))


def read_by(node: Node, everything: Node, path: Path) -> Iterator[tuple[str, Layered]]:
    """The values that an interpolation read, the nearest first, and those that these read in turn.

    `everything` is what stands around resources and below them; `path` leads to the node in it.
    """
    return _read(node, everything, path, set())


def _read(node: Node, everything: Node, path: Path, seen: set[str]) -> Iterator[tuple[str, Layered]]:
    for key in references(node.written or ""):
        dots = len(key) - len(key.lstrip("."))
        base = path[: len(path) - dots] if dots else ()
        found_path = (*base, *_path(key.lstrip(".")))
        shown = ".".join(map(str, found_path))
        found = everything.at(found_path)
        if found is not None and shown not in seen:
            seen.add(shown)
            yield shown, _layered(found)
            yield from _read(found, everything, found_path, seen)
