"""What `apply` would do, and why."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from mlc.ir.operation import Operation
from mlc.ir.span import Span
from mlc.ir.state import Move

VERSION = 1

CLASSES = ("none", "metadata", "render", "redeploy", "reevaluate", "retrain", "reingest", "replace")
"""What a change costs, cheapest first."""

Action = Literal["move", "create", "update", "delete", "run", "undo", "write", "remove"]


class Change(Struct, frozen=True):
    """A field whose effective value changes. `cause` is the line that makes it so, where one does."""

    path: str
    before: Any
    after: Any
    cause: Span | None
    change_class: str


class PlannedArtifact(Struct, frozen=True):
    """A file to write (or, without content, to remove). `added` and `removed` count lines."""

    path: str
    backend: str
    digest: str = ""
    content: bytes | None = None
    added: int = 0
    removed: int = 0


class Step(Struct, frozen=True):
    """One effect.

    `move` gives a resource its new name in the state, before anything else is done. `create`, `update` and
    `delete` record a resource (`spec`); `run` and `undo` concern an `operation`; `write` and `remove` an
    `artifact`. `because` says in words what leads to the step where no `changes` do.
    """

    id: str
    address: str
    action: Action
    change_class: str = "none"
    changes: tuple[Change, ...] = ()
    because: str = ""
    depends_on: tuple[str, ...] = ()
    operation: Operation | None = None
    artifact: PlannedArtifact | None = None
    spec: dict[str, Any] | None = None
    move: Move | None = None


class Plan(Struct, frozen=True):
    """Steps in the order to do them.

    `lineage` and `serial` name the state the plan was made against; `files` holds the digests of the data
    files it was made from, `tools` what it was made with. Applying refuses where one of them has moved.
    `known` holds the outputs of operations that stay as they are and that some step reads.
    """

    version: int
    tool: str
    project: str
    environment: str
    lineage: str
    serial: int
    steps: tuple[Step, ...]
    files: dict[str, str] = {}
    tools: dict[str, dict[str, str]] = {}
    known: dict[str, dict[str, str]] = {}
    unchanged: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.steps


def dearest(classes: tuple[str, ...]) -> str:
    """The class that costs most."""
    return max(classes, key=CLASSES.index, default="none")
