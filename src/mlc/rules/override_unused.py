"""override-unused: an override of the defaults list matches nothing.

Why it matters: the author wanted another layer, and would get the old one without a word.
How to mend it: name the group as it stands in the defaults list, with its package if it has one; to bring in a group
that is not there, add an entry without `override`, or use `+group=option` on the command line.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "An override of the defaults list matches nothing.")

BAD = {"env/dev.yaml": "defaults: [_self_, override region: west]\n"}
GOOD = {"env/dev.yaml": "defaults: [_self_]\n"}


def found(span: Span | None, key: str, help_text: str) -> Diagnostic:
    """The override of `key`."""
    return RULE.at(
        span,
        f"No entry of the defaults lists chooses `{key}`, so there is nothing to override.",
        text="matches no entry",
        help=help_text,
    )


def deletion(span: Span | None, key: str) -> Diagnostic:
    """A `~group` that matches nothing."""
    return RULE.at(
        span,
        f"No entry of the defaults lists chooses `{key}`, so there is nothing to remove.",
        text="matches no entry",
        help="Name the group, and its option if you give one, as they stand in the defaults list.",
    )
