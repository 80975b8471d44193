"""One layer over another, as `OmegaConf.merge` merges plain configurations.

Maps merge key by key; lists and single values replace; `???` replaces nothing. No input is changed.
"""

from __future__ import annotations

from typing import Any

from mlc.compose.interpolate import value_at
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node
from mlc.rules import cannot_merge


def merge(low: Node, high: Node, found: list[Diagnostic] | None = None) -> Node:
    """`high` over `low`. Every value of the result remembers in `overwrote` the values it replaced.

    A map over a list, or a list over a map, cannot be merged: the diagnostic is added to `found`, and the
    higher value stands.
    """
    if type(low.value) is not dict or type(high.value) is not dict:
        if found is not None and {type(low.value), type(high.value)} == {dict, tuple}:
            _report(low, high, (), found)
        return low if high.value == "???" else _over(low, high)
    value = dict(low.value)
    root = _both(low, high, value)
    _fill(root, value, high.value, (), [] if found is None else found)
    return root


def _fill(
    root: Node, into: dict[str, Node], high: dict[str, Node], path: tuple[str, ...], found: Any
) -> None:
    """Merge the entries of `high` into the new dict `into`, which stands at `path` of the new `root`."""
    for key, above in high.items():
        below = into.get(key)
        if below is None:
            into[key] = above
            continue
        new, old = above.value, below.value
        kind, old_kind = type(new), type(old)
        if (kind is dict or kind is tuple) and old_kind is str and old.startswith("${"):
            # OmegaConf looks through an interpolation that leads to a map or list, and merges into that.
            target = value_at(root, (*path, key))
            if target is not None and type(target.value) in (dict, tuple):
                old, old_kind = target.value, type(target.value)
                below = Node(old, below.span, below.key_span, below.overwrote, below.value)
                into[key] = below
        if kind is dict and old_kind is dict:
            value = dict(old)
            # Placed before it is filled: an interpolation further down may look it up.
            into[key] = _both(below, above, value)
            _fill(root, value, new, (*path, key), found)
            continue
        if (kind is dict and old_kind is tuple) or (kind is tuple and old_kind is dict):
            _report(below, above, (*path, key), found)
        elif new == "???" and kind is str:
            continue
        if above.overwrote is None:
            into[key] = Node(new, above.span, above.key_span, below, above.written)
        else:
            into[key] = _over(below, above)


def _both(low: Node, high: Node, value: Any) -> Node:
    """A merged map stands where its highest layer stands; it replaced only what its layers replaced."""
    before = low.overwrote
    if high.overwrote is not None:
        before = high.overwrote if before is None else _over(before, high.overwrote)
    return Node(value, high.span, high.key_span, before, high.written)


def _over(low: Node, high: Node) -> Node:
    """`high` with `low` at the end of the chain of what it replaced."""
    before = low if high.overwrote is None else _over(low, high.overwrote)
    return Node(high.value, high.span, high.key_span, before, high.written)


def _report(low: Node, high: Node, path: tuple[str, ...], found: list[Diagnostic]) -> None:
    found.append(cannot_merge.found(high.span, low.span, path, high_is_map=type(high.value) is dict))
