"""value-not-allowed: a value that is none of the choices.

Why it matters: the key takes one of a few values, and each means something definite.
How to mend it: write one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Rule
from mlc.ir.span import Span
from mlc.rules._words import did_you_mean, nearest

RULE = Rule.of(__name__, "error", "A value is none of the choices.")

BAD = {"target/here.yaml": "type: lokal\n"}
GOOD = {"target/here.yaml": "type: local\n"}


def found(
    value: Any, choices: Iterable[Any], span: Span, *, where: str, address: str, path: str
) -> Diagnostic:
    known = [str(choice) for choice in choices]
    guess = nearest(str(value), known)
    fix = None
    if guess is not None and not span.file.startswith("<"):
        fix = Fix(f'Write "{guess}"', (Edit(span, guess),), "unsafe")
    choice = f'"{known[0]}"' if len(known) == 1 else "one of " + ", ".join(f'"{word}"' for word in known)
    return RULE.at(
        span,
        f'{where} takes {choice}, not "{value}".',
        text="not a choice",
        help=did_you_mean(str(value), known),
        fix=fix,
        address=address,
        path=path,
    )
