"""unsafe-config-name: a name leads out of the project, or into Hydra's own settings.

Why it matters: a project that is only being validated must not read other files of the machine, and Hydra's settings
can load plugins and search paths.
How to mend it: name files below the project's folder, in folders and names of letters, digits, `_`, `-` and dots.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A name leads out of the project.")

BAD = {"env/dev.yaml": "defaults: [../../etc/passwd, _self_]\n"}
GOOD = {"env/dev.yaml": "defaults: [_self_]\n"}


def found(span: Span | None, name: str, reason: str) -> Diagnostic:
    """The name and why it is refused."""
    shown = name if len(name) <= 80 else name[:80] + "…"
    return RULE.at(
        span,
        f"`{shown}` is refused: {reason}.",
        text=reason,
        help="Name a file below the project's folder.",
    )


def hydra(span: Span | None, key: str) -> Diagnostic:
    """A setting of Hydra itself."""
    return RULE.at(
        span,
        f"`{key}` sets up Hydra itself, which is never started here: only its language is used.",
        text="a setting of Hydra",
        help="Remove it.",
    )
