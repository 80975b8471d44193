"""What `apply` would do, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from mlc.ir.operation import Operation
from mlc.ir.span import Span
from mlc.ir.state import Move, State

VERSION = 2

CLASSES = ("none", "metadata", "render", "redeploy", "reevaluate", "retrain", "reingest", "replace")
"""What a change costs, cheapest first."""

Action = Literal["move", "create", "update", "delete", "run", "undo", "write", "remove"]


Origin = Literal["given", "default", "gone"]
"""Whether a line gives a field its value, its default holds (again), or nothing gives it one any more."""


class Read(Struct, frozen=True):
    """A value that an interpolation read, by its key (`vars.region`), and where it stands."""

    key: str
    span: Span


class Change(Struct, frozen=True):
    """A field whose effective value changes.

    `cause` is the line that gives it its value; where none does, it is None and `near` is where the map or list
    stands that it was in. `added` is whether it was not there at all before, rather than null. `reads` are the
    values that an interpolation there read, the nearest first: the line that changed may be that of one of them.
    `former` is where the value before stood when it was applied (`env/prod.yaml:4:52`), if that file says nothing of
    it now.
    """

    path: str
    before: Any
    after: Any
    cause: Span | None
    change_class: str
    origin: Origin = "given"
    near: Span | None = None
    reads: tuple[Read, ...] = ()
    added: bool = False
    former: tuple[str, ...] = ()


class PlannedArtifact(Struct, frozen=True):
    """A file to write (or, without content, to remove). `added` and `removed` count lines.

    `diff` is the unified difference to what stands there now; empty for a new file, for one that is too large
    and for one that is no text. `size` is what stands there now, in bytes; None where nothing does.
    `foreign` is the SHA-256 of that where mlc did not write it and it is something else than what is to stand there.
    """

    path: str
    backend: str
    digest: str = ""
    content: bytes | None = None
    added: int = 0
    removed: int = 0
    diff: str = ""
    size: int | None = None
    foreign: str = ""


FORGOTTEN = "its record is forgotten"
"""Why an operation is undone whose driver has nothing that it could take back."""


class Step(Struct, frozen=True):
    """One effect.

    `move` gives a resource its new name in the state, before anything else is done. `create`, `update` and
    `delete` record a resource (`spec`); `run` and `undo` concern an `operation`; `write` and `remove` an
    `artifact`. `because` says in words what leads to the step where no `changes` do; `due_to` names the resource
    whose change it follows from, where that is another one. Of the outputs of an operation that runs, `unknown`
    are known after apply, and `stays` come out as they were (with what was recorded of them). `origins` says where the
    values of `spec` stand, as in the state, in a plan that is to be applied.
    """

    id: str
    address: str
    action: Action
    change_class: str = "none"
    changes: tuple[Change, ...] = ()
    because: str = ""
    due_to: str = ""
    depends_on: tuple[str, ...] = ()
    operation: Operation | None = None
    unknown: tuple[str, ...] = ()
    stays: dict[str, Any] = {}
    artifact: PlannedArtifact | None = None
    spec: dict[str, Any] | None = None
    origins: dict[str, str] = {}
    move: Move | None = None


class LeftOut(Struct, frozen=True):
    """A resource that a selection keeps out of the plan, what would be done with it, and why it is not."""

    address: str
    outcome: str
    because: str


class Narrowing(Struct, frozen=True):
    """What `--select` and `--exclude` made of a plan.

    `selected` counts the resources chosen; `included` are others, done with them because they build on them.
    """

    select: tuple[str, ...]
    exclude: tuple[str, ...]
    selected: int
    included: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Made(Struct, frozen=True):
    """What a saved plan was made by and from, as digests (SHA-256, hex).

    `source` is the code of mlc and `templates` those that it emits by: with others, something else might be done
    than was shown; `backends` are the files of the project's own backends. `files` are the configuration files read,
    for people to see what was planned: applying reads none of them.
    """

    source: str
    templates: str
    files: dict[str, str] = {}
    backends: dict[str, str] = {}


class Plan(Struct, frozen=True):
    """Steps in the order to do them.

    `lineage` and `serial` name the state the plan was made against; `files` holds the digests of the data
    files it was made from, `tools` what it was made with. Applying refuses where one of them has moved.
    `known` holds the outputs of operations that stay as they are and that some step reads. `edges` says which of
    the resources in it refers to which. `narrowing` says what a selection left out; without one, this is
    everything. `made` is there once the plan is saved.
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
    edges: tuple[tuple[str, str], ...] = ()
    narrowing: Narrowing | None = None
    made: Made | None = None

    @property
    def is_empty(self) -> bool:
        return not self.steps


def dearest(classes: tuple[str, ...]) -> str:
    """The class that costs most."""
    return max(classes, key=CLASSES.index, default="none")


def outcome(steps: Iterable[Step]) -> str:
    """What a plan does with a resource, in a word: its steps are given."""
    steps = tuple(steps)
    actions = {step.action for step in steps}
    if not steps:
        return "unchanged"
    if "create" in actions:
        return "create"
    if "delete" in actions:
        return "destroy"
    if actions == {"move"}:
        return "rename"
    return cost(steps)


def cost(steps: Iterable[Step]) -> str:
    """The class of what a plan does with a resource: its steps are given.

    A field may cost a training that was done already, before a later step failed: where steps run, they say.
    """
    steps = tuple(steps)
    runs = any(step.action == "run" for step in steps)
    counted = (
        one for one in steps if one.action == "run" or not (runs and one.change_class in _DONE_BY_STEPS)
    )
    return dearest(tuple(step.change_class for step in counted))


_DONE_BY_STEPS = ("reevaluate", "retrain", "reingest")


def files_read(steps: Iterable[Step]) -> list[str]:
    """The data files that steps read, sorted."""
    return sorted({path for step in steps if step.operation for path in step.operation.files.values()})


def drivers_used(steps: Iterable[Step]) -> list[str]:
    """The drivers that steps work with, sorted."""
    return sorted({step.operation.driver for step in steps if step.operation})


def outputs_read(steps: Iterable[Step], known: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Of what is known, the outputs of the operations that some step reads and that do not run themselves."""
    operations = [step.operation for step in steps if step.operation is not None]
    running = {operation.id for operation in operations}
    read = {need for operation in operations for need in operation.needs} - running
    return {name: dict(outputs) for name, outputs in known.items() if name in read}


class Threat(Struct, frozen=True):
    """A protected resource that a plan would destroy; `what` it would do, in words; is it still `described`?"""

    address: str
    what: str
    described: bool


def threats(plan: Plan, state: State) -> tuple[Threat, ...]:
    """The protected resources that a plan would delete, undo or replace, each once.

    A resource is protected by what the plan would record of it, else by what was recorded.
    """
    specs = {**state.resources, **{step.address: step.spec for step in plan.steps if step.spec is not None}}
    names = {step.move.was: step.address for step in plan.steps if step.move is not None}
    specs |= {now: state.resources[was] for was, now in names.items() if now not in specs}
    found: dict[str, Threat] = {}
    for step in plan.steps:
        protected = (specs.get(step.address) or {}).get("lifecycle", {}).get("prevent_destroy", False)
        if step.action == "delete":
            what = "delete it"
        elif step.action == "undo" and step.because != FORGOTTEN:
            what = f"take back its {step.id.rpartition('/')[2]}"
        elif step.change_class == "replace":
            what = "replace it"
        else:
            continue
        if protected and (step.action == "delete" or step.address not in found):
            found[step.address] = Threat(step.address, what, step.action != "delete")
    return tuple(found.values())
