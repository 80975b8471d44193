"""What was applied: the compiler's memory of an environment."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

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
