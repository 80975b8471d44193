"""Renamed resources: what the state holds under an old name counts as held under the new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.graph import Graph
from mlc.ir.moves import former
from mlc.ir.operation import Operation, digest_of
from mlc.ir.plan import Step
from mlc.ir.state import Move, State, renamed
from mlc.kinds._walk import references


def moving(graph: Graph, state: State, undoes: Callable[[str], bool]) -> Iterator[Step]:
    """A step for each rename that this environment's state has still to follow.

    `undoes` says whether a driver can take its effect back. Where it can, and the effect has the name in it
    (a local deployment's folder), the effect is not moved: the new one is made and the old one taken back.
    """
    moved: dict[str, str] = graph.project["moved"]
    described = {str(resource.address): resource for resource in graph.resources}
    for now, resource in described.items():
        if now in state.resources:
            continue
        was = next((name for name in former(moved, now) if name in state.resources), None)
        if was is None or was in described:
            continue
        operations = {operation.name: operation for operation in resource.operations}
        move = Move(
            was=was,
            now=now,
            operations=tuple(_going_along(was, operations, state, undoes)),
            specs=with_new_name(state, Address.parse(was), Address.parse(now)),
        )
        state = renamed(state, move)
        yield Step(id=f"move {now}", address=now, action="move", move=move)


def _going_along(
    was: str, operations: dict[str, Operation], state: State, undoes: Callable[[str], bool]
) -> Iterator[str]:
    for operation_id, outcome in state.operations.items():
        address, _, name = operation_id.rpartition("/")
        if address != was:
            continue
        wanted = operations.get(name)
        same = (
            wanted is not None
            and wanted.driver == outcome.driver
            and digest_of(wanted.spec) == outcome.made_from.get("spec")
        )
        if same or not undoes(outcome.driver):
            yield name


def with_new_name(state: State, was: Address, now: Address) -> dict[str, dict[str, Any]]:
    """The recorded specs that refer to a resource, referring to it by its new name."""
    changed = {}
    for address, spec in state.resources.items():
        kind = address.partition(".")[0]
        paths = {
            reference.path
            for reference in references(spec, kind)
            if (reference.kind, reference.name) == (was.kind, was.name)
        }
        if paths:
            changed[address] = _replaced(spec, paths, now.name, ())
    return changed


def _replaced(value: Any, paths: set[tuple[str | int, ...]], name: str, path: tuple[str | int, ...]) -> Any:
    if path in paths:
        return name
    if isinstance(value, dict):
        return {key: _replaced(child, paths, name, (*path, key)) for key, child in value.items()}
    if isinstance(value, list):
        return [_replaced(child, paths, name, (*path, index)) for index, child in enumerate(value)]
    return value
