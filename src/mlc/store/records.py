"""A state as its records: what every place that keeps one has in common.

A place (`Rows`) reads all records and changes some of them in one transaction; what the changes mean is said
here, once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct, structs

from mlc.ir.operation import Outcome
from mlc.ir.state import VERSION, AppliedArtifact, Move, State, entries, renamed

Edit = tuple[str, str, bytes | None]
"""A record (its type, its name) to write, or (None) to forget."""


_NO_ORIGINS: Mapping[str, str] = {}


class StateUnreadable(Exception):
    """The state is damaged or was written by a newer mlc; the message says which and what to do."""


class Owner(Struct, frozen=True):
    """Whose state it is: kept with it, so that the state of one environment is not taken for another's."""

    project: str = ""
    environment: str = ""


class Identity(Struct, frozen=True):
    """The name and the number that a state takes when it is replaced as a whole."""

    lineage: str
    serial: int


class Rows(Protocol):
    """Where the records of one environment are kept, open for writing."""

    def read(self) -> State: ...

    def change(self, edits: Sequence[Edit], become: Identity | None = None) -> None:
        """Do all of it or nothing; durable once this returns. The serial grows by one, or becomes what is said."""

    def close(self) -> None: ...


class StateStore:
    """The state of one environment, open for writing, for as long as its lock is held.

    Threads may share it: one change at a time, each durable before the next. Reading raises StateUnreadable;
    everything raises OSError where a disk is full, fails or is read-only, and StepFailed where a database
    is out of reach or the lease on it was lost.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._one_at_a_time = threading.Lock()

    def read(self) -> State:
        """The state as it is now."""
        with self._one_at_a_time:
            return self._rows.read()

    def put_resource(
        self, address: str, spec: dict[str, Any], origins: Mapping[str, str] = _NO_ORIGINS
    ) -> None:
        self._change(
            ("resource", address, msgspec.json.encode(spec)),
            ("origin", address, msgspec.json.encode(origins) if origins else None),
        )

    def put_operation(self, operation_id: str, outcome: Outcome) -> None:
        self._change(("operation", operation_id, msgspec.json.encode(outcome)))

    def put_artifact(self, path: str, artifact: AppliedArtifact) -> None:
        self._change(("artifact", path, msgspec.json.encode(artifact)))

    def remove(self, entry_type: str, name: str) -> None:
        """Forget an entry."""
        origin: tuple[Edit, ...] = (("origin", name, None),) if entry_type == "resource" else ()
        self._change((entry_type, name, None), *origin)

    def move(self, move: Move) -> None:
        """Give everything of a resource its new name: all of it, or nothing where this is interrupted."""
        with self._one_at_a_time:
            before = self._rows.read()
            self._rows.change(_difference(before, renamed(before, move)))

    def replace(self, state: State, become: Identity | None = None) -> None:
        """Hold what another state holds, in one transaction."""
        with self._one_at_a_time:
            self._rows.change(_difference(self._rows.read(), state), become)

    def close(self) -> None:
        self._rows.close()

    def _change(self, *edits: Edit) -> None:
        with self._one_at_a_time:
            self._rows.change(edits)


def decoded(
    identity: Identity, owner: Owner, records: Iterable[tuple[str, str, bytes]], version: int = VERSION
) -> State:
    """The state that records make. Raises ValueError or TypeError for values that are none of ours."""
    held: dict[str, dict[str, bytes]] = {"resource": {}, "operation": {}, "artifact": {}, "origin": {}}
    for entry_type, name, value in records:
        if entry_type not in held:
            raise ValueError(f'there is no record of type "{entry_type}"')
        held[entry_type][name] = value
    return State(
        version=version,
        lineage=identity.lineage,
        serial=identity.serial,
        resources=_decoded(held["resource"], dict[str, Any]),
        operations=_decoded(held["operation"], Outcome),
        artifacts=_decoded(held["artifact"], AppliedArtifact),
        origins=_decoded(held["origin"], dict[str, str]),
        project=owner.project,
        environment=owner.environment,
    )


def document(state: State) -> bytes:
    """A state as one canonical JSON document: the same state has the same bytes."""
    ordered = structs.replace(
        state,
        resources=dict(sorted(state.resources.items())),
        operations=dict(sorted(state.operations.items())),
        artifacts=dict(sorted(state.artifacts.items())),
        origins=dict(sorted(state.origins.items())),
    )
    return msgspec.json.format(msgspec.json.encode(ordered, order="deterministic"), indent=2) + b"\n"


def _difference(before: State, after: State) -> list[Edit]:
    """What leads from one state to another. Records that are new or other come first."""
    held, wanted = _records(before), _records(after)
    edits: list[Edit] = [
        (kind, name, msgspec.json.encode(entry))
        for (kind, name), entry in wanted.items()
        if (kind, name) not in held or held[kind, name] != entry
    ]
    return edits + [(kind, name, None) for kind, name in held if (kind, name) not in wanted]


def _records(state: State) -> dict[tuple[str, str], Any]:
    origins: dict[tuple[str, str], Any] = {
        ("origin", name): found for name, found in sorted(state.origins.items())
    }
    return origins | {(kind, name): entry for (kind, name), entry in entries(state).items()}


def _decoded(values: Mapping[str, bytes], entry: Any) -> dict[str, Any]:
    decoder = msgspec.json.Decoder(entry)
    return {name: decoder.decode(value) for name, value in values.items()}
