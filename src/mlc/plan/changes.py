"""What differs between two specs and between two texts, and which line makes it so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from mlc.ir.node import Node
from mlc.ir.plan import Change, Read
from mlc.ir.span import FIELD_DEFAULT, Span
from mlc.kinds._walk import change_class

Path = tuple[str | int, ...]
Reads = Callable[[Path, Node], tuple[Read, ...]]

NO_ORIGINS: Mapping[str, str] = {}

_MOST_CHARACTERS = 200_000  # of a file whose lines are compared one by one
_MOST_LINES = 5_000


def changes_between(
    before: dict[str, Any],
    after: dict[str, Any],
    kind: str,
    node: Node,
    reads: Reads,
    origins: Mapping[str, str] = NO_ORIGINS,
) -> tuple[Change, ...]:
    """Every field that differs, the deepest that says it all, in the order of the new spec.

    `reads` gives the values that the interpolation at a path of the resource read, `origins` where those of `before`
    stood when they were applied. Nothing differs where the only
    news are fields that the language did not have when `before` was recorded, and that hold their defaults.
    """
    found: list[Change] = []

    def compare(old: Any, new: Any, path: Path, *, added: bool = False) -> None:
        if old == new and type(old) is type(new) and not added:
            return
        if isinstance(old, dict) and isinstance(new, dict):
            for key in {**new, **old}:
                compare(old.get(key), new.get(key), (*path, key), added=key not in old)
            return
        cost = change_class(kind, path, after, before)
        change = change_at(old, new, cost, node, path, reads)
        change = structs.replace(change, former=_former(change, node.at(path), origins))
        found.append(structs.replace(change, added=True) if added else change)

    compare(before, after, ())
    if all(change.added and change.origin == "default" for change in found):
        return ()
    return tuple(found)


def change_at(old: Any, new: Any, cost: str, node: Node, path: Path, reads: Reads) -> Change:
    """The change of a field, with the line that makes it so."""
    shown = ".".join(map(str, path))
    found = node.at(path)
    if found is not None and found.span.file != FIELD_DEFAULT:
        span = _first_difference(old, found) if found.is_list else found.span
        return Change(shown, old, new, span, cost, reads=reads(path, found))
    near = next((around.span for around in _around(node, path) if around.span.file != FIELD_DEFAULT), None)
    return Change(shown, old, new, None, cost, "gone" if found is None else "default", near)


def origins_of(node: Node, reads: Reads) -> dict[str, str]:
    """Where the values of a resource stand that some line gives it: of a list, where it begins."""
    found: dict[str, str] = {}
    _look(node, (), reads, found)
    return found


def _look(one: Node, path: Path, reads: Reads, found: dict[str, str]) -> None:
    # no function within another: one that calls itself is a cycle, and would keep the whole graph in memory
    if one.is_map:
        for key, child in one.value.items():
            _look(child, (*path, key), reads, found)
    elif one.span.file != FIELD_DEFAULT:
        spans = [read.span for read in reads(path, one)] if one.written is not None else []
        found[".".join(map(str, path))] = ", ".join(map(str, spans or [one.span]))


def _former(change: Change, node: Node | None, origins: Mapping[str, str]) -> tuple[str, ...]:
    """Where the value before stood, in files that give none now, not even one that another overwrites."""
    within = f"{change.path}."
    texts = [text for path, text in origins.items() if path == change.path or path.startswith(within)]
    spans: dict[str, str] = {}  # of each file the first
    for span in (span for text in texts for span in text.split(", ")):
        spans.setdefault(_file_of(span), span)
    present = [one.span for one in change.reads] + ([] if change.cause is None else [change.cause])
    while node is not None:
        present.append(node.span)
        node = node.overwrote
    files = {span.file for span in present}
    return tuple(span for file, span in spans.items() if file not in files)


def _file_of(origin: str) -> str:
    return origin if origin.startswith("<") else origin.rsplit(":", 2)[0]


def lines_between(before: bytes, after: bytes, path: str) -> tuple[int, int, str]:
    """How many lines are added, how many removed, and the unified difference.

    There is no difference to show of a new file, of one that is no text, and of one that is too large to
    compare line by line; the numbers then count the lines that only one of the two has.
    """
    if not before:
        return len(after.splitlines()), 0, ""
    old, new = before.splitlines(), after.splitlines()
    texts = _text(before), _text(after)
    large = max(len(before), len(after)) > _MOST_CHARACTERS or max(len(old), len(new)) > _MOST_LINES
    if texts[0] is None or texts[1] is None or large:
        counted, wanted = Counter(old), Counter(new)
        return (wanted - counted).total(), (counted - wanted).total(), ""
    from difflib import unified_diff  # a plan without changes needs none

    lines = list(unified_diff(texts[0].splitlines(), texts[1].splitlines(), path, path, lineterm=""))
    added = sum(line.startswith("+") for line in lines[2:])
    removed = sum(line.startswith("-") for line in lines[2:])
    return added, removed, "\n".join(lines) + "\n" if lines else ""


def _first_difference(old: Any, node: Node) -> Span:
    """Where a list stands, or the first of its values that it did not have before."""
    known = old if isinstance(old, list) else []
    return next((child.span for child in node.value if child.value not in known), node.span)


def _around(node: Node, path: Path) -> list[Node]:
    """The maps and lists on the way to a path, the innermost first."""
    found = (node.at(path[:length]) for length in range(len(path) - 1, -1, -1))
    return [one for one in found if one is not None]


def _text(content: bytes) -> str | None:
    """The text that a file holds, or None for one that is no text."""
    try:
        return None if b"\0" in content else content.decode("utf-8")
    except UnicodeDecodeError:
        return None
