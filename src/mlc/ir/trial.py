"""What came out of the users' own tests of their configuration."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from mlc.ir.explanation import Explanation
from mlc.ir.plan import Step
from mlc.ir.span import Span

What = Literal["files", "values", "absent", "diagnostics", "plan", "artifacts"]


class Failure(Struct, frozen=True):
    """An expectation that does not hold. `explanation` and `steps` say where what came out comes from.

    `span` is where the expectation is written; `difference` the lines of two texts that differ.
    """

    what: What
    subject: str
    expected: str
    actual: str
    span: Span
    explanation: Explanation | None = None
    steps: tuple[Step, ...] = ()
    places: tuple[Span, ...] = ()
    difference: tuple[str, ...] = ()
    help: str = ""


class CaseResult(Struct, frozen=True):
    """One case: it passes where nothing failed. `sources` are the texts that the explanations point into."""

    file: str
    name: str
    environment: str
    span: Span
    failures: tuple[Failure, ...]
    expectations: int
    sources: dict[str, str] = {}

    @property
    def passed(self) -> bool:
        return not self.failures


class Covered(Struct, frozen=True):
    """Something that a case can exercise, and how many did. `place` is the file and line of it."""

    name: str
    cases: int
    place: str = ""
    untried: tuple[Any, ...] = ()  # of an option, the values that no case has


class Coverage(Struct, frozen=True):
    """What the cases have exercised, in the order of files and names.

    A resource or a gate is exercised by an expectation about it; a layer, a preset or a patch by an expectation
    about a value to which it contributes, won or lost; an option by the values that it has in the cases.
    """

    layers: tuple[Covered, ...] = ()
    presets: tuple[Covered, ...] = ()
    resources: tuple[Covered, ...] = ()
    gates: tuple[Covered, ...] = ()
    options: tuple[Covered, ...] = ()


class TrialResult(Struct, frozen=True):
    """Everything that one run found. `written` and `removed` are the snapshots that --update changed."""

    cases: tuple[CaseResult, ...]
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    coverage: Coverage | None = None

    @property
    def passed(self) -> bool:
        return all(case.passed for case in self.cases)


class LayerOut(Struct, frozen=True):
    value: Any
    place: str


class FailureOut(Struct, frozen=True, omit_defaults=True):
    what: What
    subject: str
    expected: str
    actual: str
    place: str
    chain: list[LayerOut] = []
    difference: list[str] = []
    help: str = ""


class CaseOut(Struct, frozen=True):
    file: str
    name: str
    environment: str
    line: int
    passed: bool
    expectations: int
    failures: list[FailureOut]


class CoveredOut(Struct, frozen=True, omit_defaults=True):
    name: str
    cases: int
    place: str = ""
    untried: list[Any] = []


class CoverageOut(Struct, frozen=True):
    layers: list[CoveredOut]
    presets: list[CoveredOut]
    resources: list[CoveredOut]
    gates: list[CoveredOut]
    options: list[CoveredOut]


class Tested(Struct, frozen=True, kw_only=True):
    """`mlc test --format json`."""

    version: Literal[1] = 1
    passed: int
    failed: int
    cases: list[CaseOut]
    snapshots_written: list[str]
    snapshots_removed: list[str]
    snapshots_unused: list[str]
    coverage: CoverageOut | None
