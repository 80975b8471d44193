"""unknown-key: a key that the kind does not have.

Why it matters: a mistyped key would be ignored, and the value it was meant to set would keep its default.
How to mend it: correct the key, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._fixes import instead
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A key is not known here.")

BAD = {"runtime/python.yaml": "python: '3.11'\nimagee: python@sha256:" + "0" * 64 + "\n"}
GOOD = {"runtime/python.yaml": "python: '3.11'\nimage: python@sha256:" + "0" * 64 + "\n"}


def found(key: str, span: Span, known: Iterable[str], *, where: str, address: str, path: str) -> Diagnostic:
    known = sorted(known)
    fix = instead(key, known, span)
    return RULE.at(
        span,
        f'{where} has no key "{key}", and a key that is not known would be ignored. Correct or remove it.',
        text="not known",
        help=did_you_mean(key, known),
        fix=fix,
        address=address,
        path=path,
    )
