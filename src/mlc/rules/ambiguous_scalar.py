"""ambiguous-scalar: an unquoted value is read as something else than it looks like.

Why it matters: YAML 1.1 reads `no` as a boolean, `010` as eight and `1:30` as ninety. What was meant as text
becomes a number or a truth value without a word.
How to mend it: put the value in quotes if it is text, or write the value it is read as.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "warning", "An unquoted value is read as something else than it looks like.")

BAD = {"env/dev.yaml": "vars:\n  country: no\n"}
GOOD = {"env/dev.yaml": 'vars:\n  country: "no"\n  strict: false\n'}


def found(span: Span, text: str, meaning: str, plainly: str) -> Diagnostic:
    """`text` is read `meaning`; `plainly` is the same value written without doubt."""
    return RULE.at(
        span,
        f"`{text}` without quotes is read {meaning}.",
        text=f"read {meaning}",
        help=f'Write `{plainly}` if that is meant, and `"{text}"` if the text is meant.',
        fix=Fix(f"Write {plainly}, which means the same", (Edit(span, plainly),)),
    )
