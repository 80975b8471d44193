"""bad-template: a template of a backend of the project's own cannot be filled.

Why it matters: nothing would be written, or something that its format reads as other than what was meant.
How to mend it: correct the line of the template that is pointed at.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import Span
from mlc.rules.backend_missing import GOOD as _GOOD

RULE = Rule.of(__name__, "error", "A template cannot be filled.")

_TEMPLATE = "backends/systemd/unit.service.j2"
BAD = {**_GOOD, _TEMPLATE: "[Unit]\nDescription={{ resource.descripton | comment }}\n"}
GOOD = {**_GOOD, _TEMPLATE: "[Unit]\nDescription={{ resource.description | comment }}\n"}


def found(
    reason: str, span: Span, hint: str = "", address: str = "", related: tuple[Label, ...] = ()
) -> Diagnostic:
    text = f"For {address}, {reason}." if address else f"{reason[:1].upper()}{reason[1:]}."
    return RULE.at(span, text, text="here", help=hint, address=address, related=related)
