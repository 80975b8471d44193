"""A value that remembers where it was written and what it overwrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.ir.span import Span

Scalar = str | int | float | bool | None


class Node(Struct, frozen=True):
    """One YAML value.

    `value` is a scalar, a dict from string to Node, or a tuple of Nodes. `span` is where the value stands
    and `key_span` where the key stands that holds it. `overwrote` is the value this one replaced when
    layers were merged, and that one remembers what it replaced in turn: the chain `mlc explain` prints.
    `written` holds the text of an interpolation once it has been resolved.
    """

    value: Any
    span: Span
    key_span: Span | None = None
    overwrote: Node | None = None
    written: str | None = None

    @property
    def is_map(self) -> bool:
        return type(self.value) is dict

    @property
    def is_list(self) -> bool:
        return type(self.value) is tuple

    def get(self, key: str) -> Node | None:
        """The entry of a map, or None where there is none or this is not a map."""
        return self.value.get(key) if type(self.value) is dict else None

    def at(self, path: tuple[str | int, ...]) -> Node | None:
        """The node at a path of keys and list indices, or None."""
        node: Node | None = self
        for part in path:
            if node is None:
                return None
            if type(node.value) is dict:
                node = node.value.get(part)
            elif type(node.value) is tuple and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
            else:
                return None
        return node

    def holding(self, value: Any) -> Node:
        """The same node, written in the same place, with another value."""
        return Node(value, self.span, self.key_span, self.overwrote, self.written)

    def nearest(self, path: tuple[str | int, ...]) -> Node:
        """The node at the longest prefix of a path that exists."""
        node = self
        for length in range(1, len(path) + 1):
            found = self.at(path[:length])
            if found is None:
                break
            node = found
        return node

    def walk(self, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
        """Every node of this tree with its path, parents first."""
        yield path, self
        if type(self.value) is dict:
            for key, child in self.value.items():
                yield from child.walk((*path, key))
        elif type(self.value) is tuple:
            for index, child in enumerate(self.value):
                yield from child.walk((*path, index))


def plain(node: Node) -> Any:
    """The bare value: dicts, lists and scalars without positions."""
    value = node.value
    kind = type(value)
    if kind is dict:
        bare = {}
        for key, child in value.items():
            inner = child.value  # most are scalars, which need no call
            bare[key] = plain(child) if type(inner) is dict or type(inner) is tuple else inner
        return bare
    if kind is tuple:
        return [plain(child) for child in value]
    return value


def wrap(value: Any, span: Span) -> Node:
    """Nodes around a bare value, all with one span: for field defaults and the command line."""
    if isinstance(value, dict):
        return Node({str(key): wrap(child, span) for key, child in value.items()}, span)
    if isinstance(value, list | tuple):
        return Node(tuple(wrap(child, span) for child in value), span)
    return Node(value, span)
