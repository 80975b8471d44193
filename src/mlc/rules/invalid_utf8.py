"""invalid-utf8: a file is not UTF-8 text.

Why it matters: bytes that are not UTF-8 mean different characters on different machines.
How to mend it: save the file as UTF-8.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "The file is not UTF-8 text.")

# The lone surrogate stands for the byte 0xFC: write these files with errors="surrogateescape".
BAD = {"env/dev.yaml": "vars:\n  city: M\udcfcnchen\n"}
GOOD = {"env/dev.yaml": "vars:\n  city: München\n"}


def found(span: Span, byte: int) -> Diagnostic:
    """The first byte that cannot be read."""
    return RULE.at(
        span,
        f"The byte 0x{byte:02X} here does not belong to any UTF-8 character.",
        text="not UTF-8",
        help="Save the file with the encoding UTF-8.",
    )
