"""A part of a plan that can be done by itself: what was selected, and what that builds on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from mlc.ir.address import Address
from mlc.ir.graph import Graph
from mlc.ir.plan import LeftOut, Narrowing, Plan, Step, drivers_used, files_read, outcome, outputs_read
from mlc.ir.selection import Chosen, Selection, Standing
from mlc.ir.state import State
from mlc.kinds._walk import references


def standings(plan: Plan) -> dict[Address, Standing]:
    """How each resource of a plan stands to what was applied; one that is not in it is unmodified.

    One whose steps all follow from the change of another resource is unmodified itself.
    """
    found: dict[Address, Standing] = {}
    for step in plan.steps:
        address = Address.parse(step.address)
        if step.action == "create":
            found[address] = "new"
        elif step.action == "delete":
            found[address] = "removed"
        elif not step.due_to and found.get(address) != "new":
            found[address] = "modified"
    return found


def narrowed(plan: Plan, graph: Graph, state: State, selection: Selection, chosen: Chosen) -> Plan:
    """The steps of what was chosen, and of what has to be done before it. Never anything on stale inputs.

    What a chosen resource builds on and that changes too is done with it (as Terraform does for a target),
    unless it was excluded: then what waits for it is left out as well.
    """
    wanted = {str(address) for address in chosen.selected}
    excluded = {str(address) for address in chosen.excluded}
    steps: dict[str, list[Step]] = {}
    for step in plan.steps:
        steps.setdefault(step.address, []).append(step)
    before = _Before(graph, state, plan, steps.keys())
    kept: set[str] = set()
    blocked: dict[str, str] = {}
    for address in steps:
        if address not in wanted:
            continue
        needed = before.all_of(address)
        missing = next((need for need in needed if need in excluded), None)
        if missing is None:
            kept.update((address, *needed))
        else:
            blocked[address] = missing

    left_out = [
        LeftOut(address, outcome(steps[address]), _reason(address, excluded, blocked))
        for address in steps
        if address not in kept
    ]
    remaining = tuple(step for step in plan.steps if step.address in kept)
    there = {str(resource.address) for resource in graph.resources}
    return structs.replace(
        _of(plan, remaining),
        unchanged=len((wanted & there) - steps.keys()),
        edges=tuple(pair for pair in plan.edges if kept.issuperset(pair)),
        narrowing=Narrowing(
            select=selection.select_texts,
            exclude=selection.exclude_texts,
            selected=len(wanted),
            included=tuple(address for address in steps if address in kept - wanted),
            left_out=tuple(left_out),
        ),
    )


def only(plan: Plan, steps: tuple[str, ...]) -> Plan:
    """Some steps of a plan, by the names of their operations, and those that have to be done before them.

    A resource is recorded only by a plan that has all of its steps: what is left is planned as if this one had been
    stopped, and comes to the same.
    """
    by_id = {step.id: step for step in plan.steps}
    kept: set[str] = set()
    due = [name for name in steps if name in by_id]
    while due:
        name = due.pop()
        if name not in kept:
            kept.add(name)
            due += by_id[name].depends_on
    remaining = tuple(step for step in plan.steps if step.id in kept)
    addresses = {step.address for step in remaining}
    return structs.replace(
        _of(plan, remaining),
        unchanged=len({name.rpartition("/")[0] for name in steps} - addresses),
        edges=tuple(pair for pair in plan.edges if addresses.issuperset(pair)),
        narrowing=Narrowing(select=tuple(f"step:{name}" for name in steps), exclude=(), selected=len(steps)),
    )


def _of(plan: Plan, remaining: tuple[Step, ...]) -> Plan:
    """The plan with fewer steps, and what only the others needed left out."""
    files = set(files_read(remaining))
    used = set(drivers_used(remaining))
    return structs.replace(
        plan,
        steps=remaining,
        files={path: digest for path, digest in plan.files.items() if path in files},
        tools={name: tools for name, tools in plan.tools.items() if name in used},
        known=outputs_read(remaining, plan.known),
    )


def _reason(address: str, excluded: set[str], blocked: Mapping[str, str]) -> str:
    if address in blocked:
        return f"waits for {blocked[address]}, which is excluded"
    return "excluded" if address in excluded else "not selected"


class _Before:
    """What has to be done before a resource: of what changes, all that it builds on.

    Before one is removed, whatever still refers to it in the state lets go of it.
    """

    def __init__(self, graph: Graph, state: State, plan: Plan, changing: Iterable[str]) -> None:
        self._changing = tuple(changing)
        self._first: dict[str, set[str]] = {}
        for edge in graph.edges:
            self._first.setdefault(str(edge.source), set()).add(str(edge.target))
        names = {step.move.was: step.move.now for step in plan.steps if step.move is not None}
        there = {str(resource.address) for resource in graph.resources} | set(names)
        for source, spec in state.resources.items():
            for found in references(spec, source.partition(".")[0]):
                target = f"{found.kind}.{found.name}"
                if target not in there:
                    self._first.setdefault(target, set()).add(names.get(source, source))

    def all_of(self, address: str) -> list[str]:
        """In the order of the plan."""
        reached: set[str] = set()
        edge = {address}
        while edge:
            edge = {other for one in edge for other in self._first.get(one, ())} - reached
            reached |= edge
        return [one for one in self._changing if one in reached and one != address]
