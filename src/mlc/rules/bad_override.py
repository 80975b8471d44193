"""bad-override: an override on the command line cannot be applied.

Why it matters: what was asked for would be lost, and the result would be that of another question.
How to mend it: `key=value` changes a value that exists, `+key=value` adds one, `++key=value` does either and `~key`
removes one. Quote values that hold spaces, commas or brackets.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import COMMAND_LINE, Span

RULE = Rule.of(__name__, "error", "An override cannot be applied.")

BAD: dict[str, str] = {}  # stands on the command line, not in a file
GOOD: dict[str, str] = {}


def found(
    text: str,
    index: int,
    detail: str,
    help_text: str = "",
    *,
    columns: tuple[int, int] | None = None,
    label: str = "",
    related: tuple[Label, ...] = (),
) -> Diagnostic:
    """The override `text`, the `index`-th on the command line from 1; `columns` from 1, the end not included."""
    start, end = columns or (1, len(text) + 1)
    span = Span(COMMAND_LINE, index, start, index, end)
    return RULE.at(span, detail, text=label, related=related, help=help_text)
