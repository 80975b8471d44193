"""Graph, artifacts and state → plan. Pure: what it needs to know of the world comes as arguments."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial

from msgspec import Struct, structs

from mlc.ir.address import Address
from mlc.ir.artifact import Artifact
from mlc.ir.drift import may_stay
from mlc.ir.graph import Graph, Resource
from mlc.ir.node import Node, plain
from mlc.ir.operation import Operation
from mlc.ir.plan import (
    CLASSES,
    VERSION,
    Change,
    Plan,
    PlannedArtifact,
    Read,
    Step,
    dearest,
    drivers_used,
    files_read,
    outputs_read,
)
from mlc.ir.state import State, renamed
from mlc.kinds._walk import references
from mlc.plan.changes import NO_ORIGINS, Path, Reads, change_at, changes_between, lines_between
from mlc.plan.moves import moving
from mlc.plan.removals import removals, wanted
from mlc.plan.running import Progress, Why, runs


def no_reads(path: Path, node: Node) -> tuple[Read, ...]:  # noqa: ARG001 - where nobody asks for them
    return ()


class World(Struct, frozen=True):
    """What planning needs to know beyond the graph and the state.

    `tools` gives a driver's tools, `undoes` whether it can take its effect back; `files` the digest of
    each data file ("" where there is none); `written` the content that stands at an artifact's path now, or
    None; `has` whether the store still has some content. `reads` gives the values that the interpolation at a
    path (`("model", "churn", …)`) read. `drifted` says in words what stands in the place of an operation's effect,
    where somebody changed that from outside. `pinned` gives an operation with what it refers to in the world, looked
    up.
    """

    tool: str
    tools: Callable[[str], dict[str, str]]
    undoes: Callable[[str], bool]
    files: Mapping[str, str]
    written: Callable[[str], bytes | None]
    has: Callable[[str], bool]
    reads: Reads = no_reads
    drifted: Callable[[str], str] = lambda _: ""
    pinned: Callable[[Operation], Operation] = lambda operation: operation


def without(world: World, lost: frozenset[str]) -> World:
    """The same world, but for some content that the store has lost."""
    return structs.replace(world, has=lambda digest: digest not in lost and world.has(digest))


def plan(graph: Graph, artifacts: tuple[Artifact, ...], state: State, world: World) -> Plan:
    """What has to be done so that the graph and the artifacts are so."""
    steps = [*moving(graph, state, world.undoes)]
    moved = {step.move.now: step for step in steps if step.move is not None}
    for step in moved.values():
        assert step.move is not None, step.id
        state = renamed(state, step.move)
    described = steps_of(graph, artifacts, state, world, moved)
    unchanged = sum(not planned and address not in moved for address, planned in described.steps.items())
    steps += [step for planned in described.steps.values() for step in planned]
    renames = {step.move.was: step.move.now for step in moved.values() if step.move is not None}
    leaving_out = partial(_leaving_out, graph, state, world)
    steps += removals(wanted(graph, artifacts), state, renames, world.undoes, leaving_out)

    return Plan(
        version=VERSION,
        tool=world.tool,
        project=graph.project["project"],
        environment=graph.environment,
        lineage=state.lineage,
        serial=state.serial,
        steps=tuple(steps),
        files={path: world.files[path] for path in files_read(steps)},
        tools={name: world.tools(name) for name in drivers_used(steps)},
        known=outputs_read(steps, described.known),
        unchanged=unchanged,
        edges=_edges(graph, state, steps),
    )


class Steps(Struct, frozen=True):
    """What has to be done for each resource of a graph, in its order; and the outputs that are known already."""

    steps: dict[str, list[Step]]
    known: dict[str, dict[str, str]]


def steps_of(
    graph: Graph,
    artifacts: tuple[Artifact, ...],
    state: State,
    world: World,
    moved: Mapping[str, Step] = {},
    read_elsewhere: Mapping[str, tuple[str, ...]] = {},
) -> Steps:
    """The steps of what is described. `moved` holds those that give resources their new names.

    A graph may be a part of a project that holds all that it refers to: `read_elsewhere` gives the outputs of its
    operations that the rest of the project reads.
    """
    progress = Progress(running={}, known={}, outputs=cache(partial(_outputs, graph, read_elsewhere)))
    blame = _Blame(graph)
    by_address: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        by_address.setdefault(str(artifact.address), []).append(artifact)
    found: dict[str, list[Step]] = {}
    for resource in graph.resources:
        address = str(resource.address)
        changes = _changes(resource, state, world)
        move = moved.get(address)
        blamed = blame.of(resource.address, changes, move is not None)
        planned = [*runs(resource, state, world, progress, blamed, moved=move is not None)]
        ran = tuple(step.id for step in planned)
        planned += _writes(by_address.get(address, []), ran, state, world, blamed)
        planned += _record(resource, changes, tuple(step.id for step in planned))
        found[address] = planned if move is None else [_after(move, step) for step in planned]
    return Steps(found, progress.known)


def _edges(graph: Graph, state: State, steps: list[Step]) -> tuple[tuple[str, str], ...]:
    """Which of the resources that have steps refers to which; those that are removed as they did."""
    there = {step.address for step in steps}
    pairs = [(str(edge.source), str(edge.target)) for edge in graph.edges]
    for step in steps:
        if step.action == "delete" and step.address in state.resources:
            kind = step.address.partition(".")[0]
            found = references(state.resources[step.address], kind)
            pairs += [(step.address, f"{one.kind}.{one.name}") for one in found]
    return tuple(dict.fromkeys(pair for pair in pairs if there.issuperset(pair)))


def _outputs(graph: Graph, elsewhere: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Of each operation the outputs that somebody reads: another operation, or people."""
    found: dict[str, dict[str, None]] = {}
    for resource in graph.resources:
        for operation in resource.operations:
            found.setdefault(operation.id, {}).update(dict.fromkeys(operation.publishes))
            for source in operation.inputs.values():
                earlier, _, output = source.partition("#")
                found.setdefault(earlier, {})[output] = None
    for name, outputs in elsewhere.items():
        found.setdefault(name, {}).update(dict.fromkeys(outputs))
    return {name: tuple(outputs) for name, outputs in found.items()}


def _after(first: Step, step: Step) -> Step:
    return structs.replace(step, depends_on=(first.id, *step.depends_on))


def _changes(resource: Resource, state: State, world: World) -> tuple[Change, ...] | None:
    """The fields that change, or None for a resource that is new."""
    before = state.resources.get(str(resource.address))
    if before is None:
        return None
    origins = state.origins.get(str(resource.address), NO_ORIGINS)
    kind = resource.address.kind
    return changes_between(
        before, resource.spec, kind, resource.node, _reads(resource.address, world), origins
    )


def _reads(address: Address, world: World) -> Reads:
    """What interpolations of a resource read, by their paths in it."""

    def reads(path: Path, node: Node) -> tuple[Read, ...]:
        return world.reads((address.kind, address.name, *path), node)

    return reads


def _leaving_out(graph: Graph, state: State, world: World, address: str) -> tuple[Change, ...]:
    """The field by which a resource that was applied is not in this environment; none where it is not described."""
    named = Address.parse(address)
    node = graph.left_out.get(named)
    if node is None:
        return ()
    enabled = node.get("enabled")
    field = "enabled" if enabled is not None and enabled.value is False else "environments"
    found = node.get(field)
    assert found is not None, address
    before = state.resources[address].get(field)
    return (change_at(before, plain(found), "none", node, (field,), _reads(named, world)),)


class _Blame:
    """Which resource's change is behind that of another, which itself was not touched."""

    def __init__(self, graph: Graph) -> None:
        self._targets: dict[Address, list[Address]] = {}
        for edge in graph.edges:
            self._targets.setdefault(edge.source, []).append(edge.target)
        self._culprits: dict[Address, tuple[int, Address]] = {}

    def of(self, address: Address, changes: tuple[Change, ...] | None, moved: bool) -> Why:
        """What to say of a difference that nothing else explains. Dependencies have to be asked about first.

        Of several culprits the one whose change costs most is named.
        """
        if changes != () or moved:
            cost = dearest(tuple(change.change_class for change in changes or ()))
            self._culprits[address] = (CLASSES.index(cost), address)
            return Why("")
        found = [
            self._culprits[target] for target in self._targets.get(address, ()) if target in self._culprits
        ]
        if not found:
            return Why("because what it was made from is different now")
        self._culprits[address] = max(found, key=lambda culprit: culprit[0])
        culprit = str(self._culprits[address][1])
        return Why(f"because {culprit} changes", culprit)


def _writes(
    artifacts: list[Artifact], runs: tuple[str, ...], state: State, world: World, blamed: Why
) -> Iterator[Step]:
    """The artifacts to write: new ones, changed ones, and those that somebody edited or removed."""
    for artifact in artifacts:
        recorded = state.artifacts.get(artifact.path)
        now = world.written(artifact.path)
        if now == artifact.content and recorded is not None and recorded.digest == artifact.digest:
            continue
        if may_stay(recorded, artifact.digest, now):
            continue
        foreign = _digest(now) if recorded is None and now is not None and now != artifact.content else ""
        why = blamed if recorded is not None else Why("")
        if now == artifact.content:
            why = Why("only recorded, as it is there already")
        elif recorded is not None and recorded.digest == artifact.digest:
            why = Why("the file is gone" if now is None else "the file was edited by hand")
        elif foreign:
            why = Why("replaces a file that mlc did not write")
        added, removed, diff = lines_between(now or b"", artifact.content, artifact.path)
        yield Step(
            id=f"artifact {artifact.path}",
            address=str(artifact.address),
            action="write",
            change_class="render",
            because=why.words,
            due_to=why.due_to,
            depends_on=runs,
            artifact=PlannedArtifact(
                path=artifact.path,
                backend=artifact.backend,
                digest=artifact.digest,
                content=artifact.content,
                added=added,
                removed=removed,
                diff=diff,
                size=None if now is None else len(now),
                foreign=foreign,
            ),
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _record(resource: Resource, changes: tuple[Change, ...] | None, after: tuple[str, ...]) -> Iterator[Step]:
    """The resource itself, recorded once everything that it leads to is done."""
    if changes == ():
        return
    yield Step(
        id=str(resource.address),
        address=str(resource.address),
        action="create" if changes is None else "update",
        change_class=dearest(tuple(change.change_class for change in changes or ())),
        changes=changes or (),
        depends_on=after,
        spec=resource.spec,
    )
