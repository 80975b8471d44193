"""What lies between two revisions of a project: for whoever reviews a change before it is merged."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.span import Span

Side = Literal["base", "head"]
Verdict = Literal["loosened", "tightened", "changed"]
Action = Literal["added", "removed", "renamed", "changed", "follows"]

ACTIONS: tuple[Action, ...] = ("removed", "renamed", "changed", "added", "follows")
"""In the order in which a reviewer wants them; `follows` is a resource that only what it refers to changes."""


class Cause(Struct, frozen=True):
    """The edited line that makes a difference; one that was removed is a line of the base."""

    side: Side
    span: Span


class FieldChange(Struct, frozen=True):
    """A field whose effective value differs. One that is `added` has no value before, one `removed` none after."""

    path: str
    action: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    change_class: str
    cause: Cause | None


class ResourceReview(Struct, frozen=True):
    """A resource of one environment that the change affects.

    `because` is the address of the resource whose change leads to this one; `runs` names the operations that
    run again; `owner` answers for it and `code_owners` review its file, both as the base has them.
    """

    environment: str
    address: str
    action: Action
    change_class: str
    was: str = ""
    changes: tuple[FieldChange, ...] = ()
    because: str = ""
    runs: tuple[str, ...] = ()
    cause: Cause | None = None
    owner: str = ""
    code_owners: tuple[str, ...] = ()


class GuardReview(Struct, frozen=True):
    """A bound, a rule or a promise that is held more or less strictly than before.

    `address` and `path` say which; `concerns` are the models that it holds.
    """

    environment: str
    address: str
    path: str
    verdict: Verdict
    action: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    cause: Cause | None
    owner: str
    code_owners: tuple[str, ...]
    concerns: tuple[str, ...] = ()


class ArtifactReview(Struct, frozen=True):
    """An emitted file that differs; `added` and `removed` count lines, `diff` is the unified difference."""

    environment: str
    path: str
    address: str
    backend: str
    action: Literal["added", "changed", "removed"]
    added: int
    removed: int
    diff: str


class DataReview(Struct, frozen=True):
    """A file of data that differs; sizes in bytes, None where it is not there or not in this repository."""

    path: str
    datasets: tuple[str, ...]
    action: Literal["added", "changed", "removed"]
    before: int | None
    after: int | None


class CodeReview(Struct, frozen=True):
    """A module of the project's own code that differs, the models that it trains, and its files that differ."""

    path: str
    models: tuple[str, ...]
    action: Literal["added", "changed", "removed"]
    files: tuple[str, ...]


class Compared(Struct, frozen=True):
    """One side: the revision's name as it was asked for, and its commit ("" for the working tree).

    `exists` is False where the project's folder is not in it; `errors` counts its mistakes.
    """

    name: str
    commit: str
    exists: bool
    errors: int


class Review(Struct, frozen=True):
    """Everything that differs.

    `whole` holds the environments in which artifacts and consequences were compared too; in the others a side has
    mistakes, and only values were. `notes` are sentences on what could not be compared. `folder` leads from the
    repository's top to the project ("" where it is the top).
    """

    project: str
    folder: str
    base: Compared
    head: Compared
    environments: tuple[str, ...]
    new_environments: tuple[str, ...]
    gone_environments: tuple[str, ...]
    whole: tuple[str, ...]
    resources: tuple[ResourceReview, ...]
    guards: tuple[GuardReview, ...]
    artifacts: tuple[ArtifactReview, ...]
    data: tuple[DataReview, ...]
    code: tuple[CodeReview, ...]
    new: tuple[Diagnostic, ...]
    fixed: tuple[Diagnostic, ...]
    remaining: int
    unchanged: int
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs that a reviewer would want to know."""
        found = (self.resources, self.guards, self.artifacts, self.data, self.code)
        return not any((*found, self.new, self.fixed, self.new_environments, self.gone_environments))
