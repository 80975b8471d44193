"""moved-twice: two resources renamed to one.

Why it matters: only one of them can have been what the new name stands for; the other would be lost unnoticed.
How to mend it: keep the entry of the one that it was. Where one name followed the other, write a chain: `a: b, b: c`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "Two resources are renamed to one.")

_PROJECT = "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
BAD = {"mlc.yaml": _PROJECT + "moved: {model.leavers: model.churn, model.quitters: model.churn}\n"}
GOOD = {"mlc.yaml": _PROJECT + "moved: {model.leavers: model.quitters, model.quitters: model.churn}\n"}


def found(now: str, span: Span, first: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"Another resource was renamed to {now} already. Keep the entry of the one that it was; where one name "
        "followed the other, lead the first to the second and the second to the new one.",
        text="a second time",
        related=(Label(first, "the first"),),
        path=f"moved.{now}",
    )
