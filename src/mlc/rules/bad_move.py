"""bad-move: a rename from or to something that is no address of a resource.

Why it matters: a resource keeps its kind for life; what was learned or deployed as one kind cannot become another.
How to mend it: write KIND.NAME on both sides, with the same kind.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A rename is not from one address to another.")

_PROJECT = "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
BAD = {"mlc.yaml": _PROJECT + "moved: {dataset.leavers: model.churn}\n"}
GOOD = {"mlc.yaml": _PROJECT + "moved: {model.leavers: model.churn}\n"}


def no_kind(kind: str, address: str, span: Span, kinds: Iterable[str]) -> Diagnostic:
    return RULE.at(
        span,
        f'"{address}" is no address of a resource, as there is no kind "{kind}". Write KIND.NAME.',
        text="no such kind",
        help=did_you_mean(kind, kinds),
        path=f"moved.{address}",
    )


def other_kind(was: str, now: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"{was} cannot become {now}: a rename keeps the kind. Name a resource of the same kind, or remove the "
        "entry; then the one is destroyed and the other created.",
        text="of another kind",
        path=f"moved.{was}",
    )
