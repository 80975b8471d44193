"""THE ORDER: load → compose → check → lower → emit → plan → apply.

Read this first. Each stage is a package that takes and returns frozen values and knows no other stage;
this is the one file that knows them all. What the user got wrong comes back as diagnostics, never as an
exception.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from mlc import check, data, kinds, load, own_backends
from mlc.compose import project as composing
from mlc.compose.hydra import parse_overrides
from mlc.compose.overlay import Overlay
from mlc.compose.source import Source
from mlc.ir.checked import Checked
from mlc.ir.diagnostic import Diagnostic, Findings, has_errors
from mlc.ir.document import Document
from mlc.ir.module import is_of_module
from mlc.ir.span import COMMAND_LINE
from mlc.kinds import _fields, _walk
from mlc.request import Request, inputs_of, wanted_environments
from mlc.rules import language_version, too_large

if TYPE_CHECKING:  # validating imports none of these
    from mlc.apply import Stop
    from mlc.ir.artifact import Artifact
    from mlc.ir.backend import Backend
    from mlc.ir.event import Event
    from mlc.ir.graph import Graph
    from mlc.ir.node import Node
    from mlc.ir.plan import Plan, Read
    from mlc.ir.state import State

LANGUAGE = composing.Language(
    kinds=kinds.names(),
    is_once=kinds.is_once,
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
    source: Source


class Validated(Struct, frozen=True):
    """`checked` holds each environment that has no mistake; `diagnostics` also those of composing.

    `backends` are the project's own.
    """

    composed: Composed
    checked: dict[str, Checked]
    diagnostics: tuple[Diagnostic, ...]
    backends: tuple[Backend, ...] = ()


class Compiled(Struct, frozen=True):
    """One environment's graph and artifacts, and the backends that wrote these."""

    graph: Graph
    artifacts: tuple[Artifact, ...]
    backends: tuple[Backend, ...] = ()


@contextmanager
def without_search_for_cycles() -> Iterator[None]:
    """What compiling makes are trees, by the million in a large project, and none of them refers back to itself.

    Python's search for cycles would go through them all again and again: a third of the time of a plan.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@without_search_for_cycles()
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
    if layers.is_project_partial:
        unknown = ()  # it may stand in what could not be read
    findings = Findings(too_large.MOST_IN_ALL)
    findings.add([*layers.diagnostics, *bad_inputs, *bad_overrides, *unknown])
    documents = {}
    for environment in environments:
        if findings.is_full:
            break
        document, mistakes = composing.compose_document(layers, environment, overrides, inputs, LANGUAGE)
        documents[environment] = with_files_named(document, source)
        findings.add(mistakes)
    sources = {**source.texts, COMMAND_LINE: "\n".join(request.overrides)}
    return Composed(layers, documents, sources, each_once(findings.told), source)


def with_files_named(document: Document, source: Source) -> Document:
    """The document with the texts of the files that its resources name to be read along with them."""
    files: dict[str, str | None] = {}
    for kind, group in document.root.value.items():
        for field in kinds.kind(kind).reads if group.is_map else ():
            for node in group.value.values():
                named = node.get(field)
                path = named.value if named is not None else None
                if isinstance(path, str) and path not in files:
                    files[path] = source.text_below(path)
    return structs.replace(document, files=files) if files else document


@without_search_for_cycles()
def validate(request: Request, source: Source | Opened | None = None) -> Validated:
    """load → compose → check. Reads no state, starts nothing, reaches nothing outside the project."""
    composed = compose(request, source)
    layers = composed.layers
    if other := language_version.check_version(layers.project):
        return Validated(composed, {}, other)  # what else would be said might not be so in that version
    declared = frozenset(layers.resources) | layers.broken
    project, mistakes = check.check_settings(layers.project, layers.environments, declared, layers.partial)
    findings = Findings(too_large.MOST_IN_ALL)
    backends, wrong = own_backends.load(composed.source, layers.project, layers.modules)
    findings.add([*composed.diagnostics, *mistakes, *wrong])
    sound = not has_errors(tuple(findings.told))
    checked = {}
    for environment, document in composed.documents.items():
        if findings.is_full:
            break
        passed, mistakes = check.check(document, project, declared, layers.known_in_part(environment))
        findings.add(mistakes)
        if passed is not None and sound:
            checked[environment] = passed
    if backends and sound and not has_errors(tuple(findings.told)):
        findings.add(_unwritable(layers, checked, backends))
    if backends or wrong:  # their files are among what diagnostics point into
        composed = structs.replace(composed, sources={**composed.sources, **composed.source.texts})
    checked = {} if backends and has_errors(tuple(findings.told)) else checked
    return Validated(composed, checked, each_once(findings.told), backends)


def _unwritable(
    layers: composing.Layers, checked: Mapping[str, Checked], own: tuple[Backend, ...]
) -> Iterator[Diagnostic]:
    """What the project's own backends cannot write, which only filling their templates tells."""
    from mlc import emit, lower

    first = composing.known_environments(layers.project)[0]
    everything = (*backends(), *own)
    for environment, one in checked.items():
        graph = lower.lower(one)
        yield from emit.mistakes(graph, everything, environment == first, reads_in(graph))


def compile_project(request: Request) -> tuple[Validated, tuple[Compiled, ...]]:
    """load → compose → check → lower → emit. Nothing is compiled where there is a mistake."""
    validated = validate(request)
    if has_errors(validated.diagnostics):
        return validated, ()
    return validated, compile_validated(validated, backends())


def backends() -> tuple[Backend, ...]:
    """mlc's own folders of templates, by which artifacts are emitted."""
    from mlc import emit

    return emit.load_backends((data.path("templates"),))


@without_search_for_cycles()
def compile_validated(validated: Validated, emitting: tuple[Backend, ...]) -> tuple[Compiled, ...]:
    """lower → emit, of a project without mistakes: by these backends, and by its own."""
    from mlc import emit, lower

    emitting = (*emitting, *validated.backends)

    first = composing.known_environments(validated.composed.layers.project)[0]
    graphs = [lower.lower(checked) for checked in validated.checked.values()]
    return tuple(
        Compiled(graph, emit.emit(graph, emitting, graph.environment == first, reads_in(graph)), emitting)
        for graph in graphs
    )


def plan(root: Path, compiled: Compiled, *, programs: bool = False) -> Plan:
    """… → plan: what is described against what was applied. Raises StepFailed for an unreadable state."""
    from mlc import states

    return plan_against(root, compiled, states.read(root, compiled.graph.environment), programs=programs)


@without_search_for_cycles()
def plan_against(root: Path, compiled: Compiled, state: State, *, programs: bool = False) -> Plan:
    """The same, of a state that has been read. `programs` is whether they may be started to look at the world."""
    from mlc import plan as planning
    from mlc import workspace

    world = workspace.observed(root, compiled.graph, state, programs=programs)
    world = structs.replace(world, reads=reads_in(compiled.graph))
    lost: frozenset[str] = frozenset()
    while True:
        planned = planning.plan(compiled.graph, compiled.artifacts, state, planning.without(world, lost))
        damaged = workspace.damaged(root, planned) - lost
        if not damaged:
            return planned
        lost |= damaged  # what makes it runs again, and may itself read something damaged


def reads_in(graph: Graph) -> Callable[[tuple[str | int, ...], Node], tuple[Read, ...]]:
    """A function that gives the values which the interpolation at a path of the graph read."""
    from mlc.compose import explain
    from mlc.ir.node import Node
    from mlc.ir.plan import Read

    @cache
    def everything() -> Node:
        kinds: dict[str, dict[str, Node]] = {}
        for resource in graph.resources:
            kinds.setdefault(resource.address.kind, {})[resource.address.name] = resource.node
        for address, node in graph.left_out.items():
            kinds.setdefault(address.kind, {})[address.name] = node
        groups = {kind: Node(group, graph.around.span) for kind, group in kinds.items()}
        return Node({**graph.around.value, **groups}, graph.around.span)

    def reads(path: tuple[str | int, ...], node: Node) -> tuple[Read, ...]:
        if node.written is None:
            return ()
        return tuple(Read(key, found.span) for key, found in explain.read_by(node, everything(), path))

    return reads


def with_origins(planned: Plan, graph: Graph) -> Plan:
    """A plan that is to be applied, with where the values stand of what it records."""
    from mlc.ir.address import Address
    from mlc.plan.changes import origins_of

    read = reads_in(graph)
    nodes = {resource.address: resource.node for resource in graph.resources}

    def origins(address: Address) -> dict[str, str]:
        place = (address.kind, address.name)
        return origins_of(nodes[address], lambda path, node: read((*place, *path), node))

    steps = tuple(
        step if step.spec is None else structs.replace(step, origins=origins(Address.parse(step.address)))
        for step in planned.steps
    )
    return structs.replace(planned, steps=steps)


def apply(root: Path, planned: Plan, stop: Stop, parallelism: int | None = None) -> Iterator[Event]:
    """plan → apply: the events as they happen. Raises StepFailed where the plan may not be applied.

    `parallelism` is how many steps may run at once; as many as there are cores where none is given.
    """
    from mlc import apply as applying
    from mlc import workspace
    from mlc.apply import budget

    with workspace.hands(root, planned) as effects:
        applying.refuse_stale(planned, effects, workspace.TOOL, workspace.present)
        applying.refuse_destroying(planned, effects)
        yield from applying.apply(planned, effects, stop, budget.of_this_machine(parallelism))


def each_once(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """A shared layer is composed many times over; its mistakes are told once, in the order of the files.

    Of a project in which everything is wrong, some are told, and that there are more. What stands in a module is
    mended where the module is made, so nothing is offered to be edited there.
    """
    findings = Findings(too_large.MOST_IN_ALL)
    for one in found:
        if one.fix is not None and any(is_of_module(edit.span.file) for edit in one.fix.edits):
            one = structs.replace(one, fix=None)
        findings.add([one])
    told = findings.told
    if findings.is_full:
        last = told.pop()
        told.append(too_large.mistakes(last.primary.span if last.primary else None, too_large.MOST_IN_ALL))
    return tuple(sorted(told, key=_place))


def _place(one: Diagnostic) -> tuple[str, int, int]:
    return (
        (one.primary.span.file, one.primary.span.line, one.primary.span.column) if one.primary else ("", 0, 0)
    )
