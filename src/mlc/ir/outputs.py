"""The JSON documents that commands print with `--format json`: their schemas are generated from here."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from mlc.ir.diagnostic import Severity
from mlc.ir.plan import Action, Narrowing, Origin

_CAMEL = {"end_line": "endLine", "end_column": "endColumn"}


class Region(Struct, frozen=True, rename=_CAMEL):
    """A piece of a file. Lines and columns count from 1; the end is not part of it."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class LabelOut(Region, frozen=True, rename=_CAMEL):
    text: str
    primary: bool


class EditOut(Region, frozen=True, rename=_CAMEL):
    text: str


class FixOut(Struct, frozen=True):
    title: str
    safety: Literal["safe", "unsafe"]
    edits: list[EditOut]


class DiagnosticOut(Struct, frozen=True, omit_defaults=True):
    rule: str
    severity: Severity
    summary: str
    detail: str
    address: str
    path: str
    labels: list[LabelOut]
    help: str = ""
    fix: FixOut | None = None
    refused: bool = False


class Diagnostics(Struct, frozen=True, kw_only=True):
    """`mlc validate --format json`, and any command that is stopped by mistakes."""

    version: Literal[1] = 1
    diagnostics: list[DiagnosticOut]


class ReadOut(Region, frozen=True, rename=_CAMEL):
    """A value that an interpolation read."""

    key: str


class ChangeOut(Struct, frozen=True, omit_defaults=True):
    """`cause` is the line that gives the value; without one, `near` is where the map stands that it was in.

    `former` is where the value before stood when it was applied, as `file:line:column`, if that file says nothing of it
    now.
    """

    path: str
    before: Any
    after: Any
    change_class: str
    cause: Region | None
    origin: Origin = "given"
    added: bool = False  # it was not there at all before
    near: Region | None = None
    reads: list[ReadOut] = []
    former: list[str] = []


class ArtifactOut(Struct, frozen=True, omit_defaults=True):
    """`diff` is the unified difference to what stands at `path` now; not there for what is new or no text.

    `foreign` is the SHA-256 of that where mlc did not write it.
    """

    path: str
    backend: str
    digest: str
    added: int
    removed: int
    diff: str = ""
    foreign: str = ""


class OriginOut(Struct, frozen=True):
    """Where a value stands in the project's files."""

    file: str
    line: int
    column: int


class CheckOut(Struct, frozen=True, omit_defaults=True):
    """What an official checker said: `skipped` where it is not installed, which is never `ok`.

    `origins` has, for each finding of a rejection, where the values stand that it is about.
    """

    checker: str
    outcome: Literal["ok", "rejected", "skipped"]
    findings: list[str]
    origins: list[list[OriginOut]] = []


class RenderedOut(Struct, frozen=True, omit_defaults=True):
    """An artifact; `checks` is there where it was verified."""

    path: str
    backend: str
    address: str
    digest: str
    checks: list[CheckOut] | None = None


class Rendered(Struct, frozen=True, kw_only=True):
    """`mlc render --format json`."""

    version: Literal[1] = 1
    artifacts: list[RenderedOut]


class CountsOut(Struct, frozen=True, omit_defaults=True):
    """Resources and artifacts; `costs` counts the resources that run steps, by change class.

    Of the artifacts that change, `foreign` replace a file that mlc did not write.
    """

    add: int
    change: int
    destroy: int
    rename: int
    costs: dict[str, int]
    foreign: int = 0


class StepOut(Struct, frozen=True, omit_defaults=True):
    id: str
    address: str
    action: Action
    change_class: str
    because: str
    depends_on: list[str]
    changes: list[ChangeOut]
    artifact: ArtifactOut | None = None
    was: str = ""  # the address before a move
    due_to: str = ""  # the resource whose change it follows from
    known_after_apply: list[str] = []  # outputs of an operation that only running it makes known
    stays: dict[str, Any] = {}  # outputs that come out as they were, with what is recorded of them


class PlanOut(Struct, frozen=True, omit_defaults=True):
    project: str
    environment: str
    lineage: str
    serial: int
    unchanged: int
    steps: list[StepOut]
    counts: CountsOut
    narrowing: Narrowing | None = None  # what --select and --exclude left out


class Plans(Struct, frozen=True, kw_only=True):
    """`mlc plan --format json`: a plan per environment asked for."""

    version: Literal[1] = 1
    plans: list[PlanOut]


class SavedPlanOut(Plans, frozen=True, kw_only=True):
    """`mlc show FILE --format json`: the one plan that the file holds.

    `stale` says why it would be refused; `edited` names the configuration files that have changed since, which
    is no reason to refuse it. Both are null outside of a project.
    """

    tool: str
    files: list[str]
    stale: list[str] | None
    edited: list[str] | None


class Applied(Struct, frozen=True, kw_only=True):
    """`mlc apply --format json`. The numbers count steps."""

    version: Literal[1] = 1
    outcome: Literal["done", "failed", "refused", "interrupted"]
    done: int
    failed: int
    skipped: int
    not_started: int
    diagnostics: list[DiagnosticOut]


class DriftOut(Struct, frozen=True):
    """`recorded` is what was applied, `found` what stands there now. `undo` and `accept` are commands."""

    type: Literal["operation", "artifact"]
    name: str
    address: str
    what: str
    recorded: str
    found: str
    since: str
    by: str
    undo: str
    accept: str


class DriftedOut(Struct, frozen=True):
    """`unseen` are the operations that were described anew since, so that nobody looked."""

    environment: str
    lineage: str
    serial: int
    drift: list[DriftOut]
    accepted: list[DriftOut]
    unseen: list[str]


class Drifts(Struct, frozen=True, kw_only=True):
    """`mlc drift --format json`: what was changed from outside, per environment asked for."""

    version: Literal[1] = 1
    environments: list[DriftedOut]


class LayeredOut(Region, frozen=True, rename=_CAMEL, omit_defaults=True, kw_only=True):
    """A value and where it stands; `written` is the interpolation that gave it, `key` what was read."""

    value: Any
    written: str | None = None
    key: str | None = None


class PartOut(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A value within a map (`key` is text) or a list (a number)."""

    key: str | int
    winner: LayeredOut
    overwrote: list[LayeredOut] = []
    parts: list[PartOut] = []


class ExplanationOut(Struct, frozen=True, omit_defaults=True):
    environment: str
    path: str
    value: Any
    winner: LayeredOut
    overwrote: list[LayeredOut]
    read: list[LayeredOut]
    description: str
    change_class: str
    parts: list[PartOut] = []


class Explained(Struct, frozen=True, kw_only=True):
    """`mlc explain --format json`."""

    version: Literal[1] = 1
    address: str
    environments: list[ExplanationOut]


class FormattedFile(Struct, frozen=True):
    file: str
    outcome: Literal["changed", "unchanged", "failed"]


class Formatted(Struct, frozen=True, kw_only=True):
    """`mlc fmt --format json`. Where `written` is false, `changed` means that the file would change."""

    version: Literal[1] = 1
    written: bool
    files: list[FormattedFile]
    diagnostics: list[DiagnosticOut]


class FixedOut(Region, frozen=True, rename=_CAMEL):
    """A fix, with the place of the finding that it mends as the file was when it was applied."""

    rule: str
    title: str
    safety: Literal["safe", "unsafe"]


class UndoneOut(FixedOut, frozen=True, rename=_CAMEL):
    """A fix that was taken back, for the project had new mistakes with it."""

    because: str


class Fixed(Struct, frozen=True, kw_only=True):
    """`mlc fix --format json`. `diagnostics` are what is left."""

    version: Literal[1] = 1
    written: bool
    files: list[str]
    fixed: list[FixedOut]
    undone: list[UndoneOut]
    diagnostics: list[DiagnosticOut]


class RenameEditOut(EditOut, frozen=True, rename=_CAMEL):
    """`text` stands in the place of `before`."""

    before: str


class Renamed(Struct, frozen=True, kw_only=True):
    """`mlc rename --format json`. `file` moved to `new_file`; `edits` have the places of before."""

    version: Literal[1] = 1
    written: bool
    address: str
    new_address: str
    file: str
    new_file: str
    edits: list[RenameEditOut]
    moved: bool


class ImportedOut(Struct, frozen=True):
    """A step (`model.churn/train`) or a file that was taken over, and a note on it."""

    what: str
    note: str


class Imported(Struct, frozen=True, kw_only=True):
    """`mlc import --format json`."""

    version: Literal[1] = 1
    imported: list[ImportedOut]


class ModuleOut(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A module. `locked` and `was` name a version, or a ref and a commit; what `available` names is newer or older
    than what is locked, and left out where nobody looked, or where the source gives what is locked.
    """

    name: str
    source: str
    outcome: Literal[
        "added",
        "updated",
        "unchanged",
        "removed",
        "installed",
        "changed",
        "not installed",
        "not locked",
        "outdated",
    ]
    locked: str = ""
    was: str = ""
    available: str = ""
    digest: str = ""
    files_added: list[str] = []
    files_changed: list[str] = []
    files_removed: list[str] = []


class Modules(Struct, frozen=True, kw_only=True):
    """`mlc modules … --format json`. `diagnostics` are the sources that could not be looked at."""

    version: Literal[1] = 1
    modules: list[ModuleOut]
    diagnostics: list[DiagnosticOut] = []
