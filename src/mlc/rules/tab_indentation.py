"""tab-indentation: a line is indented by a tab.

Why it matters: YAML forbids tabs in indentation, because their width is not agreed upon and the indentation is
the structure.
How to mend it: replace the tab by spaces, and let the editor do so for `.yaml` files.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A line is indented by a tab.")

BAD = {"env/dev.yaml": "vars:\n\tregion: westeurope\n"}
GOOD = {"env/dev.yaml": "vars:\n  region: westeurope\n"}


def found(span: Span) -> Diagnostic:
    """The indentation of the line."""
    return RULE.at(
        span,
        "YAML does not accept tabs in indentation, because nobody can see how many columns a tab has.",
        text="a tab in the indentation",
        help="Indent with spaces: two for each level.",
    )
