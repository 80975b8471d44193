"""Graph, artifacts and state → plan. Pure: what it needs to know of the world comes as arguments."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, structs

from mlc.ir.address import Address
from mlc.ir.artifact import Artifact
from mlc.ir.graph import Graph, Resource
from mlc.ir.operation import Operation, digest_of, made_from
from mlc.ir.plan import VERSION, Change, Plan, PlannedArtifact, Step, dearest
from mlc.ir.state import State, renamed
from mlc.plan.changes import changes_between, lines_between
from mlc.plan.moves import moving


class World(Struct, frozen=True):
    """What planning needs to know beyond the graph and the state.

    `tools` gives a driver's tools, `undoes` whether it can take its effect back; `files` the digest of
    each data file ("" where there is none); `written` the content that stands at an artifact's path now, or
    None; `has` whether the store still has some content.
    """

    tool: str
    tools: Callable[[str], dict[str, str]]
    undoes: Callable[[str], bool]
    files: Mapping[str, str]
    written: Callable[[str], bytes | None]
    has: Callable[[str], bool]


def without(world: World, lost: frozenset[str]) -> World:
    """The same world, but for some content that the store has lost."""
    return structs.replace(world, has=lambda digest: digest not in lost and world.has(digest))


def plan(graph: Graph, artifacts: tuple[Artifact, ...], state: State, world: World) -> Plan:
    """What has to be done so that the graph and the artifacts are so."""
    known: dict[str, dict[str, str]] = {}
    running: dict[str, Step] = {}
    steps = [*moving(graph, state, world.undoes)]
    moved = {step.move.now: step for step in steps if step.move is not None}
    for step in moved.values():
        assert step.move is not None, step.id
        state = renamed(state, step.move)
    unchanged = 0
    blame = _Blame(graph)
    by_address: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        by_address.setdefault(str(artifact.address), []).append(artifact)
    for resource in graph.resources:
        changes = _changes(resource, state)
        move = moved.get(str(resource.address))
        blamed = blame.of(resource.address, changes != () or move is not None)
        planned = [*_runs(resource, state, world, known, running, blamed, move is not None)]
        runs = tuple(step.id for step in planned)
        planned += _writes(by_address.get(str(resource.address), []), runs, state, world)
        planned += _record(resource, changes, tuple(step.id for step in planned))
        unchanged += not planned and move is None
        steps += planned if move is None else [_after(move, step) for step in planned]
    steps += _removals(graph, artifacts, state, moved)

    read = {need for step in steps if step.operation for need in step.operation.needs}
    used = {step.operation.driver for step in steps if step.operation}
    files = {path for step in steps if step.operation for path in step.operation.files.values()}
    return Plan(
        version=VERSION,
        tool=world.tool,
        project=graph.project["project"],
        environment=graph.environment,
        lineage=state.lineage,
        serial=state.serial,
        steps=tuple(steps),
        files={path: world.files[path] for path in sorted(files)},
        tools={name: world.tools(name) for name in sorted(used)},
        known={name: outputs for name, outputs in known.items() if name in read},
        unchanged=unchanged,
    )


def _after(first: Step, step: Step) -> Step:
    return structs.replace(step, depends_on=(first.id, *step.depends_on))


def _changes(resource: Resource, state: State) -> tuple[Change, ...] | None:
    """The fields that change, or None for a resource that is new."""
    before = state.resources.get(str(resource.address))
    if before is None:
        return None
    return changes_between(before, resource.spec, resource.address.kind, resource.node)


def _runs(
    resource: Resource,
    state: State,
    world: World,
    known: dict[str, dict[str, str]],
    running: dict[str, Step],
    blamed: str,
    moved: bool,
) -> Iterator[Step]:
    """The operations to run, which enter `running`; those that stay as they are enter `known`.

    What only has to be published under a new name runs too, and comes out the same: nothing waits for it.
    """
    for operation in resource.operations:
        waits_for = [running[need] for need in operation.needs if need in running]
        if not waits_for:
            because = _difference(operation, state, world, known)
            unpublished = None if because is not None else _unpublished(operation, state, world)
            if because is None and (unpublished is None or moved):
                known[operation.id] = state.operations[operation.id].outputs
                if unpublished is not None:
                    yield _published_anew(operation)
                continue
            because = because if because is not None else unpublished
        else:
            first = next((step for step in waits_for if step.address != str(resource.address)), None)
            because = f"because {first.address} changes" if first else f"after {waits_for[0].operation.name}"  # type: ignore[union-attr]
        step = Step(
            id=operation.id,
            address=str(resource.address),
            action="run",
            change_class=operation.cost,
            because=because or blamed,
            depends_on=tuple(step.id for step in waits_for),
            operation=operation,
        )
        running[step.id] = step
        yield step


def _published_anew(operation: Operation) -> Step:
    return Step(
        id=operation.id,
        address=operation.address,
        action="run",
        change_class="render",
        because="its files have a new name",
        operation=operation,
    )


class _Blame:
    """Which resource's change is behind that of another, which itself was not touched."""

    def __init__(self, graph: Graph) -> None:
        self._targets: dict[Address, list[Address]] = {}
        for edge in graph.edges:
            self._targets.setdefault(edge.source, []).append(edge.target)
        self._culprits: dict[Address, Address] = {}

    def of(self, address: Address, touched: bool) -> str:
        """In words, or nothing. Dependencies have to be asked about first."""
        if touched:
            self._culprits[address] = address
            return ""
        for target in self._targets.get(address, ()):
            if target in self._culprits:
                self._culprits[address] = self._culprits[target]
                return f"because {self._culprits[target]} changes"
        return ""


def _difference(
    operation: Operation, state: State, world: World, known: dict[str, dict[str, str]]
) -> str | None:
    """Why an operation with known inputs has to run, in words; None when it has not."""
    recorded = state.operations.get(operation.id)
    if recorded is None:
        return "not done yet"
    digests = {name: world.files[path] for name, path in operation.files.items()}
    for name, source in operation.inputs.items():
        earlier, _, output = source.partition("#")
        digests[name] = known[earlier].get(output, "")
    parts = made_from(operation, world.tools(operation.driver), digests)
    if digest_of(parts) != recorded.key:
        differing = [
            name
            for name in {**recorded.made_from, **parts}
            if recorded.made_from.get(name) != parts.get(name)
        ]
        return _in_words(differing[0], recorded.made_from, parts) if differing else "its record is damaged"
    if not all(world.has(digest) for digest in recorded.outputs.values()):
        return "its result is no longer in the store"
    return None


def _unpublished(operation: Operation, state: State, world: World) -> str | None:
    """Why an operation whose outcome stands has to publish it again; None when it has not."""
    recorded = state.operations[operation.id]
    for output, path in operation.publishes.items():
        now = world.written(path)
        if now is None or hashlib.sha256(now).hexdigest() != recorded.outputs[output]:
            return f"{path} is gone" if now is None else f"{path} was edited by hand"
    return None


def _in_words(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    kind, _, what = name.partition(" ")
    if kind == "file":
        return f"because {what} changed"
    if kind == "tool":
        return f"because {what} is {after.get(name, 'gone')}, was {before.get(name, 'absent')}"
    if kind == "input":
        return f"because its {what} changed"
    return ""


def _writes(artifacts: list[Artifact], runs: tuple[str, ...], state: State, world: World) -> Iterator[Step]:
    """The artifacts to write: new ones, changed ones, and those that somebody edited or removed."""
    for artifact in artifacts:
        recorded = state.artifacts.get(artifact.path)
        now = world.written(artifact.path)
        if now == artifact.content and recorded is not None and recorded.digest == artifact.digest:
            continue
        because = ""
        if recorded is not None and recorded.digest == artifact.digest:
            because = "the file is gone" if now is None else "the file was edited by hand"
        added, removed = lines_between(now or b"", artifact.content)
        yield Step(
            id=f"artifact {artifact.path}",
            address=str(artifact.address),
            action="write",
            change_class="render",
            because=because,
            depends_on=runs,
            artifact=PlannedArtifact(
                path=artifact.path,
                backend=artifact.backend,
                digest=artifact.digest,
                content=artifact.content,
                added=added,
                removed=removed,
            ),
        )


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


def _removals(
    graph: Graph, artifacts: tuple[Artifact, ...], state: State, moved: Mapping[str, Step]
) -> Iterator[Step]:
    """What was applied and is described no longer. What a rename left behind belongs to the new name."""
    now = {step.move.was: step.move.now for step in moved.values() if step.move is not None}
    wanted_operations = {operation.id for resource in graph.resources for operation in resource.operations}
    wanted_artifacts = {artifact.path for artifact in artifacts}
    for resource in graph.resources:
        wanted_artifacts.update(path for found in resource.operations for path in found.publishes.values())
    wanted = {str(resource.address) for resource in graph.resources}
    undone: dict[str, list[str]] = {}
    for operation_id, outcome in sorted(state.operations.items(), reverse=True):
        if operation_id not in wanted_operations:
            address = operation_id.rpartition("/")[0]
            undone.setdefault(address, []).append(operation_id)
            gone = Operation(id=operation_id, driver=outcome.driver, cost="redeploy", spec={})
            yield Step(id=operation_id, address=now.get(address, address), action="undo", operation=gone)
    for path, applied in sorted(state.artifacts.items()):
        if path not in wanted_artifacts:
            step_id = f"artifact {path}"
            undone.setdefault(applied.address, []).append(step_id)
            planned = PlannedArtifact(path=path, backend=applied.backend, digest=applied.digest)
            yield Step(id=step_id, address=applied.address, action="remove", artifact=planned)
    for address in sorted(set(state.resources) - wanted, reverse=True):
        yield Step(id=address, address=address, action="delete", depends_on=tuple(undone.get(address, ())))
