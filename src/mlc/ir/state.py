"""What was applied: the compiler's memory of an environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct, field, structs

from mlc.ir.operation import Outcome

VERSION = 3
"""1: resources, operations, artifacts. 2: whose state it is, and what was accepted from outside. 3: origins."""

EntryType = Literal["resource", "operation", "artifact"]
Name = tuple[EntryType, str]


class AppliedArtifact(Struct, frozen=True, omit_defaults=True):
    """A file that was written; `digest` is its SHA-256 in hex.

    `accepted` is what stands there by somebody's hand and may stay: its SHA-256, or "absent".
    """

    digest: str
    backend: str
    address: str
    accepted: str = ""


class State(Struct, frozen=True):
    """One environment's state.

    `lineage` names this state for its whole life; `serial` grows with every change. `resources` maps an
    address to the spec that was applied, `operations` an operation's id to its outcome, `artifacts` a
    path to what was written there. `project` and `environment` say whose it is; empty where nobody said.
    `origins` maps the address of a resource to where its values stood when it was applied: `train.params.C` to
    `env/prod.yaml:4:52` (several with commas where an interpolation read them); fields at their defaults are not there.
    """

    version: int
    lineage: str
    serial: int
    project: str = ""
    environment: str = ""
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    operations: dict[str, Outcome] = field(default_factory=dict)
    artifacts: dict[str, AppliedArtifact] = field(default_factory=dict)
    origins: dict[str, dict[str, str]] = field(default_factory=dict)


EMPTY = State(version=VERSION, lineage="", serial=0)


UNDOING = ""
"""The key of an outcome that is being taken back: no operation has it."""


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
    origins = {move.now if name == move.was else name: found for name, found in state.origins.items()}
    return structs.replace(
        state,
        resources={**resources, **move.specs},
        operations={ids.get(name, name): outcome for name, outcome in state.operations.items()},
        artifacts={
            path: structs.replace(found, address=move.now) if found.address == move.was else found
            for path, found in state.artifacts.items()
        },
        origins=origins,
    )


def entries(state: State) -> dict[Name, Any]:
    """Everything that a state holds, by type and name, in order; the origins belong to their resources."""
    held: dict[Name, Any] = {}
    held |= {("artifact", name): entry for name, entry in sorted(state.artifacts.items())}
    held |= {("operation", name): entry for name, entry in sorted(state.operations.items())}
    held |= {("resource", name): entry for name, entry in sorted(state.resources.items())}
    return held


def belonging(state: State, name: str) -> tuple[Name, ...]:
    """What goes by a name: a resource with its operations and artifacts, an operation, or a file."""
    found: list[Name] = []
    for kind, entry in entries(state):
        address = entry.rpartition("/")[0] if kind == "operation" else ""
        if kind == "artifact":
            address = state.artifacts[entry].address
        if name in (entry, address):
            found.append((kind, entry))
    return tuple(found)


def without(state: State, names: Iterable[Name]) -> State:
    """The state without some entries. The serial is left to whoever records it."""
    gone = set(names)
    return structs.replace(
        state,
        resources={name: one for name, one in state.resources.items() if ("resource", name) not in gone},
        operations={name: one for name, one in state.operations.items() if ("operation", name) not in gone},
        artifacts={name: one for name, one in state.artifacts.items() if ("artifact", name) not in gone},
        origins={name: one for name, one in state.origins.items() if ("resource", name) not in gone},
    )
