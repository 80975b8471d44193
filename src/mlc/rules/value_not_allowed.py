"""value-not-allowed: a value that is none of the choices.

Why it matters: the key takes one of a few values, and each means something definite.
How to mend it: write one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Rule
from mlc.ir.span import Span
from mlc.rules._fixes import instead
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A value is none of the choices.")

BAD = {"target/here.yaml": "type: lokal\n"}
GOOD = {"target/here.yaml": "type: local\n"}


def found(
    value: Any, choices: Iterable[Any], span: Span, *, where: str, address: str, path: str
) -> Diagnostic:
    choices = list(choices)
    known = [str(choice) for choice in choices]
    same = next((choice for choice in choices if not isinstance(choice, str) and str(choice) == value), None)
    fix = instead(str(value), [choice for choice in choices if isinstance(choice, str)], span)
    if same is not None and not span.file.startswith("<"):
        fix = Fix(f"Write {json.dumps(same)} without quotes", (Edit(span, json.dumps(same)),))
    shown = [_shown(choice) for choice in choices]
    wanted = shown[0] if len(shown) == 1 else "one of " + ", ".join(shown)
    return RULE.at(
        span,
        f"{where} takes {wanted}, not {_shown(value)}.",
        text="not a choice",
        help=did_you_mean(str(value), known) if len(known) > 1 or fix else "",
        fix=fix,
        address=address,
        path=path,
    )


def _shown(value: Any) -> str:
    """Text in quotes, so that "1" is not taken for 1."""
    return f'"{value}"' if isinstance(value, str) else json.dumps(value)
