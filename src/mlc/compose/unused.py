"""What is written and changes nothing in any environment: values that never win, layers, variables, inputs,
presets, resources and modules that nobody uses.

A value is used when some environment's document holds it as the winner. Positions decide that: composing
keeps the span of every value, so a value has won where a document has a node with its span. What decides
before composing ends (`enabled`, `environments`), what is there to be replaced (`???`, empty maps) and what
was looked through (an interpolation that leads to a map) is never called unused. Nor is anything within a module:
others use it too, and it is not theirs to change who read this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from mlc.compose.hydra import compose_config
from mlc.compose.mentions import references, split_key
from mlc.compose.project import Layers
from mlc.compose.reading import Reading
from mlc.compose.source import Source
from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.document import Document
from mlc.ir.module import is_of_module
from mlc.ir.node import Node
from mlc.ir.span import FIELD_DEFAULT, Span, start_of
from mlc.rules import (
    unused_input,
    unused_layer,
    unused_module,
    unused_preset,
    unused_resource,
    unused_value,
    unused_variable,
)

Path = tuple[str | int, ...]

_SELECTING = (
    "enabled",
    "environments",
)  # they decide whether a resource is there, and so never stand in vain
_SELECTS_AT = {"presets": 2, "patch": 3}  # how deep such a field stands in these
_LAYERED = ("vars", "presets", "patch")  # what a project and an environment lay under and over resources


class _Use(Struct, frozen=True):
    """One file as a layer of one configuration: its tree, and the path that the tree stands at."""

    root: str  # `project`, `env` or `resource`
    name: str  # the environment's name
    file: str
    node: Node
    at: Path


def unused(
    source: Source, layers: Layers, documents: Mapping[str, Document], kinds: Iterable[str]
) -> tuple[Diagnostic, ...]:
    """What changes nothing. `documents` are those of every environment, composed from `layers` without mistakes."""
    live = {address for document in documents.values() for address in document.addresses()}
    used_names, uses = _uses(source, layers, live)
    verdicts = _verdicts(uses, documents)
    read = _read(uses, verdicts, documents)
    found = [
        *_layers(source, kinds, used_names, layers),
        *_resources(layers, documents, live),
        *_presets(uses, documents, kinds),
        *_variables(uses, read),
        *_inputs(layers.project, read),
        *_modules(layers, used_names),
    ]
    found = [one for one in found if one.primary is None or not is_of_module(one.primary.span.file)]
    told = {label.span for one in found for label in one.labels}
    return (*found, *_values(uses, verdicts, documents, told))


def _uses(source: Source, layers: Layers, live: set[Address]) -> tuple[set[str], list[_Use]]:
    """Every file as often as it is a layer of something, and the names of the files."""
    roots = [("mlc", "project", "")]
    roots += [(f"env/{name}", "env", name) for name in layers.environments]
    roots += [(f"{address.kind}/{address.name}", "resource", "") for address in layers.resources]
    names: set[str] = set()
    uses = []
    for config, root, name in roots:
        kind, _, own = config.partition("/")
        for placed in compose_config(source, config).layers:
            names.add(placed.name)
            layer = source.layer(placed.name)
            if layer is None or (root == "resource" and Address(kind, own) not in live):
                continue
            package: Path = tuple(split_key(placed.package)) if placed.package else ()
            if root == "env":
                package = package[1:]  # an environment stands in the package `env`
            elif root == "resource":
                package = (kind, own, *package[1:])
            uses.append(_Use(root, name, layer.file, layer.node, package))
    return names, uses


def _leaves(use: _Use) -> Iterator[tuple[Path, Node]]:
    """Every value of a use with its path, in what it is a layer of; a list is one value."""
    stack = [(use.at, use.node)]
    while stack:
        path, node = stack.pop()
        if node.is_map:
            stack += [((*path, key), child) for key, child in reversed(node.value.items())]
        else:
            yield path, node


def _verdicts(uses: list[_Use], documents: Mapping[str, Document]) -> dict[Span, bool]:
    """Whether each value that might stand in vain is used, by its span: one that wins anywhere is."""
    winners = {
        node.span
        for document in documents.values()
        for tree in (document.root, document.around)
        for _, node in tree.walk()
    }
    verdicts: dict[Span, bool] = {}
    for use in uses:
        for path, node in _leaves(use):
            if _may_stand_in_vain(use, path, node, documents):
                verdicts[node.span] = verdicts.get(node.span, False) or node.span in winners
            else:
                verdicts[node.span] = True
    return verdicts


def _may_stand_in_vain(use: _Use, path: Path, node: Node, documents: Mapping[str, Document]) -> bool:
    depth = 2 if use.root == "resource" else _SELECTS_AT.get(str(path[0]) if path else "", 0)
    if depth and path[depth : depth + 1] and path[depth] in _SELECTING:
        return False
    if use.root != "resource" and path[:1] and path[0] not in _LAYERED:
        return False
    return node.value != "???" and not _is_looked_through(node, documents)


def _is_looked_through(node: Node, documents: Mapping[str, Document]) -> bool:
    """Whether a value is an interpolation that leads, or may lead, to a map: merging replaces it by the map."""
    if not isinstance(node.value, str) or not node.value.startswith("${"):
        return False
    for key in references(node.value):
        if key.startswith(".") or "${" in key:
            return True
        targets = (document.around.at(tuple(split_key(key))) for document in documents.values())
        if any(target is not None and (target.is_map or target.is_list) for target in targets):
            return True
    return False


def _read(uses: list[_Use], verdicts: Mapping[Span, bool], documents: Mapping[str, Document]) -> Reading:
    """What is read by what is used; a variable is used where something used reads it."""
    reading = Reading()
    by_variable: dict[str, Reading] = {}
    for use in uses:
        for path, leaf in _leaves(use):
            if not verdicts.get(leaf.span, True):
                continue
            is_variable = use.root != "resource" and path[:1] == ("vars",) and len(path) > 1
            into = by_variable.setdefault(str(path[1]), Reading()) if is_variable else reading
            for below, node in leaf.walk(path):
                into.add(node.value, below)
    for document in documents.values():
        for path, node in document.root.walk():
            reading.add(node.written, path)  # where a relative key leads is known here only
    while True:
        before = reading.size()
        for name, inner in by_variable.items():
            if reading.has_variable(name):
                reading.join(inner)
        if reading.size() == before:
            return reading


def _layers(source: Source, kinds: Iterable[str], used: set[str], layers: Layers) -> Iterator[Diagnostic]:
    """Files in the folders of kinds, environments and used layers that nothing builds on."""
    kinds = tuple(kinds)
    folders = {name.rpartition("/")[0] for name in used if source.module_of(name) is None} - {""}
    pending = sorted({*kinds, "env", *folders})
    seen = set()
    while pending:
        folder = pending.pop(0)
        if folder in seen:
            continue
        seen.add(folder)
        groups = (f"{folder}/{inner}" for inner in source.groups(folder))
        pending += [group for group in groups if source.module_of(group) is None]
        for option in source.options(folder):
            name = f"{folder}/{option}"
            is_resource = folder in kinds and not option.startswith("_")
            if name not in used and not is_resource:
                is_environment = folder == "env" and not option.startswith("_")
                yield unused_layer.found(f"{name}.yaml", tuple(layers.environments) if is_environment else ())


def _resources(layers: Layers, documents: Mapping[str, Document], live: set[Address]) -> Iterator[Diagnostic]:
    for address, node in layers.resources.items():
        if address not in live:
            switch = next((node.get(key) for key in _SELECTING if node.get(key) is not None), None)
            span = node.span if switch is None else switch.span
            yield unused_resource.found(str(address), span, tuple(documents))


def _presets(
    uses: list[_Use], documents: Mapping[str, Document], kinds: Iterable[str]
) -> Iterator[Diagnostic]:
    """Presets for kinds of which there is no resource wherever the preset applies."""
    kinds = frozenset(kinds)
    applies: dict[tuple[Span, str], set[str]] = {}
    for use in uses:
        if use.root == "resource":
            continue
        presets = use.node.at(("presets",)) if not use.at else None
        for kind, node in presets.value.items() if presets is not None and presets.is_map else ():
            if kind in kinds and not any(node.get(field) is not None for field in _SELECTING):
                environments = {use.name} if use.root == "env" else set(documents)
                applies.setdefault((node.key_span or node.span, kind), set()).update(environments)
    for (span, kind), environments in applies.items():
        groups = [documents[name].root.get(kind) for name in environments]
        if not any(group is not None and group.value for group in groups):
            yield unused_preset.found(kind, span, sorted(environments), len(documents))


def _variables(uses: list[_Use], read: Reading) -> Iterator[Diagnostic]:
    declared: dict[str, dict[Span, None]] = {}
    for use in uses:
        if use.root == "resource" or use.at:
            continue
        variables = use.node.get("vars")
        for name, node in variables.value.items() if variables is not None and variables.is_map else ():
            declared.setdefault(name, {})[node.key_span or node.span] = None
    for name, spans in declared.items():
        if not read.has_variable(name):
            yield unused_variable.found(name, tuple(spans))


def _inputs(project: Node, read: Reading) -> Iterator[Diagnostic]:
    inputs = project.get("inputs")
    for name, node in inputs.value.items() if inputs is not None and inputs.is_map else ():
        if not read.has_input(name):
            yield unused_input.found(name, node.key_span or node.span)


def _modules(layers: Layers, used: set[str]) -> Iterator[Diagnostic]:
    listed = layers.project.get("modules")
    names = {name.split("/")[1] for name in used if name.count("/") > 1}
    for name, node in listed.value.items() if listed is not None and listed.is_map else ():
        if name not in names:
            yield unused_module.found(name, node.key_span or node.span)


def _values(
    uses: list[_Use], verdicts: Mapping[Span, bool], documents: Mapping[str, Document], told: set[Span]
) -> Iterator[Diagnostic]:
    """Each largest piece of a file of which no value wins anywhere."""
    over = _overwriters(documents)
    for file, node in {use.file: use.node for use in uses if not is_of_module(use.file)}.items():
        pieces, is_alive = _dead((), node, verdicts, told)
        if pieces and not is_alive:
            pieces = [((), Node(node.value, start_of(file)))]
        for path, piece in pieces:
            spans = {span for _, leaf in piece.walk() for span in over.get(leaf.span, ())}
            by = tuple(sorted(span for span in spans if span.file != FIELD_DEFAULT))
            place = piece.key_span or piece.span
            yield unused_value.found(".".join(map(str, path)), place, by, file)


def _dead(
    path: Path, node: Node, verdicts: Mapping[Span, bool], told: set[Span]
) -> tuple[list[tuple[Path, Node]], bool]:
    """The largest pieces of which nothing wins, and whether anything else is in the tree."""
    if node.key_span in told:
        return [], True  # a diagnostic of another rule says so
    if not node.is_map:
        is_alive = verdicts.get(node.span, True)
        return ([] if is_alive else [(path, node)]), is_alive
    pieces, is_alive = [], not node.value
    for key, child in node.value.items():
        inner, inner_alive = _dead((*path, key), child, verdicts, told)
        pieces += inner
        is_alive = is_alive or inner_alive
    if pieces and not is_alive and path:
        return [(path, node)], False
    return pieces, is_alive


def _overwriters(documents: Mapping[str, Document]) -> dict[Span, set[Span]]:
    """What stands over each value that was overwritten."""
    over: dict[Span, set[Span]] = {}
    for document in documents.values():
        for tree in (document.root, document.around):
            for _, node in tree.walk():
                lower: Any = node.overwrote
                while lower is not None:
                    over.setdefault(lower.span, set()).add(node.span)
                    lower = lower.overwrote
    return over
