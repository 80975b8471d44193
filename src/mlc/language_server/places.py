"""What stands at a place of a file: which key or value, of which field of which resource."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from mlc import kinds
from mlc.ir.module import is_of_module
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.kinds import _schemas
from mlc.kinds._estimators import Place as Estimating
from mlc.kinds._walk import choose, field_schema
from mlc.language_server.project import Analysis

Path = tuple[str | int, ...]
Schema = dict[str, Any]
_UNKNOWN = ...  # a value of which nothing is known: it chooses no branch of a union


class Place(Struct, frozen=True):
    """A key or a value of a file: `path` leads to it from the file's root."""

    file: str
    path: Path
    node: Node
    on_key: bool


class Field(Struct, frozen=True):
    """A field of a resource, or of the project or an environment (`kind` is then project or env).

    `name` is None where the file is a layer or a preset, which belongs to no one resource.
    """

    kind: str
    name: str | None
    path: Path


class Named(Struct, frozen=True):
    """A resource that is named somewhere."""

    kind: str
    name: str
    span: Span


def place_of(kind: str, path: Path) -> Estimating | None:
    """Whether a path of a kind leads to a map that names an estimator and its parameters, and which sort of one."""
    if kind == "model" and (path == ("train",) or (len(path) == 2 and path[0] == "candidates")):
        return "train"
    transform = kind == "features" and len(path) == 4 and (path[0], path[2]) == ("groups", "transforms")
    return "transforms" if transform else None


def estimator_at(spec: Any, path: Path) -> str | None:
    """The estimator that the map at a path of a resource names."""
    for part in (*path, "estimator"):
        spec = spec.get(part) if isinstance(spec, dict) else None
    return spec if isinstance(spec, str) else None


def place_at(node: Node | None, file: str, line: int, column: int) -> Place | None:
    """The innermost key or value at a place, both counted from 1; its end counts as within it."""
    path: Path = ()
    while node is not None:
        entries: Any = ()
        if node.is_map:
            entries = node.value.items()
        elif node.is_list:
            entries = enumerate(node.value)
        for key, child in entries:
            if not node.is_list and child.key_span is not None and _holds(child.key_span, line, column):
                return Place(file, (*path, key), child, True)
            if _holds(child.span, line, column):
                path, node = (*path, key), child
                break
        else:
            inside = _holds(node.span, line, column) and not node.is_map and not node.is_list
            return Place(file, path, node, False) if inside else None
    return None


def field_of(file: str, path: Path) -> Field | None:
    """The field that a path of a file leads to; None for a file that is none of the project's.

    A file of a module is a layer, whatever its name.
    """
    if is_of_module(file):
        kind = file.split("/")[3]
        return Field(kind, None, path) if kind in kinds.names() else None
    folder, _, base = file.rpartition("/")
    stem = base.removesuffix(".yaml")
    if folder in kinds.names():
        return Field(folder, None if stem.startswith("_") else stem, path)
    if file != "mlc.yaml" and folder != "env":
        return None
    if path[:1] == ("presets",) and len(path) > 1 and path[1] in kinds.names():
        return Field(str(path[1]), None, path[2:])
    if path[:1] == ("patch",) and len(path) > 2 and path[1] in kinds.names():
        return Field(str(path[1]), str(path[2]), path[3:])
    return Field("project" if file == "mlc.yaml" else "env", None, path)


def schemas_at(kind: str, path: Path, spec: Any) -> list[Schema]:
    """The schemas that a field may have: those of the branches that `spec` chooses, of all where it chooses none."""
    root = _schemas.read(kind)
    found = [(schema, spec) for schema in _branches(root, root, spec)]
    for part in path:
        inner = []
        for schema, value in found:
            field = field_schema(schema, part)
            if field is not None:
                entry = _entry(value, part)
                inner += [(branch, entry) for branch in _branches(field, root, entry)]
        found = inner
    return [schema for schema, _ in found]


def field_at(kind: str, path: Path, spec: Any) -> Schema | None:
    """The schema of a field with its own description, not yet followed to what it refers to."""
    if not path:
        return None
    for schema in schemas_at(kind, path[:-1], spec):
        field = field_schema(schema, path[-1])
        if field is not None:
            return field
    return None


def reference_at(kind: str, path: Path, spec: Any) -> str | None:
    """The kind of resource that a field names, or None."""
    named = (schema["x-mlc-ref"] for schema in schemas_at(kind, path, spec) if "x-mlc-ref" in schema)
    return next(named, None)


def spec_for(analysis: Analysis, field: Field, file: str) -> Any:
    """What is known of the resource that a field belongs to, for the choice among branches of a union."""
    spec = analysis.spec(field.kind, field.name)
    if spec is not None:
        return spec
    from mlc.ir.node import plain

    node = analysis.node(file)
    inside = field_of(file, ())
    return plain(node) if node is not None and inside is not None and inside.kind == field.kind else {}


def named_at(analysis: Analysis, place: Place) -> Named | None:
    """The resource that a place names: a reference, a patch's key, or an address in `moved`."""
    file, path, node = place.file, place.path, place.node
    if place.on_key:
        if file.startswith("env/") and path[:1] == ("patch",) and len(path) == 3 and node.key_span:
            return Named(str(path[1]), str(path[2]), node.key_span)
        return None
    field = field_of(file, path)
    if field is None or type(node.value) is not str or "${" in node.value:
        return None
    if field.kind == "project" and field.path[:1] == ("moved",):
        kind, dot, name = node.value.partition(".")
        return Named(kind, name, node.span) if dot and kind in kinds.names() else None
    kind_named = reference_at(field.kind, field.path, spec_for(analysis, field, file))
    return None if kind_named is None else Named(kind_named, node.value, node.span)


def _branches(schema: Schema, root: Schema, value: Any) -> list[Schema]:
    chosen = choose(schema, root, value)
    if "anyOf" not in chosen:
        return [chosen]
    return [found for branch in chosen["anyOf"] for found in _branches(branch, root, _UNKNOWN)]


def _entry(value: Any, part: str | int) -> Any:
    """An entry of plain data. What is empty is being written, and says nothing yet."""
    found = _UNKNOWN
    if isinstance(value, dict):
        found = value.get(part, _UNKNOWN)
    elif isinstance(value, list) and isinstance(part, int) and part < len(value):
        found = value[part]
    return _UNKNOWN if found is None else found


def _holds(span: Span, line: int, column: int) -> bool:
    return (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column)
