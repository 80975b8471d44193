"""What people ask of a project without changing it: where a value comes from, what is unused, what would change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from mlc import load, pipeline
from mlc.compose import explain as explaining
from mlc.compose import hydra, interpolate
from mlc.compose.project import Layers
from mlc.compose.source import Source
from mlc.ir.address import Address
from mlc.ir.columns_out import ColumnsOut
from mlc.ir.diagnostic import Diagnostic, Label, has_errors
from mlc.ir.document import Document
from mlc.ir.explanation import Explanation
from mlc.ir.node import Node, plain
from mlc.ir.plan import Plan
from mlc.ir.selection import Selection, Standing
from mlc.ir.span import COMMAND_LINE
from mlc.kinds import _walk
from mlc.request import Request
from mlc.rules import missing_layer, nothing_to_explain

if TYPE_CHECKING:
    from mlc.apply.taking_over import Found
    from mlc.ir.module import Declared


class Config(Struct, frozen=True):
    """A Hydra config as bare data."""

    value: Any
    sources: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]


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
    return Config(None if node is None else plain(node), sources, pipeline.each_once(found))


def explain(request: Request, address: str) -> tuple[pipeline.Composed, tuple[Explanation, ...]]:
    """load → compose, then where a value comes from in each environment."""
    composed = pipeline.compose(request)
    if has_errors(composed.diagnostics):
        return composed, ()
    explained, found = [], [*composed.diagnostics]
    for document in composed.documents.values():
        explanation = explain_in(document, address)
        if isinstance(explanation, Diagnostic):
            found.append(_left_out(composed.layers, document, address) or explanation)
        else:
            explained.append(explanation)
    if explained:  # elsewhere it exists, which is no mistake
        left_out = nothing_to_explain.RULE.name
        found = [one for one in found if one.rule != left_out or not one.address]
    return msgspec.structs.replace(composed, diagnostics=pipeline.each_once(found)), tuple(explained)


def columns_out(
    request: Request, address: str, source: Source | None = None
) -> tuple[pipeline.Validated, tuple[ColumnsOut, ...]]:
    """load → compose → check → lower, then what comes out of features on each dataset that a model uses them on."""
    from mlc import lower
    from mlc.ir.metrics import MULTICLASS
    from mlc.kinds import _columns_out, features
    from mlc.kinds._signature import classes_of, label_column

    validated = pipeline.validate(request, source)
    if has_errors(validated.diagnostics):
        return validated, ()
    graphs = [lower.lower(checked) for checked in validated.checked.values()]
    found: list[ColumnsOut] = []
    is_there = False
    for graph in graphs:
        uses: dict[tuple[str, str], list[Any]] = {}
        for resource in graph.resources:
            is_there |= str(resource.address) == address
            if (
                resource.address.kind == "model"
                and resource.view["features"] is not None  # else it sees the answers of other models alone
                and f"features.{resource.view['features']['name']}" == address
            ):
                view = resource.view
                # a class of the label may be a column
                by_class = features.encodes_target(view["features"]) and view["task"] == MULTICLASS
                label = label_column(view) if by_class else ""
                uses.setdefault((view["dataset"]["name"], label), []).append(view)
        for (dataset, label), models in uses.items():
            told = features.seen(models[0]["features"], models[0]["task"])
            told |= {"classes": classes_of(models[0])} if label else {}
            items = _columns_out.columns_out(told, models[0]["dataset"]["columns"])
            names = tuple(model["name"] for model in models)
            found.append(ColumnsOut(graph.environment, dataset, names, _columns_out.width(items), items))
    known = [
        str(one.address) for graph in graphs for one in graph.resources if one.address.kind == "features"
    ]
    if not is_there or address not in known:
        missing = nothing_to_explain.found(address, address, " and ".join(validated.checked), known)
        return msgspec.structs.replace(validated, diagnostics=(*validated.diagnostics, missing)), ()
    return validated, tuple(found)


def _left_out(layers: Layers, document: Document, text: str) -> Diagnostic | None:
    """Why a resource that has a file is not in an environment; None where it is, or there is none."""
    for address, node in layers.resources.items():
        if (text + ".").startswith(f"{address}.") and document.resource(address) is None:
            switches = (node.get("enabled"), node.get("environments"))
            here = next((one.span for one in switches if one is not None), None)
            file = f"{address.kind}/{address.name}.yaml"
            return nothing_to_explain.left_out(str(address), document.environment, file, here)
    return None


def explain_in(document: Document, address: str) -> Explanation | Diagnostic:
    """Where a value of a composed document comes from, or that there is none."""
    return explaining.explain(document, address, _walk.field_at, _walk.change_class)


def unused(request: Request) -> tuple[pipeline.Composed, tuple[Diagnostic, ...]]:
    """load → compose, then what is written and changes nothing in any environment."""
    from mlc.compose.unused import unused as found_unused

    source = Source(load.read, request.root)
    composed = pipeline.compose(msgspec.structs.replace(request, environments=("all",), overrides=()), source)
    if has_errors(composed.diagnostics):
        return composed, ()
    found = found_unused(source, composed.layers, composed.documents, pipeline.LANGUAGE.kinds)
    return composed, pipeline.each_once([*found])


class Modules(Struct, frozen=True):
    """The modules that mlc.yaml declares, what is wrong with how it does, and the bytes of mlc.lock beside it."""

    declared: tuple[Declared, ...]
    lock: bytes | None
    sources: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]


def declared_modules(source: Source) -> Modules:
    """load → compose → check of mlc.yaml alone, which says what modules there are to fetch."""
    from mlc import check
    from mlc.compose.modules import declared_of, entries
    from mlc.ir.module import LOCK, Declared

    composed = hydra.compose_config(source, "mlc")
    project = composed.node
    found = [*composed.diagnostics]
    declared = []
    if project is not None:
        unfit = check.check_schema(project, plain(project), "project", "project")[1]
        found += [one for one in unfit if one.path.partition(".")[0] == "modules"]
        for one in (declared_of(name, node) for name, node in entries(project).items()):
            if isinstance(one, Declared):
                declared.append(one)
            elif one is not None:
                found.append(one)
    return Modules(tuple(declared), source.content(LOCK), source.texts, pipeline.each_once(found))


def plan_change(base: pipeline.Compiled, compiled: pipeline.Compiled, changed: Collection[str] = ()) -> Plan:
    """What applying would do where another project had been applied: nothing is run and no state is read.

    `changed` names the files of data whose content is another than then.
    """
    from mlc import drivers
    from mlc import plan as planning
    from mlc.plan.assumed import assumed

    state, world = assumed(
        base.graph, base.artifacts, compiled.graph, lambda name: drivers.driver(name).undoes
    )
    files = {path: f"another {digest}" if path in changed else digest for path, digest in world.files.items()}
    world = msgspec.structs.replace(world, files=files, reads=pipeline.reads_in(compiled.graph))
    return planning.plan(compiled.graph, compiled.artifacts, state, world)


def plans(
    root: Path,
    compiled: tuple[pipeline.Compiled, ...],
    selection: Selection | None = None,
    *,
    programs: bool = False,
) -> tuple[tuple[Plan, ...], tuple[Diagnostic, ...]]:
    """… → plan → select: a plan per environment, of what is selected, and what is wrong with the selection.

    `programs` is whether they may be started to look at the world, as `apply` does.

    Raises StepFailed for an unreadable state.
    """
    if selection is None:
        return tuple(pipeline.plan(root, one, programs=programs) for one in compiled), ()
    from mlc import select as selecting
    from mlc import states
    from mlc.plan.narrowed import narrowed, standings

    planned, asked = [], []
    for one in compiled:
        state = states.read(root, one.graph.environment)
        whole = pipeline.plan_against(root, one, state, programs=programs)
        among = selecting.candidates(one.graph, pipeline.LANGUAGE.kinds, state, standings(whole))
        chosen = selecting.choose(selection, among)
        asked.append((one.graph.environment, among, chosen))
        planned.append(narrowed(whole, one.graph, state, selection, chosen))
    return tuple(planned), selecting.not_there(asked)


def destruction(root: Path, environment: str) -> tuple[Plan, tuple[Diagnostic, ...]]:
    """The plan that removes all that was applied, and what forbids it. Reads of the specs only mlc.yaml.

    Raises StepFailed for an unreadable state.
    """
    from mlc import states, workspace
    from mlc.ir.graph import Graph
    from mlc.ir.plan import threats
    from mlc.plan.destruction import destruction as destroying
    from mlc.rules import prevent_destroy

    state = states.read(root, environment)
    world = workspace.observed(root, Graph(environment, {}, (), ()), state)
    planned = destroying(states.settings(root).project, environment, state, world)
    return planned, tuple(prevent_destroy.found(one, environment, None) for one in threats(planned, state))


def forbidden(
    root: Path, compiled: tuple[pipeline.Compiled, ...], planned: tuple[Plan, ...]
) -> tuple[Diagnostic, ...]:
    """What of the plans would destroy a protected resource, at the line that protects it."""
    from mlc import states
    from mlc.ir.address import Address
    from mlc.ir.plan import threats
    from mlc.rules import prevent_destroy

    found = []
    for one, plan in zip(compiled, planned, strict=True):
        leaving_out = {
            step.address: step.changes[0].cause
            for step in plan.steps
            if step.action == "delete" and step.changes
        }
        for threat in threats(plan, states.read(root, plan.environment)):
            out = leaving_out.get(threat.address)
            if out is not None:
                found.append(prevent_destroy.left_out(threat, plan.environment, out))
                continue
            resource = one.graph.resource(Address.parse(threat.address))
            line = None if resource is None else resource.node.at(("lifecycle", "prevent_destroy"))
            found.append(prevent_destroy.found(threat, plan.environment, None if line is None else line.span))
    return tuple(found)


def unfit(
    root: Path, compiled: tuple[pipeline.Compiled, ...], planned: tuple[Plan, ...]
) -> tuple[Diagnostic, ...]:
    """What plans cannot use of the registry, at the lines that ask for it."""
    from mlc import workspace

    found: list[Diagnostic] = []
    for one, plan in zip(compiled, planned, strict=True):
        found += located(workspace.unfit(root, one.graph, plan), one)
    return tuple(dict.fromkeys(found))


def take_over(
    root: Path,
    compiled: pipeline.Compiled,
    addresses: Sequence[str],
    wanted: str | None,
    *,
    overwrite: bool,
) -> tuple[list[Found], tuple[Diagnostic, ...]]:
    """Record what exists already of some resources; nothing where one of them is refused.

    `wanted` names the version of a model (`churn:3`); the latest of its name where none is given. Raises
    StepFailed for a version that is not there, and where the state cannot be written.
    """
    from mlc import drivers, states, workspace
    from mlc.apply import taking_over
    from mlc.drivers import registry
    from mlc.ir.address import Address
    from mlc.rules import import_refused
    from mlc.store.content import Content
    from mlc.store.files import write_atomically

    graph, found = compiled.graph, []
    refused: list[Diagnostic] = []
    spec = graph.project["registry"]
    known = [str(resource.address) for resource in graph.resources]
    if wanted and [address.partition(".")[0] for address in addresses] != ["model"]:
        return [], (import_refused.several(),)
    with states.held(root, graph.environment) as held:
        state = held.store.read()
        for address in addresses:
            resource = graph.resource(Address.parse(address)) if address in known else None
            if resource is None:
                refused.append(import_refused.unknown(address, graph.environment, known))
                continue
            artifacts = [one for one in compiled.artifacts if str(one.address) == address]
            files = taking_over.files(
                artifacts, state, workspace.observed(root, graph, state).written, overwrite=overwrite
            )
            steps: list[Found] = []
            if resource.address.kind == "model":
                entry = registry.show(root, spec, wanted or resource.address.name).entry
                steps = taking_over.version(resource, entry, state, drivers.tools)
            elif not artifacts:
                refused.append(import_refused.nothing(address))
            for one, is_file in (*((one, True) for one in files), *((one, False) for one in steps)):
                if one.reasons:
                    refused.append(import_refused.found(address, one.what, one.reasons, is_file=is_file))
            found += [*steps, *files]
        if refused:
            return [], tuple(refused)
        results = states.settings(root).results
        content, kept = Content(results / "content"), registry.open_registry(root, spec).files
        taking_over.record(
            found,
            held.store,
            lambda digest: content.put(kept.path(digest)),
            write_atomically,
            results / "steps",
        )
    return found, ()


def selected(
    root: Path, compiled: tuple[pipeline.Compiled, ...], selection: Selection
) -> tuple[tuple[pipeline.Compiled, ...], tuple[Diagnostic, ...]]:
    """… → select: the graphs and artifacts of what is selected. The state is read where the selection asks for it."""
    from mlc import select as selecting
    from mlc import states
    from mlc.plan.narrowed import standings

    narrower, asked = [], []
    for one in compiled:
        found: dict[Address, Standing] = {}
        if selection.reads_state:
            state = states.read(root, one.graph.environment)
            found = standings(pipeline.plan_against(root, one, state))
        among = selecting.candidates(one.graph, pipeline.LANGUAGE.kinds, standings=found)
        chosen = selecting.choose(selection, among)
        asked.append((one.graph.environment, among, chosen))
        narrower.append(_within(one, chosen.selected))
    return tuple(narrower), selecting.not_there(asked)


def _within(compiled: pipeline.Compiled, kept: frozenset[Address]) -> pipeline.Compiled:
    """The part of a compiled environment that concerns some resources."""
    graph = compiled.graph
    resources = tuple(one for one in graph.resources if one.address in kept)
    edges = tuple(edge for edge in graph.edges if edge.source in kept and edge.target in kept)
    artifacts = tuple(one for one in compiled.artifacts if one.address in kept)
    narrower = msgspec.structs.replace(graph, resources=resources, edges=edges)
    return msgspec.structs.replace(compiled, graph=narrower, artifacts=artifacts)


def located(found: tuple[Diagnostic, ...], compiled: pipeline.Compiled) -> tuple[Diagnostic, ...]:
    """Findings of a run, which knows no configuration, with the lines of the configuration they concern."""
    nodes = {str(resource.address): resource.node for resource in compiled.graph.resources}
    models = {str(one.address): one.view for one in compiled.graph.resources if one.address.kind == "model"}
    placed = []
    for one in found:
        address, path = _concerned(one, nodes, models.get(one.address, {}))
        if address not in nodes or one.labels:
            placed.append(one)
            continue
        span = nodes[address].nearest(path).span
        placed.append(msgspec.structs.replace(one, labels=(Label(span, primary=True),)))
    return tuple(placed)


def _concerned(
    one: Diagnostic, nodes: Mapping[str, Node], model: Mapping[str, Any]
) -> tuple[str, tuple[str, ...]]:
    """The resource and the field that a finding concerns: its path may lead to another resource than its own. `model`
    is the one that the finding is about, where it is: of a path through its features these are meant."""
    parts = tuple(one.path.split(".")) if one.path else ()
    if len(parts) > 1 and parts[0] in ("features", "dataset") and parts[0] in model:
        return f"{parts[0]}.{model[parts[0]]['name']}", parts[1:]
    other = ".".join(parts[:2])
    return (other, parts[2:]) if other in nodes else (one.address, parts)
