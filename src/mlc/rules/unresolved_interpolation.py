"""unresolved-interpolation: a `${…}` leads nowhere.

Why it matters: the value it stands for does not exist, so nothing can be made of it.
How to mend it: correct the key; the message names the closest ones. A key that begins with a dot is looked up
from the map the interpolation stands in, any other from the root of the document.
"""

from __future__ import annotations

from typing import Any

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.node import Node
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "An interpolation leads nowhere.")

BAD = {"env/dev.yaml": "vars:\n  region: ${vars.plaec}\n  place: westeurope\n"}
GOOD = {"env/dev.yaml": "vars:\n  region: ${vars.place}\n  place: westeurope\n"}


def found(span: Span, whole: str, before: str, key: str, current: Node, help_text: str = "") -> Diagnostic:
    """The reference `whole` stops at `key`, which is not in the node `current` that `before` leads to."""
    where = f"`{before}`" if before.strip(".") else "the document" if not before else "the map it refers to"
    if type(current.value) is dict:
        reason = f"{where} has no `{key}`"
    elif type(current.value) is tuple:
        count = len(current.value)
        reason = f"{where} is a list of {count} item{'' if count == 1 else 's'} and has no item `{key}`"
    else:
        reason = f"{where} is a single value and cannot hold `{key}`"
    return RULE.at(span, f"`${{{whole}}}` cannot be resolved: {reason}.", text=reason, help=help_text)


def above_root(span: Span, text: str) -> Diagnostic:
    """More leading dots than there are levels."""
    return RULE.at(
        span,
        f"`{text}` goes up further than the root of the document.",
        text="too many dots",
        help="One dot means the map the interpolation stands in, and every further dot the one around it.",
    )


def mandatory(span: Span, key: str, at: Span) -> Diagnostic:
    """The value referred to is `???`."""
    return RULE.at(
        span,
        f"`{key}` is `???`: a value that someone must give, and nobody has.",
        text="refers to a value that is not given",
        related=(Label(at, "left to be given"),),
        help=f"Give `{key}` in a layer above, or on the command line.",
    )


def not_a_key(span: Span, text: str, value: Any) -> Diagnostic:
    """An interpolation that stands for a key or a resolver's name gives something else than text."""
    return RULE.at(
        span,
        f"In `{text}` an interpolation stands for a name, but gives {type(value).__name__} `{value}`.",
        text="not text",
        help="Put the value it refers to in quotes.",
    )


def resolver(span: Span, name: str, reason: str) -> Diagnostic:
    """An allowed resolver refuses its arguments."""
    return RULE.at(span, f"`${{{name}:…}}` cannot be resolved: {reason}", text=f"`{name}` fails")
