"""bad-package-header: a `# @package` comment cannot be read.

Why it matters: comments of the form `# @package name` at the top of a file decide where Hydra puts its values;
one that cannot be read would put them elsewhere.
How to mend it: write `# @package name` with exactly one name, or drop the `@`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A `# @package` comment cannot be read.")

BAD = {"env/dev.yaml": "# @package one two\nvars: {}\n"}
GOOD = {"env/dev.yaml": "# a comment\nvars: {}\n"}


def found(span: Span, line: str) -> Diagnostic:
    """The comment line."""
    shown = line if len(line) <= 80 else line[:80] + "…"
    return RULE.at(
        span,
        f"`{shown}` is a header for Hydra, which has the form `# @package name`.",
        text="not `# @key value`",
        help="Give exactly one name after `@package`, or remove the `@` if this is a comment.",
    )
