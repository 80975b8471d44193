"""What the cases have exercised of a project's configuration, and what none of them has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from mlc import kinds
from mlc.ir.address import Address
from mlc.ir.document import Document
from mlc.ir.module import is_of_module
from mlc.ir.node import Node, plain
from mlc.ir.span import Span
from mlc.ir.trial import Coverage, Covered
from mlc.kinds import _schemas
from mlc.kinds._walk import choose, field_schema
from mlc.pipeline import Opened
from mlc.trial.cases import Seen

Schema = dict[str, Any]


def coverage(project: Opened, seen: Sequence[Seen]) -> Coverage:
    """See `Coverage` for what counts as exercised. Only the project's own files count, not those of cases."""
    spans: Counter[Span] = Counter()
    files: Counter[str] = Counter()
    addresses: Counter[str] = Counter()
    for one in seen:
        contributing = set(_spans(one))
        spans.update(contributing)
        addresses.update(_addresses(one))
        layers = set() if one.document is None else _environment_files(one.document, one.opened)
        files.update(layers | {span.file for span in contributing})
    resources = [
        Covered(str(address), addresses[str(address)], node.span.file)
        for address, node in sorted(project.layers.resources.items())
    ]
    return Coverage(
        layers=tuple(Covered(file, files[file]) for file in _layer_files(project)),
        presets=tuple(
            Covered(name, spans[span], f"{span.file}:{span.line}") for name, span in sorted(_presets(project))
        ),
        resources=tuple(one for one in resources if not one.name.startswith("gate.")),
        gates=tuple(one for one in resources if one.name.startswith("gate.")),
        options=tuple(_options(seen)),
    )


def _addresses(one: Seen) -> set[str]:
    return {*one.addresses, *(".".join(found.path.split(".")[:2]) for found in one.explained)}


def _spans(one: Seen) -> Iterator[Span]:
    """Where the values are written that the expectations of a case are about, and all that these overwrote."""
    for found in one.explained:
        yield found.winner.span
        yield from (lost.span for lost in found.overwrote)
        yield from (read.span for _, read in found.read)
    for text in one.addresses:
        kind, _, name = text.partition(".")
        node = one.document.resource(Address(kind, name)) if one.document is not None else None
        for _, child in node.walk() if node is not None else ():
            yield from _chain(child)


def _chain(node: Node) -> Iterator[Span]:
    current: Node | None = node
    while current is not None:
        yield current.span
        current = current.overwrote


def _environment_files(document: Document, opened: Opened) -> set[str]:
    """The file of the environment that a case runs in, and the layers it builds on."""
    node = opened.layers.environments.get(document.environment)
    below = {span.file for _, child in node.walk() for span in _chain(child)} if node is not None else set()
    return {f"env/{document.environment}.yaml", *below}


def _layer_files(project: Opened) -> list[str]:
    """Every file that is a layer for others: those with an underscore, the environments', and those of modules that
    the project builds on."""
    found = [file for file in project.source.texts if is_of_module(file)]
    for group in ("env", *kinds.names()):
        for name in project.source.options(group):
            if name.startswith("_") or (group == "env" and not name.endswith(".mlctest")):
                found.append(f"{group}/{name}.yaml")
    return sorted(found)


def _presets(project: Opened) -> set[tuple[str, Span]]:
    """Every single value of every preset and patch, with the place of it."""
    found: set[tuple[str, Span]] = set()
    for node in (project.layers.project, *project.layers.environments.values()):
        for part in ("presets", "patch"):
            given = node.get(part)
            for path, child in given.walk((part,)) if given is not None else ():
                if not child.is_map and not any(isinstance(key, int) for key in path):
                    found.update((".".join(map(str, path)), span) for span in _chain(child))
    return found


def _options(seen: Sequence[Seen]) -> Iterator[Covered]:
    """The fields that take one of several values, and which of these some case has."""
    allowed: dict[str, list[Any]] = {}
    tried: dict[str, dict[str, int]] = {}
    for one in seen:
        for name, choices, value in {} if one.document is None else _tried(one.document):
            known = allowed.setdefault(name, [])
            known += [choice for choice in choices if choice not in known]
            counts = tried.setdefault(name, {})
            counts[repr(value)] = counts.get(repr(value), 0) + 1
    for name in sorted(allowed):
        untried = tuple(choice for choice in allowed[name] if repr(choice) not in tried[name])
        yield Covered(name, len(allowed[name]) - len(untried), untried=untried)


def _tried(document: Document) -> Iterator[tuple[str, list[Any], Any]]:
    for address in document.addresses():
        node = document.resource(address)
        root = _schemas.read(address.kind)
        yield from _fields(plain(node) if node is not None else {}, root, root, address.kind)


def _fields(value: Any, schema: Schema, root: Schema, name: str) -> Iterator[tuple[str, list[Any], Any]]:
    """Each option below a value: its name (`*` for a key that the author chose), its choices, its value."""
    choices = _choices(schema, root)
    if len(choices) > 1 and not isinstance(value, dict | list):
        yield name, choices, value
        return
    chosen = choose(schema, root, value)
    tag = _discriminator(schema, root)
    if tag is not None and isinstance(value, dict):
        yield f"{name}.{tag[0]}", tag[1], value.get(tag[0])
    properties = chosen.get("properties", {})
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in entries:
        field = field_schema(chosen, key)
        if field is not None and not (tag is not None and key == tag[0]):
            yield from _fields(child, field, root, f"{name}.{key if key in properties else '*'}")


def _choices(schema: Schema, root: Schema) -> list[Any]:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return list(schema["enum"])
    if schema.get("type") == "boolean":
        return [False, True]
    branches = [branch for branch in schema.get("anyOf", ()) if branch.get("type") != "null"]
    choices = [_choices(branch, root) for branch in branches]
    if not choices or not all(choices):  # where some branch takes anything of its type, there is no choice
        return []
    nothing = [None] if len(branches) < len(schema["anyOf"]) else []
    return [choice for found in choices for choice in found] + nothing


def _discriminator(schema: Schema, root: Schema) -> tuple[str, list[str]] | None:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    found = schema.get("discriminator")
    return None if found is None else (found["propertyName"], list(found["mapping"]))
