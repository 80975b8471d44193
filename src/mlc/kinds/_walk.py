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
from mlc.kinds import _schemas

Schema = dict[str, Any]
Path = tuple[str | int, ...]

_DEFAULT_SPAN = Span(FIELD_DEFAULT, 1, 1, 1, 1)
_JSON_TYPES: tuple[tuple[type, tuple[str, ...]], ...] = (
    (bool, ("boolean",)),
    (str, ("string",)),
    (int, ("integer", "number")),
    (float, ("number",)),
    (type(None), ("null",)),
    (dict, ("object",)),
    (list, ("array",)),
    (tuple, ("array",)),
)


class Reference(Struct, frozen=True):
    """A field that names another resource."""

    path: Path
    kind: str
    name: str


def with_defaults(node: Node, kind: str) -> Node:
    """The resource with every field that its author left out at its default."""
    root = _schemas.read(kind)
    return _fill(node, root, root)


def references(spec: Any, kind: str) -> Iterator[Reference]:
    """Every reference that a resource (as plain data) holds."""
    root = _schemas.read(kind)
    yield from _references(spec, root, root, ())


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
    types = next((names for kind, names in _JSON_TYPES if isinstance(_bare(value), kind)), ())
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


def _fill(node: Node, schema: Schema, root: Schema) -> Node:
    schema = choose(schema, root, node)
    if node.is_list:
        items = schema.get("items")
        if not isinstance(items, dict):
            return node
        return node.holding(tuple(_fill(child, items, root) for child in node.value))
    if not node.is_map:
        return node
    filled = dict(node.value)
    for key, child in node.value.items():
        field = field_schema(schema, key)
        if field is not None:
            filled[key] = _fill(child, field, root)
    for key, field in schema.get("properties", {}).items():
        if key not in filled and "default" in field:
            filled[key] = _fill(wrap(field["default"], _DEFAULT_SPAN), field, root)
    return node.holding(filled)


def _references(value: Any, schema: Schema, root: Schema, path: Path) -> Iterator[Reference]:
    schema = choose(schema, root, value)
    if "x-mlc-ref" in schema and isinstance(value, str):
        yield Reference(path, schema["x-mlc-ref"], value)
    elif isinstance(value, dict):
        for key, child in value.items():
            field = field_schema(schema, key)
            if field is not None:
                yield from _references(child, field, root, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _references(child, schema.get("items", {}), root, (*path, index))


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
