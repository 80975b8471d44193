"""module-refused: a module holds what no module may hold.

Why it matters: links and submodules lead elsewhere, strange names and great sizes are a mistake or an attack, and a
module without layers is the wrong folder.
How to mend it: a module is a folder that has folders of kinds (`model`, `deployment`, …) or `env` with YAML files in
them; remove what the message names, or give `path` the folder that is meant.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A module holds what no module may hold.")


def found(name: str, span: Span, reason: str, help_text: str = "") -> Diagnostic:
    return RULE.at(
        span,
        f"The module {name} is refused: {reason}.",
        text="refused",
        help=help_text or "Remove it from the module, or name another folder of it with `path`.",
        path=f"modules.{name}",
    )
