"""control-character: a file holds an invisible character.

Why it matters: control characters, marks that turn the direction of writing and invisible marks make a text
look different from what is read: a reviewer approves one thing and the machine does another.
How to mend it: delete the character. In double quotes it may be written visibly, as in "\\u200b".
"""

from __future__ import annotations

import unicodedata

from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "The file holds an invisible character.")

BAD = {"env/dev.yaml": "vars:\n  region: west\u202eeporue\n"}
GOOD = {"env/dev.yaml": "vars:\n  region: westeurope\n"}


def found(span: Span, character: str) -> Diagnostic:
    """The first such character of a file."""
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "a control character")
    return RULE.at(
        span,
        f"The character {code} ({name}) cannot be seen, so the text reads differently from what it says.",
        text=code,
        help="Delete it, or write it as an escape in double quotes if it belongs to the value.",
        fix=Fix(f"Delete {code}", (Edit(span, ""),), "unsafe"),
    )
