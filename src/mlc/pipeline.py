"""THE ORDER: load → compose → check → lower → emit → plan → apply.

Read this first. Each stage is a package that takes and returns frozen values and knows no other stage;
this is the one file that knows them all. What the user got wrong comes back as diagnostics, never as an
exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from mlc import check, data, kinds, load
from mlc.compose import explain as explaining
from mlc.compose import hydra, interpolate
from mlc.compose import project as composing
from mlc.compose.hydra import parse_overrides
from mlc.compose.overlay import Overlay
from mlc.compose.source import Source
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.ir.checked import Checked
from mlc.ir.diagnostic import Diagnostic, Label, has_errors
from mlc.ir.document import Document
from mlc.ir.event import Event, StepTold
from mlc.ir.explanation import Explanation
from mlc.ir.graph import Graph
from mlc.ir.node import Node, plain
from mlc.ir.plan import Plan
from mlc.ir.span import COMMAND_LINE
from mlc.kinds import _fields, _walk
from mlc.request import Request, inputs_of, wanted_environments
from mlc.rules import missing_layer

if TYPE_CHECKING:
    from mlc.apply import Stop

LANGUAGE = composing.Language(
    kinds=kinds.names(),
    once=kinds.once(),
    is_name=lambda name: re.fullmatch(_fields.NAME_PATTERN, name) is not None,
    with_defaults=_walk.with_defaults,
    is_declared=_walk.is_declared,
)


class Opened(Struct, frozen=True):
    """A project's files, each parsed once: several requests can be made of them."""

    source: Source
    layers: composing.Layers


class Composed(Struct, frozen=True):
    """A project in every environment asked for; `sources` holds the texts that diagnostics point into."""

    layers: composing.Layers
    documents: dict[str, Document]
    sources: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]


class Validated(Struct, frozen=True):
    """`checked` holds each environment that has no mistake; `diagnostics` also those of composing."""

    composed: Composed
    checked: dict[str, Checked]
    diagnostics: tuple[Diagnostic, ...]


class Compiled(Struct, frozen=True):
    """One environment's graph and artifacts."""

    graph: Graph
    artifacts: tuple[Artifact, ...]


class Config(Struct, frozen=True):
    """A Hydra config as bare data."""

    value: Any
    sources: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]


def opened(source: Source) -> Opened:
    """load: every layer of a project."""
    return Opened(source, composing.compose_layers(source, LANGUAGE))


def open_project(root: Path) -> Opened:
    """load: every layer of the project in a folder."""
    return opened(Source(load.read, root))


def with_files(project: Opened, files: Mapping[str, str | None]) -> Opened:
    """The project with texts in the place of some files, or (None) without them. Nothing is written."""
    return opened(Overlay(project.source, files))


def compose(request: Request, source: Source | Opened | None = None) -> Composed:
    """load → compose.

    `source` stands for the project's folder where that is not what is meant: in an editor, or where the layers
    have been read already.
    """
    project = source if isinstance(source, Opened) else opened(source or Source(load.read, request.root))
    source, layers = project.source, project.layers
    inputs, bad_inputs = inputs_of(request, layers.project)
    overrides, bad_overrides = parse_overrides(request.overrides)
    environments, unknown = wanted_environments(request, composing.known_environments(layers.project))
    found = [*layers.diagnostics, *bad_inputs, *bad_overrides, *unknown]
    documents = {}
    for environment in environments:
        document, mistakes = composing.compose_document(layers, environment, overrides, inputs, LANGUAGE)
        documents[environment] = document
        found += mistakes
    sources = {**source.texts, COMMAND_LINE: "\n".join(request.overrides)}
    return Composed(layers, documents, sources, _each_once(found))


def compose_config(folder: Path, name: str, overrides: Sequence[str], *, resolve: bool) -> Config:
    """load → compose of any Hydra config directory, as Hydra would give it."""
    if not folder.is_dir():
        return Config(None, {}, (missing_layer.no_folder(str(folder)),))
    source = Source(partial(load.read, any_key=True), folder, closed=False)
    composed = hydra.compose_config(source, name, overrides)
    node, found = composed.node, [*composed.diagnostics]
    if node is not None and resolve:
        node, mistakes = interpolate.resolve(node, {})
        found += mistakes
    sources = {**source.texts, COMMAND_LINE: "\n".join(overrides)}
    return Config(None if node is None else plain(node), sources, _each_once(found))


def explain(request: Request, address: str) -> tuple[Composed, tuple[Explanation, ...]]:
    """load → compose, then where a value comes from in each environment."""
    composed = compose(request)
    if has_errors(composed.diagnostics):
        return composed, ()
    explained, found = [], [*composed.diagnostics]
    for document in composed.documents.values():
        explanation = explain_in(document, address)
        if isinstance(explanation, Diagnostic):
            found.append(explanation)
        else:
            explained.append(explanation)
    return msgspec.structs.replace(composed, diagnostics=_each_once(found)), tuple(explained)


def explain_in(document: Document, address: str) -> Explanation | Diagnostic:
    """Where a value of a composed document comes from, or that there is none."""
    return explaining.explain(document, address, _walk.field_at, _walk.change_class)


def unused(request: Request) -> tuple[Composed, tuple[Diagnostic, ...]]:
    """load → compose, then what is written and changes nothing in any environment."""
    from mlc.compose.unused import unused as found_unused

    source = Source(load.read, request.root)
    composed = compose(msgspec.structs.replace(request, environments=("all",), overrides=()), source)
    if has_errors(composed.diagnostics):
        return composed, ()
    return composed, _each_once([*found_unused(source, composed.layers, composed.documents, LANGUAGE.kinds)])


def validate(request: Request, source: Source | Opened | None = None) -> Validated:
    """load → compose → check. Reads no state, starts nothing, reaches nothing outside the project."""
    composed = compose(request, source)
    layers = composed.layers
    declared = frozenset(layers.resources) | layers.broken
    found = [*composed.diagnostics, *check.check_settings(layers.project, layers.environments, declared)]
    sound = not has_errors(tuple(found))
    checked = {}
    for environment, document in composed.documents.items():
        passed, mistakes = check.check(document, frozenset(layers.resources), layers.broken)
        found += mistakes
        if passed is not None and sound:
            checked[environment] = passed
    return Validated(composed, checked, _each_once(found))


def compile_project(request: Request) -> tuple[Validated, tuple[Compiled, ...]]:
    """load → compose → check → lower → emit. Nothing is compiled where there is a mistake."""
    validated = validate(request)
    if has_errors(validated.diagnostics):
        return validated, ()
    return validated, compile_validated(validated, backends())


def backends() -> tuple[Backend, ...]:
    """The folders of templates that artifacts are emitted by."""
    from mlc import emit

    return emit.load_backends((data.path("templates"),))


def compile_validated(validated: Validated, emitting: tuple[Backend, ...]) -> tuple[Compiled, ...]:
    """lower → emit, of a project without mistakes."""
    from mlc import emit, lower

    first = composing.known_environments(validated.composed.layers.project)[0]
    graphs = [lower.lower(checked) for checked in validated.checked.values()]
    return tuple(Compiled(graph, emit.emit(graph, emitting, graph.environment == first)) for graph in graphs)


def plan(root: Path, compiled: Compiled) -> Plan:
    """… → plan: what is described against what was applied. Raises StepFailed for an unreadable state."""
    from mlc import plan as planning
    from mlc import workspace

    state = workspace.state(root, compiled.graph.environment)
    world = workspace.observed(root, compiled.graph)
    lost: frozenset[str] = frozenset()
    while True:
        planned = planning.plan(compiled.graph, compiled.artifacts, state, planning.without(world, lost))
        damaged = workspace.damaged(root, planned) - lost
        if not damaged:
            return planned
        lost |= damaged  # what makes it runs again, and may itself read something damaged


def plan_change(base: Compiled, compiled: Compiled) -> Plan:
    """What applying would do where another project had been applied: nothing is run and no state is read."""
    from mlc import drivers
    from mlc import plan as planning
    from mlc.plan.assumed import assumed

    state, world = assumed(
        base.graph, base.artifacts, compiled.graph, lambda name: drivers.driver(name).undoes
    )
    return planning.plan(compiled.graph, compiled.artifacts, state, world)


def located(found: tuple[Diagnostic, ...], compiled: Compiled) -> tuple[Diagnostic, ...]:
    """Findings of a run, which knows no configuration, with the lines of the configuration they concern."""
    nodes = {str(resource.address): resource.node for resource in compiled.graph.resources}
    placed = []
    for one in found:
        address, path = _concerned(one, nodes)
        if address not in nodes or one.labels:
            placed.append(one)
            continue
        span = nodes[address].nearest(path).span
        placed.append(msgspec.structs.replace(one, labels=(Label(span, primary=True),)))
    return tuple(placed)


def apply(root: Path, planned: Plan, stop: Stop, tell: Callable[[StepTold], None]) -> Iterator[Event]:
    """plan → apply: the events as they happen. Raises StepFailed where the plan may not be applied."""
    from mlc import apply as applying
    from mlc import workspace

    with workspace.hands(root, planned, tell) as effects:
        applying.refuse_stale(planned, effects, workspace.TOOL)
        yield from applying.apply(planned, effects, stop)


def _each_once(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """A shared layer is composed many times over; its mistakes are told once, in the order of the files."""
    return tuple(sorted(dict.fromkeys(found), key=_place))


def _concerned(one: Diagnostic, nodes: Mapping[str, Node]) -> tuple[str, tuple[str, ...]]:
    """The resource and the field that a finding concerns: its path may lead to another resource than its own."""
    parts = tuple(one.path.split(".")) if one.path else ()
    other = ".".join(parts[:2])
    return (other, parts[2:]) if other in nodes else (one.address, parts)


def _place(one: Diagnostic) -> tuple[str, int, int]:
    return (
        (one.primary.span.file, one.primary.span.line, one.primary.span.column) if one.primary else ("", 0, 0)
    )
