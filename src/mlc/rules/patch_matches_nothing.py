"""patch-matches-nothing: a patch or a preset for something that does not exist.

Why it matters: it would have no effect, and whoever wrote it believes that it has one.
How to mend it: correct the name, or remove the entry.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._fixes import instead
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A patch or preset matches nothing.")

BAD = {"env/dev.yaml": "patch: {model: {chrun: {description: Fast.}}}\n"}
GOOD = {"env/dev.yaml": "patch: {model: {churn: {description: Fast.}}}\n"}


def found(what: str, name: str, span: Span, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        span,
        f'There is no {what} "{name}", so this entry would have no effect. Correct the name or remove it.',
        text=f"no such {what}",
        help=did_you_mean(name, known),
        fix=instead(name, known, span),
    )
