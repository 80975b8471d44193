"""moved-source-exists: a resource that was renamed and is still there.

Why it matters: there would be two resources, and only one of them can have what was applied under the old name.
How to mend it: remove the old file, or the entry in `moved`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A renamed resource still exists under its old name.")

_PROJECT = "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
_MOVED = {"mlc.yaml": _PROJECT + "moved: {target.there: target.here}\n"}
BAD = {**_MOVED, "target/there.yaml": "type: local\n"}
GOOD = _MOVED


def found(was: str, now: str, span: Span) -> Diagnostic:
    kind, _, name = was.partition(".")
    return RULE.at(
        span,
        f"{was} was renamed to {now}, and {kind}/{name}.yaml still describes it. Remove that file, or remove this "
        "entry; then the two are resources of their own.",
        text="still described",
        path=f"moved.{was}",
    )
