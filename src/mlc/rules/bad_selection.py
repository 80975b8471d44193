"""bad-selection: a `--select`, an `--exclude` or a `--step` that cannot be followed.

Why it matters: a mistyped name would select nothing, and a mistyped exclusion would let through what was to be
left out.
How to mend it: write dbt's grammar: `model.churn`, `+deployment.web`, `model.churn+2`, `@model.churn`,
`tag:nightly`, `path:model/`, `owner:risk-ml`, `kind:model`, `state:modified+`; a space joins, a comma narrows.
`--step` takes the whole name of a step: `model.churn/train`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "The selection cannot be followed.")

_GRAMMAR = "`mlc rule bad-selection` shows the grammar."


def unknown_method(span: Span, method: str, known: Iterable[str]) -> Diagnostic:
    known = list(known)
    return RULE.at(
        span,
        f'There is no way to select by "{method}". Select by {listed(known)}, or by a name alone.',
        text="no such method",
        help=did_you_mean(method, known),
    )


def no_value(span: Span, text: str) -> Diagnostic:
    return RULE.at(
        span,
        f'"{text}" names nothing to select. Write a name or a method with a value, as `tag:nightly`.',
        text="a name is missing here",
        help=_GRAMMAR,
    )


def both(span: Span, text: str) -> Diagnostic:
    return RULE.at(
        span,
        f'"{text}" has @ in front and + with it. @ takes all that is downstream and what that builds on: leave the '
        "+ out.",
        text="@ and + do not go together",
        help=_GRAMMAR,
    )


def unknown_value(span: Span, method: str, value: str, known: Iterable[str]) -> Diagnostic:
    """A value that a method cannot have, whatever the project."""
    known = list(known)
    return RULE.at(
        span,
        f'"{method}:{value}" selects nothing in any project: write one of {listed(known)} after the colon.',
        text=f"not a {method}",
        help=did_you_mean(value, known),
    )


def nothing_there(
    span: Span, method: str, value: str, environments: Iterable[str], known: Iterable[str]
) -> Diagnostic:
    """A name that no resource has."""
    what = _WHAT.get(method, "no resource has it as its name or kind")
    return RULE.at(
        span,
        f'"{value}" selects nothing in {listed(environments)}: {what}. A pattern with * may match nothing; a name '
        "that is not there is taken for a mistake.",
        text="not found",
        help=did_you_mean(value, known),
    )


def no_step(name: str, environments: Iterable[str], known: Iterable[str]) -> Diagnostic:
    """A step that no resource has."""
    known = list(known)
    return RULE.at(
        None,
        f'There is no step "{name}" in {listed(environments)}. A step is named by its resource and its own name, as in '
        "model.churn/train.",
        help=did_you_mean(name, known),
    )


def with_steps() -> Diagnostic:
    return RULE.at(
        None,
        "--step names steps, and --select and --exclude name resources: one of them decides what is done. Leave the "
        "other out.",
    )


_WHAT = {
    "tag": "no resource has this tag",
    "owner": "no resource has this owner",
    "path": "no resource is written in a file or folder of this path",
}
