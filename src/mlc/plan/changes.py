"""What differs between two specs, and which line makes it so."""

from __future__ import annotations

from typing import Any

from mlc.ir.node import Node
from mlc.ir.plan import Change
from mlc.ir.span import Span
from mlc.kinds._walk import change_class

Path = tuple[str | int, ...]


def changes_between(
    before: dict[str, Any], after: dict[str, Any], kind: str, node: Node
) -> tuple[Change, ...]:
    """Every field that differs, the deepest that says it all, in the order of the new spec."""
    found: list[Change] = []

    def compare(old: Any, new: Any, path: Path) -> None:
        if old == new and type(old) is type(new):
            return
        if isinstance(old, dict) and isinstance(new, dict):
            for key in {**new, **old}:
                compare(old.get(key), new.get(key), (*path, key))
            return
        found.append(
            Change(
                path=".".join(map(str, path)),
                before=old,
                after=new,
                cause=_cause(node, path),
                change_class=change_class(kind, path, after, before),
            )
        )

    compare(before, after, ())
    return tuple(found)


def lines_between(before: bytes, after: bytes) -> tuple[int, int]:
    """How many lines are added and how many removed."""
    from difflib import SequenceMatcher  # a plan without changes needs none

    old, new = before.splitlines(), after.splitlines()
    added = removed = 0
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            removed, added = removed + j - i, added + m - k
    return added, removed


def _cause(node: Node, path: Path) -> Span | None:
    """The line that gives a field its value; of a field that is gone, nothing gives it one."""
    found = node.at(path)
    return None if found is None or found.span.file.startswith("<field") else found.span
