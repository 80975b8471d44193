"""The lines that were edited between two revisions, and which of them makes a value differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mlc.compose.explain import read_by
from mlc.ir.document import Document
from mlc.ir.node import Node
from mlc.ir.review import Cause, Side
from mlc.ir.span import Span

Path = tuple[str | int, ...]
_MOST_COMPARED = 4_000_000  # pairs of lines: what is larger counts as edited as a whole


class Edits:
    """Which lines of which files are in one revision only. `before` and `after` hold the texts of the layers."""

    def __init__(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        self._lines: dict[Side, dict[str, frozenset[int]]] = {"base": {}, "head": {}}
        for file in {**before, **after}:
            if file.startswith("<") or before.get(file) == after.get(file):
                continue
            removed, added = _edited(_lines(before.get(file, "")), _lines(after.get(file, "")))
            self._lines["base"][file], self._lines["head"][file] = removed, added

    def at(self, side: Side, node: Node | None) -> Cause | None:
        """The first edited line of those that a value stands on."""
        if node is None:
            return None
        first = node.span.line if node.key_span is None else min(node.span.line, node.key_span.line)
        last = node.span.end_line - (node.span.end_column == 1 and node.span.end_line > node.span.line)
        edited = self._lines[side].get(node.span.file, frozenset())
        lines = (
            range(first, last + 1)
            if last - first < len(edited)
            else sorted(n for n in edited if first <= n <= last)
        )
        for line in lines:
            if line in edited:
                return Cause(side, node.span if line == node.span.line else _line(node.span.file, line))
        return None

    def read(self, side: Side, span: Span) -> Cause | None:
        """The same for a value that an interpolation read."""
        return self.at(side, Node(None, span))

    def first(self, file: str) -> Cause | None:
        """The first edited line of a file, that of the head where both sides have one."""
        sides: tuple[Side, Side] = ("head", "base")
        for side in sides:
            edited = self._lines[side].get(file)
            if edited:
                return Cause(side, _line(file, min(edited)))
        return None


class Causes:
    """Finds what makes the values of one environment differ."""

    def __init__(self, edits: Edits, before: Document | None, after: Document | None) -> None:
        self._edits = edits
        self._sides: tuple[tuple[Side, Document | None], ...] = (("head", after), ("base", before))
        self._environment = (after or before).environment if after or before else ""  # type: ignore[union-attr]

    def of(self, before: Node | None, after: Node | None, path: Path, was: Path, now: Path) -> Cause | None:
        """The edited line that makes a field differ. `was` and `now` are the resource's own places.

        The value itself first, then what its interpolation read, then the maps that it stands in, then the defaults
        lists: of the resource's files, of the environment's and of the project's.
        """
        nodes: tuple[tuple[Side, Node | None, Path], ...] = (("head", after, now), ("base", before, was))
        for side, root, _ in nodes:
            found = self._edits.at(side, None if root is None else root.at(path))
            if found is not None:
                return found
        for (side, root, place), (_, document) in zip(nodes, self._sides, strict=True):
            node = None if root is None else root.nearest(path)
            if node is not None and document is not None and node.written is not None:
                found = self._read(side, node, document, (*place, *path))
                if found is not None:
                    return found
        for length in range(len(path) - 1, 0, -1):
            for side, root, _ in nodes:
                found = self._around(side, root, path[:length])
                if found is not None:
                    return found
        return self._layers(nodes, path)

    def whole(self, node: Node | None, side: Side, file: str) -> Cause | None:
        """Why a resource is there, or is not: a line that says so, else its file."""
        for field in ("environments", "enabled"):
            found = self._edits.at(side, None if node is None else node.get(field))
            if found is not None:
                return found
        found = self._edits.first(file)
        return found or self._edits.first("mlc.yaml") or self._edits.first(f"env/{self._environment}.yaml")

    def _read(self, side: Side, node: Node, document: Document, path: Path) -> Cause | None:
        everything = Node({**document.around.value, **document.root.value}, document.root.span)
        for _, layered in read_by(node, everything, path):
            found = self._edits.read(side, layered.span)
            if found is not None:
                return found
        return None

    def _around(self, side: Side, root: Node | None, path: Path) -> Cause | None:
        """A map that was written or taken away as a whole; one that merely stands around other edits is no cause."""
        node = None if root is None else root.at(path)
        if node is None or node.key_span is None:
            return None
        return self._edits.at(side, Node(None, node.key_span))

    def _layers(self, nodes: tuple[tuple[Side, Node | None, Path], ...], path: Path) -> Cause | None:
        files: dict[str, None] = {}
        for _, root, place in nodes:
            if root is None:
                continue
            nearest = root.nearest(path)
            files[f"{place[0]}/{place[1]}.yaml"] = None
            files |= dict.fromkeys(span.file for span in _spans(nearest))
        for file in (*files, f"env/{self._environment}.yaml", "mlc.yaml"):
            found = self._edits.first(file)
            if found is not None:
                return found
        return None


def _spans(node: Node) -> Iterator[Span]:
    current: Node | None = node
    while current is not None:
        yield current.span
        current = current.overwrote


def _line(file: str, line: int) -> Span:
    return Span(file, line, 1, line, 1)


def _lines(text: str) -> list[str]:
    return text.splitlines()


def _edited(before: list[str], after: list[str]) -> tuple[frozenset[int], frozenset[int]]:
    """The numbers of the lines removed and of those added, from 1."""
    from difflib import SequenceMatcher

    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) * len(new) > _MOST_COMPARED or not old or not new:
        return _numbers(start, range(len(old))), _numbers(start, range(len(new)))
    removed: list[int] = []
    added: list[int] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            removed += range(i, j)
            added += range(k, m)
    return _numbers(start, removed), _numbers(start, added)


def _alike(one: list[str], other: list[str]) -> int:
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _numbers(start: int, places: Iterable[int]) -> frozenset[int]:
    return frozenset(start + place + 1 for place in places)
