"""unresolved-reference: a field names a resource that does not exist.

Why it matters: there is nothing to build on.
How to mend it: correct the name, or add the file it names.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._fixes import instead
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A reference names nothing.")

BAD = {"deployment/local.yaml": "model: chrun\ntarget: here\n"}
GOOD = {"deployment/local.yaml": "model: churn\ntarget: here\n"}


def found(
    kind: str,
    name: str,
    span: Span,
    known: Iterable[str],
    *,
    environment: str,
    elsewhere: bool,
    address: str,
    path: str,
) -> Diagnostic:
    known = sorted(known)
    fix = instead(name, known, span)
    if elsewhere:
        why = f"{kind}/{name}.yaml exists but is disabled or left out of the environment {environment}"
        mend, there = "Name another, or let it exist there.", "in this environment"
    else:
        why = f"there is no file {kind}/{name}.yaml"
        mend, there = "Correct the name or add the resource.", "in this project yet"
    return RULE.at(
        span,
        f'"{path}" must name a resource of kind {kind}, and {why}. {mend}',
        text=f"not in {environment}" if elsewhere else f"no {kind} of this name",
        help=did_you_mean(name, known) or f"There is no {kind} {there}.",
        fix=fix,
        address=address,
        path=path,
    )
