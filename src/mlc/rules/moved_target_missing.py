"""moved-target-missing: a rename that leads to no resource.

Why it matters: what was applied under the old name would be destroyed, which a rename is written to prevent.
How to mend it: correct the new address; or remove the entry once the resource is gone for good.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Rule
from mlc.ir.span import Span
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A rename leads to no resource.")

_PROJECT = "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
BAD = {"mlc.yaml": _PROJECT + "moved: {model.leavers: model.chrun}\n"}
GOOD = {"mlc.yaml": _PROJECT + "moved: {model.leavers: model.churn}\n"}


def found(was: str, now: str, span: Span, guess: str | None, known: Iterable[str]) -> Diagnostic:
    kind, _, name = now.partition(".")
    return RULE.at(
        span,
        f"{was} is said to be {now} now, and there is no file {kind}/{name}.yaml. Correct the address; or remove "
        "the entry, and what was applied under the old name is destroyed.",
        text="no such resource",
        help=did_you_mean(now, known),
        fix=None if guess is None else Fix(f'Write "{guess}"', (Edit(span, guess),), "unsafe"),
        path=f"moved.{was}",
    )


def circle(was: str, names: tuple[str, ...], span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"These renames lead in a circle: {' → '.join(names)}. None of them is a resource's name now. Remove the "
        "entries that are not true any more.",
        text="leads back",
        path=f"moved.{was}",
    )
