"""unsafe-tag: a value carries a YAML tag.

Why it matters: tags such as `!!python/object` ask a reader to build objects or run code, and a configuration
must be data only. Unknown tags have no meaning here.
How to mend it: remove the tag. `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!map` and `!!seq` are allowed.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A value carries a tag that is not allowed.")

BAD = {"env/dev.yaml": "vars:\n  folder: !!python/name:os.getcwd ''\n"}
GOOD = {"env/dev.yaml": "vars:\n  folder: !!str 2024\n"}


def found(span: Span, tag: str) -> Diagnostic:
    """The tag of the value at `span`."""
    core = "tag:yaml.org,2002:"
    shown = "!!" + tag.removeprefix(core) if tag.startswith(core) else tag
    shown = shown if len(shown) <= 60 else shown[:60] + "…"
    return RULE.at(
        span,
        f"The tag `{shown}` is refused: a configuration holds data, never objects to build or code to run.",
        text="tagged value",
        help="Remove the tag, and put the value in quotes if it is text.",
    )
