"""Following a value through the schema of its kind: which field is this, what does it refer to, what
does a change to it cost.

The schemas are the generated ones (`_schemas.read`), so only what msgspec writes occurs in them. A union
is followed along the branch its author chose: by the discriminator where there is one, else by the type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.ir.node import Node, wrap
from mlc.ir.span import FIELD_DEFAULT, Span
from mlc.kinds import _forms, _schemas
from mlc.kinds._forms import JSON_TYPES, Default, Form

Schema = dict[str, Any]
Path = tuple[str | int, ...]

_DEFAULT_SPAN = Span(FIELD_DEFAULT, 1, 1, 1, 1)


class Reference(Struct, frozen=True):
    """A field that names another resource."""

    path: Path
    kind: str
    name: str


def with_defaults(node: Node, kind: str) -> Node:
    """The resource with every field that its author left out at its default."""
    return _fill(node, _forms.form_of(kind))


def field_names(kind: str) -> tuple[str, ...]:
    """The fields of a kind, in whatever variant of it."""
    root = _schemas.read(kind)
    return tuple(
        dict.fromkeys(name for branch in _branches(root, root) for name in branch.get("properties", {}))
    )


def references(spec: Any, kind: str) -> Iterator[Reference]:
    """Every reference that a resource (as plain data) holds."""
    yield from _references(spec, _forms.form_of(kind), ())


def change_class(kind: str, path: Path, *specs: Any) -> str:
    """What a change at a path costs: what the deepest field on the way declares.

    `specs` are the resource before and after, as plain data; the first that has the path leads the way
    through unions.
    """
    root = _schemas.read(kind)
    found = "none"
    for spec in specs:
        schema, value = choose(root, root, spec), spec
        for part in path:
            field = field_schema(schema, part)
            if field is None:
                break
            found = field.get("x-mlc-change", found)
            value = _entry(value, part)
            schema = choose(field, root, value)
        else:
            break
    return found


def field_at(kind: str, path: Path, spec: Any) -> Schema | None:
    """The schema of the field at a path of a resource: its description, its default; None where there is none."""
    root = _schemas.read(kind)
    schema, value, field = choose(root, root, spec), spec, None
    for part in path:
        field = field_schema(schema, part)
        if field is None:
            return None
        value = _entry(value, part)
        schema = choose(field, root, value)
    return field


def is_declared(kind: str, path: Path) -> bool:
    """Whether some branch of the kind's schema has a field at this path."""
    root = _schemas.read(kind)
    schemas = _branches(root, root)
    for part in path:
        fields = [field_schema(schema, part) for schema in schemas]
        schemas = [branch for field in fields if field is not None for branch in _branches(field, root)]
    return bool(schemas)


def choose(schema: Schema, root: Schema, value: Any) -> Schema:
    """The schema without `$ref`, and of a union the branch that the value chose (else the union itself)."""
    schema = _dereference(schema, root)
    branches = schema.get("anyOf")
    if branches is None:
        return schema
    discriminator = schema.get("discriminator")
    if discriminator is not None and _is_map(value):
        tag = _entry(value, discriminator["propertyName"])
        reference = discriminator["mapping"].get(tag) if isinstance(tag, str) else None
        return _dereference({"$ref": reference}, root) if reference else schema
    types = next((names for kind, names in JSON_TYPES if isinstance(_bare(value), kind)), ())
    for branch in branches:
        found = _dereference(branch, root)
        if "anyOf" in found and _is_map(value):
            return choose(found, root, value)
        if found.get("type") in types:
            return found
    return schema


def field_schema(schema: Schema, part: str | int) -> Schema | None:
    """The schema of an entry of a map or a list, or None where there may be no such entry."""
    if isinstance(part, int):
        return schema.get("items")
    properties = schema.get("properties", {})
    if part in properties:
        found: Schema = properties[part]
        return found
    additional = schema.get("additionalProperties")
    return additional if isinstance(additional, dict) else None


def _fill(node: Node, form: Form) -> Node:
    """The node itself where nothing is left out."""
    if not form.fills:
        return node
    value = node.value
    if type(value) is dict:
        chosen = form.choose(value, _tag_of_node)
        filled = None
        for key, child in value.items():
            field = chosen.field(key)
            if field is not None and field.fills:
                new = _fill(child, field)
                if new is not child:
                    filled = dict(value) if filled is None else filled
                    filled[key] = new
        for key, default in chosen.defaults:
            if key not in value:
                filled = dict(value) if filled is None else filled
                filled[key] = _default(default)
        return node if filled is None else node.holding(filled)
    if type(value) is tuple:
        items = form.choose(value, _tag_of_node).items
        if items is not None and items.fills:
            return node.holding(tuple(_fill(child, items) for child in value))
    return node


def _default(default: Default) -> Node:
    """The default of a field, with those of the fields within it: the same node wherever it holds."""
    if default.node is None:
        default.node = _fill(wrap(default.value, _DEFAULT_SPAN), default.form)
    found: Node = default.node
    return found


def _references(value: Any, form: Form, path: Path) -> Iterator[Reference]:
    if not form.refers:
        return
    chosen = form.choose(value, _tag_of_data)
    if chosen.reference is not None and isinstance(value, str):
        yield Reference(path, chosen.reference, value)
    elif isinstance(value, dict):
        for key, child in value.items():
            field = chosen.field(key)
            if field is not None and field.refers:
                yield from _references(child, field, (*path, key))
    elif isinstance(value, list) and chosen.items is not None:
        for index, child in enumerate(value):
            yield from _references(child, chosen.items, (*path, index))


def _tag_of_node(value: Any, name: str) -> Any:
    found = value.get(name)
    return None if found is None else found.value


def _tag_of_data(value: Any, name: str) -> Any:
    return value.get(name)


def _branches(schema: Schema, root: Schema) -> list[Schema]:
    schema = _dereference(schema, root)
    if "anyOf" not in schema:
        return [schema]
    return [found for branch in schema["anyOf"] for found in _branches(branch, root)]


def _dereference(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Node) else value


def _is_map(value: Any) -> bool:
    return isinstance(_bare(value), dict)


def _entry(value: Any, part: str | int) -> Any:
    """An entry of a map or a list, bare; None where there is none."""
    value = _bare(value)
    if isinstance(value, dict):
        return _bare(value.get(part))
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return _bare(value[part])
    return None
