"""The document of `mlc diff --format json`: its schema is generated from here."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from mlc.ir.outputs import DiagnosticOut, Region
from mlc.ir.review import Action, CodeReview, Compared, DataReview, Side, Verdict

_CAMEL = {"end_line": "endLine", "end_column": "endColumn"}


class CauseOut(Region, frozen=True, rename=_CAMEL):
    """The edited line; one of the side `base` was removed. Files are relative to the project's folder."""

    side: Side


class FieldOut(Struct, frozen=True, omit_defaults=True):
    """A field whose effective value differs; one `added` has no value before, one `removed` none after."""

    path: str
    action: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    change_class: str
    cause: CauseOut | None


class ResourceOut(Struct, frozen=True, omit_defaults=True):
    """An affected resource. `because` is the resource whose change leads to this one, `runs` what runs again."""

    environment: str
    address: str
    action: Action
    change_class: str
    owner: str
    code_owners: list[str]
    changes: list[FieldOut]
    runs: list[str] = []
    was: str = ""
    because: str = ""
    cause: CauseOut | None = None


class GuardOut(Struct, frozen=True):
    """What is held more or less strictly; `concerns` are the models that it holds."""

    environment: str
    address: str
    path: str
    verdict: Verdict
    action: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    cause: CauseOut | None
    owner: str
    code_owners: list[str]
    concerns: list[str]


class ArtifactReviewOut(Struct, frozen=True):
    """An emitted file that differs; `diff` is the unified difference, empty where it is very long."""

    environment: str
    path: str
    address: str
    backend: str
    action: Literal["added", "changed", "removed"]
    added: int
    removed: int
    diff: str


class DiffOut(Struct, frozen=True, kw_only=True):
    """`mlc diff --format json`. `complete` are the environments in which artifacts and consequences were compared."""

    version: Literal[1] = 1
    project: str
    folder: str
    base: Compared
    head: Compared
    environments: list[str]
    new_environments: list[str]
    gone_environments: list[str]
    complete: list[str]
    resources: list[ResourceOut]
    guards: list[GuardOut]
    artifacts: list[ArtifactReviewOut]
    data: list[DataReview]
    code: list[CodeReview]
    new_diagnostics: list[DiagnosticOut]
    fixed_diagnostics: list[DiagnosticOut]
    remaining_diagnostics: int
    unchanged: int
    notes: list[str]
