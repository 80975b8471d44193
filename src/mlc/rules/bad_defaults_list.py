"""bad-defaults-list: a defaults list is not written as Hydra reads it.

Why it matters: the layers of the file and their order are unknown.
How to mend it: `defaults` is a list. Each entry is the name of a file, or one `group: option`, or `_self_`; entries
with `override` come last.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A defaults list cannot be read.")

BAD = {"env/dev.yaml": "defaults: {cloud: azure}\n"}
GOOD = {"env/dev.yaml": "defaults: [_self_]\nvars: {}\n"}


def found(
    span: Span | None, detail: str, help_text: str = "", *, text: str = "", related: tuple[Label, ...] = ()
) -> Diagnostic:
    """The list or the entry that is at fault."""
    return RULE.at(span, detail, text=text, related=related, help=help_text)
