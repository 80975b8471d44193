"""The renames in mlc.yaml: from a name that is gone to one that is there, and each name once."""

from __future__ import annotations

from collections.abc import Iterator

from mlc import kinds
from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.moves import followed
from mlc.ir.node import Node
from mlc.rules import bad_move, moved_source_exists, moved_target_missing, moved_twice
from mlc.rules._words import nearest


def check_moved(project: Node, declared: frozenset[Address]) -> Iterator[Diagnostic]:
    """What is wrong with `moved`. What is no text, or no address by its form, the schema has found."""
    node = project.get("moved")
    entries = node.value if node is not None and node.is_map else {}
    texts = {was: now.value for was, now in entries.items() if isinstance(now.value, str)}
    there = {str(address) for address in declared}
    first: dict[str, Node] = {}
    for was, text in texts.items():
        now = entries[was]
        key_span = now.key_span or now.span
        kind, _, name = was.partition(".")
        kind_now, _, name_now = text.partition(".")
        if not (name and name_now):
            continue
        if kind not in kinds.names():
            yield bad_move.no_kind(kind, was, key_span, kinds.names())
        elif kind != kind_now:
            yield bad_move.other_kind(was, text, now.span)
        elif was in there:
            yield moved_source_exists.found(was, text, key_span)
        elif text in first:
            yield moved_twice.found(text, now.span, first[text].span)
        else:
            first[text] = now
            chain = followed(texts, was)
            if text not in there and text not in texts:
                known = [other for other in sorted(there) if other.startswith(f"{kind}.")]
                yield moved_target_missing.found(was, text, now.span, nearest(text, known), known)
            elif was in chain:
                yield moved_target_missing.circle(was, (was, *chain), now.span)
