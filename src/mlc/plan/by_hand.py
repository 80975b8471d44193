"""Changes to a state that somebody makes by hand: what they come to, and what stands in their way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec import structs

from mlc import kinds
from mlc.ir.address import Address
from mlc.ir.operation import StepFailed
from mlc.ir.state import VERSION, Move, Name, State, belonging
from mlc.kinds._fields import NAME_PATTERN
from mlc.plan.moves import with_new_name
from mlc.rules import not_in_state, state_change_refused
from mlc.store.records import Identity


def move(state: State, was: str, now: str, environment: str, undoes: Callable[[str], bool]) -> Move:
    """What gives a resource another name in the state, as `moved` in mlc.yaml would.

    An effect that its driver can take back (`undoes`) has the name in it (a local deployment's folder): it
    stays under the old name, for the next apply to take back. Raises StepFailed (not-in-state,
    state-change-refused).
    """
    before, after = _address(was), _address(now)
    if not belonging(state, was):
        raise StepFailed(not_in_state.found(was, environment, state.resources))
    if before.kind != after.kind:
        raise StepFailed(state_change_refused.other_kind(was, now))
    held = belonging(state, now)
    if held:
        raise StepFailed(state_change_refused.taken(was, now, [name for _, name in held], environment))
    going = [
        name.rpartition("/")[2]
        for kind, name in belonging(state, was)
        if kind == "operation" and not undoes(state.operations[name].driver)
    ]
    return Move(was, now, tuple(going), with_new_name(state, before, after))


def forgotten(state: State, names: Iterable[str], environment: str) -> tuple[Name, ...]:
    """What goes by the names. Raises StepFailed with every name that nothing goes by (not-in-state)."""
    found: list[Name] = []
    unknown = []
    for name in names:
        held = belonging(state, name)
        found += [one for one in held if one not in found]
        if not held:
            known = [*state.resources, *state.operations, *state.artifacts]
            unknown.append(not_in_state.found(name, environment, known))
    if unknown:
        raise StepFailed(*unknown)
    return tuple(found)


def pushed(file: str, content: bytes) -> State:
    """The state that a document holds. Raises StepFailed (state-change-refused)."""
    try:
        state = msgspec.json.decode(content, type=State)
    except msgspec.DecodeError as error:
        raise StepFailed(state_change_refused.not_a_state(file, str(error))) from error
    if state.version > VERSION:
        why = f"it has version {state.version}, and this mlc knows versions up to {VERSION}"
        raise StepFailed(state_change_refused.not_a_state(file, why))
    if not state.lineage:
        raise StepFailed(state_change_refused.not_a_state(file, "it has no lineage, so nothing was applied"))
    return state


def replacement(
    file: str, state: State, current: State, project: str, environment: str, *, force: bool
) -> Identity | None:
    """The name and number under which a state takes the place of another; None where it says the same.

    Raises StepFailed (state-change-refused, with every reason) where it is another's, has another lineage or
    is older, unless it is forced: then the serial grows beyond both.
    """
    if _same(state, current):
        return None
    reasons = []
    theirs = (state.project or project, state.environment or environment)
    if theirs != (project, environment):
        whose, ours = (" · ".join(names) for names in (theirs, (project, environment)))
        reasons.append(state_change_refused.of_somebody_else(file, whose, ours))
    if current.serial and state.lineage != current.lineage:
        reasons.append(state_change_refused.another_lineage(file, environment))
    elif current.serial and state.serial <= current.serial:
        reasons.append(state_change_refused.older(file, state.serial, current.serial, environment))
    if not reasons:
        return Identity(state.lineage, state.serial)
    if not force:
        raise StepFailed(*reasons)
    return Identity(state.lineage, max(state.serial, current.serial) + 1)


def _same(one: State, other: State) -> bool:
    plain: Sequence[State] = [
        structs.replace(state, version=VERSION, project="", environment="") for state in (one, other)
    ]
    return plain[0] == plain[1]


def _address(text: str) -> Address:
    kind, _, name = text.partition(".")
    if kind not in kinds.names() or not re.fullmatch(NAME_PATTERN, name):
        raise StepFailed(state_change_refused.not_an_address(text, kinds.names()))
    return Address(kind, name)
