"""bad-test: a test of the configuration that could not say anything.

Why it matters: a case that expects nothing, or something that cannot be, passes or fails whatever the project says.
How to mend it: see what the message says of the case.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A test cannot be run as it is written.")


def nothing_expected(case: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'The case "{case}" expects nothing, so it could never fail. Say what must be so under "expect"; that there '
        "is no mistake is written `diagnostics: []`.",
        text="expects nothing",
    )


def nothing_changed(case: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'The case "{case}" expects something of a plan, and it changes nothing: planned against the same project '
        'everything is unchanged, whatever the project says. Give it "overrides" or "files".',
        text="a plan of no change",
    )


def no_rule(name: str, span: Span, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        span,
        f'There is no rule "{name}", so no diagnostic could ever be of it. `mlc rule` lists the rules.',
        text="no such rule",
        help=did_you_mean(name, known),
    )


def no_kind(address: str, span: Span, known: Iterable[str]) -> Diagnostic:
    kind = address.partition(".")[0]
    return RULE.at(
        span,
        f'"{address}" is the address of no resource, as there is no kind "{kind}".',
        text="no such kind",
        help=did_you_mean(kind, known),
    )


def same_folder(case: str, other: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'The snapshots of the cases "{case}" and "{other}" would lie in one folder, as their names differ in '
        "nothing but case, blanks and signs. Give one of them another name.",
        text="the same folder of snapshots",
    )
