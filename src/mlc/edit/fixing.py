"""Applying the fixes that diagnostics carry, round after round, each proved before it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from mlc.edit.edits import apply_edits, slice_of, touch
from mlc.ir.diagnostic import Diagnostic, Edit

MOST_ROUNDS = 100

Texts = dict[str, str]
Check = Callable[[Mapping[str, str]], "Findings"]


class Findings(Struct, frozen=True):
    """What is wrong with a project: with what was asked about, with every environment, and with single files.

    `unreadable` are the files that are not read at all, or only in part: their mistakes hide others.
    """

    asked: tuple[Diagnostic, ...]
    everywhere: tuple[Diagnostic, ...]
    unreadable: frozenset[str]


class Undone(Struct, frozen=True):
    """A fix that was taken back, and why."""

    finding: Diagnostic
    because: str


class Fixing(Struct, frozen=True):
    """The texts after fixing, the findings whose fixes were applied in order, and what is left."""

    texts: Texts
    done: tuple[Diagnostic, ...]
    undone: tuple[Undone, ...]
    left: tuple[Diagnostic, ...]


def fix(texts: Mapping[str, str], check: Check, *, unsafe: bool) -> Fixing:
    """Apply the fixes of everything that `check` finds, and of what it finds then, until there are no more.

    `texts` are the files by name. Fixes that want the same place wait for the next round. A fix that brings a new
    error in any environment, or does not mend what it is for, is taken back; errors that appear because a file
    can be read for the first time are not new.
    """
    now, findings = dict(texts), check(texts)
    done: list[Diagnostic] = []
    undone: list[Undone] = []
    refused: set[Any] = set()
    for _ in range(MOST_ROUNDS):
        chosen = _chosen(findings.asked, now, refused, unsafe=unsafe)
        if not chosen:
            break
        attempt, after = _attempt(now, chosen, check)
        if _objection(findings, after, chosen):
            bad = []
            for one in chosen if len(chosen) > 1 else ():
                reason = _objection(findings, _attempt(now, [one], check)[1], [one])
                if reason:
                    bad.append(Undone(one, reason))
            if len(chosen) == 1:
                bad = [Undone(chosen[0], _objection(findings, after, chosen))]
            undone += bad
            refused |= {_place(one.finding) for one in bad}
            if bad:
                continue
            chosen = chosen[:1]  # each is good by itself, but not all of them together
            attempt, after = _attempt(now, chosen, check)
        now, findings = attempt, after
        done += chosen
    return Fixing(now, tuple(done), tuple(undone), findings.asked)


def _chosen(
    found: Iterable[Diagnostic], texts: Mapping[str, str], refused: set[Any], *, unsafe: bool
) -> list[Diagnostic]:
    """The findings to fix in one round: errors before warnings, and no two at one place."""
    chosen: list[Diagnostic] = []
    taken: list[Edit] = []
    for one in sorted(found, key=lambda one: one.severity != "error"):
        if one.fix is None or (one.fix.safety == "unsafe" and not unsafe) or _place(one) in refused:
            continue
        edits = one.fix.edits
        if any(edit.span.file not in texts for edit in edits) or _stands_elsewhere(one, texts):
            continue
        if any(touch(edit.span, other.span) for edit in edits for other in taken):
            continue
        chosen.append(one)
        taken += edits
    return chosen


def _stands_elsewhere(one: Diagnostic, texts: Mapping[str, str]) -> bool:
    """Whether the culprit is an interpolation or an alias: what is wrong stands where that leads."""
    if one.primary is None or one.primary.span.file not in texts:
        return False
    written = slice_of(texts[one.primary.span.file], one.primary.span)
    return "${" in written or written.startswith("*")


def _attempt(texts: Mapping[str, str], chosen: Iterable[Diagnostic], check: Check) -> tuple[Texts, Findings]:
    edits: dict[str, list[Edit]] = {}
    for one in chosen:
        for edit in one.fix.edits if one.fix is not None else ():
            edits.setdefault(edit.span.file, []).append(edit)
    changed = {file: apply_edits(texts[file], wanted) for file, wanted in edits.items()}
    attempt = {**texts, **changed}
    return attempt, check(attempt)


def _objection(before: Findings, after: Findings, chosen: Iterable[Diagnostic]) -> str:
    """Why a round must be taken back, or nothing."""
    broken = sorted(after.unreadable - before.unreadable)
    if broken:
        return f"{broken[0]} could no longer be read"
    same = {_place(one) for one in after.asked}
    if any(_place(one) in same for one in chosen):
        return "the same was found again"
    if before.unreadable - after.unreadable:
        return ""  # what a file says that could not be read before is not the fix's fault
    new = _errors(after.everywhere) - _errors(before.everywhere)
    return f"it brings a new error: {next(iter(new))[-1]}" if new else ""


def _errors(found: Iterable[Diagnostic]) -> Counter[tuple[str, ...]]:
    return Counter(
        (one.rule, one.address, one.path, one.primary.span.file if one.primary else "", one.detail)
        for one in found
        if one.severity == "error"
    )


def _place(one: Diagnostic) -> tuple[Any, ...]:
    """What tells a finding from the others, also after the text behind it has changed."""
    span = one.primary.span if one.primary is not None else None
    return one.rule, one.detail, span and (span.file, span.line, span.column)
