"""Reading a map of a source so that nothing of it is dropped unseen: what was not taken is told at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.importers._draft import Draft, Drafted
from mlc.ir.node import Node, plain
from mlc.ir.span import Span


class Reading:
    """A map of the source. Every entry that is asked for counts as taken; `rest` tells of the others."""

    def __init__(self, node: Node | None, path: str, span: Span) -> None:
        """`node` may be None, or no map: then there is nothing to take of it."""
        self.node = node
        self.path = path
        self.span = node.span if node is not None else span
        self._taken: set[str] = set()
        self._within: dict[str, Reading] = {}

    def __bool__(self) -> bool:
        return self.node is not None and self.node.is_map and bool(self.node.value)

    def get(self, key: str) -> Node | None:
        """The entry of a key, which counts as taken."""
        found = self.node.get(key) if self.node is not None else None
        if found is not None:
            self._taken.add(key)
        return found

    def text(self, key: str, default: str = "") -> str:
        """An entry that is a scalar, as text."""
        found = self.get(key)
        if found is None or found.value is None or found.is_map or found.is_list:
            if found is not None and (found.is_map or found.is_list):
                self._taken.discard(key)
            return default
        return str(found.value)

    def number(self, key: str) -> int | float | None:
        """An entry that is a number; one that is none stays untaken."""
        found = self.get(key)
        if found is not None and isinstance(found.value, int | float) and not isinstance(found.value, bool):
            return found.value
        self._taken.discard(key)
        return None

    def map(self, key: str) -> Reading:
        """An entry that is a map, to be read in the same way."""
        if key not in self._within:
            found = self.node.get(key) if self.node is not None else None
            if found is not None and found.is_map:
                self._taken.add(key)
                self._within[key] = Reading(found, self.place(key), self.span)
            else:
                return Reading(None, self.place(key), self.span)
        return self._within[key]

    def maps(self, key: str) -> list[Reading]:
        """An entry that is a list of maps."""
        found = self.node.get(key) if self.node is not None else None
        if found is None or not found.is_list or not all(one.is_map for one in found.value):
            return []
        if f"{key}[0]" in self._within:
            return [self._within[f"{key}[{index}]"] for index in range(len(found.value))]
        self._taken.add(key)
        made = [
            Reading(one, f"{self.place(key)}[{index}]", self.span) for index, one in enumerate(found.value)
        ]
        self._within |= {f"{key}[{index}]": one for index, one in enumerate(made)}
        return made

    def items(self) -> list[tuple[str, Node]]:
        """The entries, none of which counts as taken by that."""
        return (
            [(str(key), child) for key, child in self.node.value.items()]
            if self.node and self.node.is_map
            else []
        )

    def children(self) -> Iterator[tuple[str, Reading]]:
        """The entries that are maps."""
        for key, child in self.items():
            if child.is_map:
                yield key, self.map(key)

    def span_of(self, key: str) -> Span:
        found = self.node.get(key) if self.node is not None else None
        return found.span if found is not None else self.span

    def place(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def skip(self, *keys: str) -> None:
        """Entries that say nothing which would have to be taken over."""
        self._taken.update(keys)

    def skip_all(self) -> None:
        """All of it, as it was told already or says nothing."""
        self.skip(*(key for key, _ in self.items()))
        for within in self._within.values():
            within.skip_all()

    def untake(self, *keys: str) -> None:
        """Entries that were looked at and are not taken over after all."""
        self._taken.difference_update(keys)

    def left(self) -> Iterator[tuple[str, Node]]:
        """What was not taken, with its path: entries as a whole where nothing in them was."""
        for key, child in self.node.value.items() if self.node is not None and self.node.is_map else ():
            if key not in self._taken:
                yield self.place(str(key)), child
        for within in self._within.values():
            yield from within.left()

    def rest(self, draft: Draft, why: str, on: Drafted | None = None) -> None:
        """Tell of everything that was not taken."""
        for path, node in self.left():
            draft.left_out(node.key_span or node.span, f"{path}{shown(node)}", why, on=on)


def shown(node: Node) -> str:
    """`: VALUE` of a short value, and nothing of a long one."""
    text = str(plain(node))
    return f": {text}" if not node.is_map and not node.is_list and len(text) <= 60 else ""


def bare(node: Node | None) -> Any:
    """The plain value of an entry, None where there is none."""
    return None if node is None else plain(node)
