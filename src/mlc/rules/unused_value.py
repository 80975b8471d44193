"""unused-value: a value that wins in no environment.

Why it matters: it looks as if it said something, and another layer always says something else.
How to mend it: remove it, or remove what overwrites it.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import Span

_MOST = 3  # places that a message names

RULE = Rule.of(__name__, "info", "A value wins in no environment.")

BAD = {
    "env/dev.yaml": "presets: {deployment: {port: 8081}}\n",
    "deployment/local.yaml": "model: churn\ntarget: here\nport: 0\n",
}
GOOD = {"env/dev.yaml": "presets: {deployment: {port: 8081}}\n"}


def found(path: str, span: Span, by: tuple[Span, ...], file: str) -> Diagnostic:
    """`by` is what stands over it; nothing where it reaches no resource. An empty path is the whole file."""
    what = f'"{path}"' if path else f"What `{file}` says"
    if by:
        places = ", ".join(map(str, by[:_MOST])) + (" and elsewhere" if len(by) > _MOST else "")
        detail = f"{what} is overwritten wherever it is used: by {places}."
    else:
        detail = f"{what} reaches no resource in any environment."
    return RULE.at(
        span,
        detail,
        text="never wins",
        related=tuple(Label(other, "overwrites it") for other in by[:_MOST]),
        help="Remove it, or what overwrites it." if by else "Remove it.",
        path=path,
    )
