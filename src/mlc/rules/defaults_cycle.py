"""defaults-cycle: defaults lists name each other in a circle.

Why it matters: each file would be a layer of itself, and composing would never end.
How to mend it: remove one of the entries, or move what the files share into a third one that both name.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "Defaults lists name each other in a circle.")

BAD = {"env/dev.yaml": "defaults: [_a, _self_]\n", "env/_a.yaml": "defaults: [dev, _self_]\n"}
GOOD = {"env/dev.yaml": "defaults: [_a, _self_]\n", "env/_a.yaml": "vars: {a: 1}\n"}


def found(span: Span | None, loop: list[str]) -> Diagnostic:
    """The files of the loop, the first repeated at the end."""
    shown = " → ".join(f"`{name}`" for name in loop)
    return RULE.at(
        span,
        f"The file becomes a layer of itself: {shown}.",
        text="closes the circle",
        help="Remove this entry, or move what the files share into a file that names neither of them.",
    )
