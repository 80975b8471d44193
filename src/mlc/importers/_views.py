"""A resource as templates see it, with its defaults and with whatever it refers to in it → the specs it was composed
of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mlc import kinds
from mlc.importers._draft import Reference
from mlc.ir.node import Node, plain
from mlc.kinds import _schemas
from mlc.kinds._walk import choose, field_schema

Schema = dict[str, Any]

_SECRET = re.compile(r"\$\{secret:[A-Za-z_][A-Za-z0-9_-]*\}")
"""A reference that stays one when a resource is composed."""


def specs_of(kind: str, view: Node) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The kind, the name and the spec of each resource within a view, those that are referred to first. A spec holds
    nodes of the view, and nothing that is the default anyway."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    name = _name(view)
    spec = _specified(kind, view, found)
    yield from found
    yield kind, name, _told(kind, spec)


def _name(view: Node) -> str:
    node = view.get("name")
    return str(node.value) if node is not None else ""


def _specified(kind: str, view: Node, found: list[tuple[str, str, dict[str, Any]]]) -> Node:
    root = _schemas.read(kind)
    fields = choose(root, root, plain(view)).get("properties", {})
    # what a view says of the resource itself, beside its fields
    bare = {key: child for key, child in view.value.items() if key in fields or key not in ("name", "kind")}
    return _walked(view.holding(bare), choose(root, root, plain(view)), root, found)


def _walked(node: Node, schema: Schema, root: Schema, found: list[tuple[str, str, dict[str, Any]]]) -> Node:
    if node.is_map:
        reference = _reference(schema)
        if reference and node.get("name") is not None:
            found += specs_of(reference, node)
            return node.holding(_name(node))
        chosen = choose(schema, root, plain(node))
        return node.holding(
            {
                key: _walked(child, field_schema(chosen, key) or {}, root, found)
                for key, child in node.value.items()
            }
        )
    if node.is_list:
        items = field_schema(choose(schema, root, plain(node)), 0) or {}
        return node.holding(tuple(_walked(child, items, root, found) for child in node.value))
    return node


def _reference(schema: Schema) -> str:
    """The kind that a field refers to, or nothing."""
    branches = [schema, *schema.get("anyOf", ())]
    return next((str(one["x-mlc-ref"]) for one in branches if "x-mlc-ref" in one), "")


# ── without defaults ────────────────────────────────────────────────────────────────────────────────


def _told(kind: str, spec: Node) -> dict[str, Any]:
    """The spec without what is so anyway."""
    declared = kinds.kind(kind).spec
    whole = _filled(plain(spec), declared)
    if whole is None:  # another mlc wrote it: the rules tell what is wrong
        return dict(spec.value)
    left = plain(spec)
    for path in sorted(_paths(left), key=len):
        holder = _at(left, path[:-1])
        if not isinstance(holder, dict) or path[-1] not in holder:
            continue  # what held it has gone
        value = holder.pop(path[-1])
        if _filled(left, declared) != whole:
            holder[path[-1]] = value
    return {key: _kept(spec.value[key], value) for key, value in _in_order(spec, left)}


def _in_order(spec: Node, left: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is left, in the order in which it stood."""
    return ((key, left[key]) for key in spec.value if key in left)


def _kept(node: Node, left: Any) -> Node:
    if node.is_map and isinstance(left, dict):
        return node.holding(
            {key: _kept(child, left[key]) for key, child in node.value.items() if key in left}
        )
    if isinstance(node.value, str) and _SECRET.fullmatch(node.value):
        return node.holding(Reference(node.value))
    return node


def _filled(spec: Any, declared: Any) -> Any:
    try:
        return msgspec.to_builtins(msgspec.convert(spec, declared))
    except msgspec.ValidationError:
        return None


def _paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, child in value.items() if isinstance(value, dict) else ():
        yield (*path, key)
        yield from _paths(child, (*path, key))


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value
