"""What was applied and is described no longer: undone and forgotten, what builds on something before it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from graphlib import TopologicalSorter

from msgspec import Struct, structs

from mlc.ir.artifact import Artifact
from mlc.ir.graph import Graph
from mlc.ir.operation import Operation
from mlc.ir.plan import FORGOTTEN, Change, PlannedArtifact, Step
from mlc.ir.state import State
from mlc.kinds._walk import references


class Wanted(Struct, frozen=True):
    """What is described: the addresses of resources, the ids of operations, the paths of artifacts."""

    addresses: Container[str]
    operations: Container[str]
    paths: Container[str]


def wanted(graph: Graph, artifacts: tuple[Artifact, ...]) -> Wanted:
    """All that a graph and its artifacts want."""
    operations = [operation for resource in graph.resources for operation in resource.operations]
    paths = {artifact.path for artifact in artifacts}
    for operation in operations:
        paths.update(operation.publishes.values())
    addresses = {str(resource.address) for resource in graph.resources}
    return Wanted(addresses, {operation.id for operation in operations}, paths)


def removals(
    wanted: Wanted,
    state: State,
    renamed: Mapping[str, str],
    undoes: Callable[[str], bool],
    changes: Callable[[str], tuple[Change, ...]],
) -> Iterator[Step]:
    """The steps that take back what nobody wants any more.

    `renamed` gives the present name of a resource that has just been moved: what a rename left behind belongs to
    it. `undoes` says whether a driver can take its effect back, `changes` what in a resource's description leaves
    it out, where there still is one.
    """
    steps: dict[str, list[Step]] = {}
    for step in (*_undone(wanted, state, renamed, undoes), *_removed(wanted, state)):
        steps.setdefault(step.address, []).append(step)
    gone = [address for address in state.resources if address not in wanted.addresses]
    referring = _referring(state, gone)
    for address in [one for one in steps if one not in gone]:
        yield from steps[address]
    for address in _in_order(gone, referring):
        before = tuple(sorted(referring[address]))  # the record of each goes last
        yield from (structs.replace(step, depends_on=before) for step in steps.get(address, ()))
        after = (*before, *(step.id for step in steps.get(address, ())))
        yield Step(id=address, address=address, action="delete", changes=changes(address), depends_on=after)


def _undone(
    wanted: Wanted, state: State, renamed: Mapping[str, str], undoes: Callable[[str], bool]
) -> Iterator[Step]:
    """The operations that nobody wants, the latest first."""
    for operation_id, outcome in sorted(state.operations.items(), reverse=True):
        if operation_id not in wanted.operations:
            address = operation_id.rpartition("/")[0]
            yield Step(
                id=operation_id,
                address=renamed.get(address, address),
                action="undo",
                because="" if undoes(outcome.driver) else FORGOTTEN,
                # the description is gone: what undoing needs to know, doing left in the record
                operation=Operation(
                    id=operation_id,
                    driver=outcome.driver,
                    cost="redeploy",
                    spec=outcome.summary.get("undo", {}),
                ),
            )


def _removed(wanted: Wanted, state: State) -> Iterator[Step]:
    """The files that nobody wants."""
    for path, applied in sorted(state.artifacts.items()):
        if path not in wanted.paths:
            planned = PlannedArtifact(path=path, backend=applied.backend, digest=applied.digest)
            yield Step(id=f"artifact {path}", address=applied.address, action="remove", artifact=planned)


def _referring(state: State, gone: list[str]) -> dict[str, set[str]]:
    """Of each resource that goes, those that go too and refer to it as they were applied."""
    referring: dict[str, set[str]] = {address: set() for address in gone}
    for source in gone:
        for found in references(state.resources[source], source.partition(".")[0]):
            target = f"{found.kind}.{found.name}"
            if target in referring and target != source:
                referring[target].add(source)
    return referring


def _in_order(gone: list[str], referring: Mapping[str, set[str]]) -> Iterator[str]:
    """Those that refer to others first; else the last by name first."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for address in sorted(gone, reverse=True):
        sorter.add(address, *sorted(referring[address], reverse=True))
    return iter(tuple(sorter.static_order()))
