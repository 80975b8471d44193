"""What the compiler has to say about what the author wrote."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct, structs

from mlc.ir.span import Span

Severity = Literal["error", "warning", "info"]


class Label(Struct, frozen=True):
    """A place in the source and what to say about it. The primary label is the culprit."""

    span: Span
    text: str = ""
    primary: bool = False


class Edit(Struct, frozen=True):
    """Replace the text of `span` by `text`."""

    span: Span
    text: str


class Fix(Struct, frozen=True):
    """A change that mends the mistake. `safe` keeps the meaning the author must have had."""

    title: str
    edits: tuple[Edit, ...]
    safety: Literal["safe", "unsafe"] = "safe"


class Diagnostic(Struct, frozen=True):
    """One finding. `summary` is constant per rule; `detail` says what is wrong, why, and how to mend it."""

    rule: str
    severity: Severity
    summary: str
    detail: str
    labels: tuple[Label, ...] = ()
    help: str = ""
    fix: Fix | None = None
    address: str = ""
    path: str = ""
    refused: bool = False  # a policy or a gate refused: exit code 3 rather than 1

    @property
    def primary(self) -> Label | None:
        return next((label for label in self.labels if label.primary), None)


class Rule(Struct, frozen=True):
    """What a file in `rules/` declares: its severity and its constant summary."""

    name: str
    severity: Severity
    summary: str

    @staticmethod
    def of(module: str, severity: Severity, summary: str) -> Rule:
        """A rule is named after its file: pass `__name__`."""
        return Rule(module.rpartition(".")[2].replace("_", "-"), severity, summary)

    def at(
        self,
        span: Span | None,
        detail: str,
        *,
        text: str = "",
        related: tuple[Label, ...] = (),
        help: str = "",  # noqa: A002 - the published JSON calls it so
        fix: Fix | None = None,
        address: str = "",
        path: str = "",
        refused: bool = False,
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding of this rule with its culprit at `span` (None: at no place in a file)."""
        primary = () if span is None else (Label(span, text, primary=True),)
        return Diagnostic(
            rule=self.name,
            severity=severity or self.severity,
            summary=self.summary,
            detail=detail,
            labels=primary + related,
            help=help,
            fix=fix,
            address=address,
            path=path,
            refused=refused,
        )


class Findings:
    """Collects what is found, each thing once, and stops where nobody would read on.

    A shared layer is composed many times over; its mistakes are told once: which of the resources that build on it
    a mistake was found in does not tell two mistakes apart. Of errors `most` are kept and one more, which makes it
    full; of the rest, `most`.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.told: list[Diagnostic] = []
        self._seen: set[Diagnostic] = set()
        self._errors = 0

    @property
    def is_full(self) -> bool:
        """Whoever looks for more mistakes can stop."""
        return self._errors > self.most

    def add(self, found: Iterable[Diagnostic]) -> None:
        """Takes what it is given one by one, and no more of it once it is full."""
        for one in () if self.is_full else found:
            known = structs.replace(one, address="") if one.primary else one
            if known in self._seen:
                continue
            if one.severity == "error":
                self._errors += 1
            elif len(self.told) - self._errors >= self.most:
                continue
            self._seen.add(known)
            self.told.append(one)
            if self.is_full:
                return


def has_errors(diagnostics: tuple[Diagnostic, ...]) -> bool:
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)
