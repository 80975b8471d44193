"""What was applied: the compiler's memory of an environment."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field, structs

from mlc.ir.operation import Outcome


class AppliedArtifact(Struct, frozen=True):
    """A file that was written; `digest` is its SHA-256 in hex."""

    digest: str
    backend: str
    address: str


class State(Struct, frozen=True):
    """One environment's state.

    `lineage` names this state for its whole life; `serial` grows with every change. `resources` maps an
    address to the spec that was applied, `operations` an operation's id to its outcome, `artifacts` a
    path to what was written there.
    """

    version: int
    lineage: str
    serial: int
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    operations: dict[str, Outcome] = field(default_factory=dict)
    artifacts: dict[str, AppliedArtifact] = field(default_factory=dict)


EMPTY = State(version=1, lineage="", serial=0)


class Move(Struct, frozen=True):
    """A resource's new name, for what a state holds of it.

    `operations` names those (`train`) whose outcomes go along; `specs` holds the specs that were applied of
    the resources that refer to it, with the new name in the place of the old.
    """

    was: str
    now: str
    operations: tuple[str, ...] = ()
    specs: dict[str, dict[str, Any]] = {}


def renamed(state: State, move: Move) -> State:
    """The state after a move. The serial is left to whoever records it."""
    ids = {f"{move.was}/{name}": f"{move.now}/{name}" for name in move.operations}
    resources = {move.now if name == move.was else name: spec for name, spec in state.resources.items()}
    return structs.replace(
        state,
        resources={**resources, **move.specs},
        operations={ids.get(name, name): outcome for name, outcome in state.operations.items()},
        artifacts={
            path: structs.replace(found, address=move.now) if found.address == move.was else found
            for path, found in state.artifacts.items()
        },
    )
