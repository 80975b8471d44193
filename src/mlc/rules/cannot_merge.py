"""cannot-merge: a layer has a form that cannot be merged.

Why it matters: layers are merged key by key; a map and a list have nothing to be merged by, nor has a single value.
How to mend it: use the same form in both layers, or give the value another name.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A layer has a form that cannot be merged.")

BAD = {
    "env/dev.yaml": "defaults: [_base, _self_]\nvars: {zones: {a: 1}}\n",
    "env/_base.yaml": "vars: {zones: [a, b]}\n",
}
GOOD = {
    "env/dev.yaml": "defaults: [_base, _self_]\nvars: {zones: [a]}\n",
    "env/_base.yaml": "vars: {zones: [a, b]}\n",
}


def found(high: Span, low: Span, path: tuple[str, ...], *, high_is_map: bool) -> Diagnostic:
    """The higher layer at `high`, what it was to be merged into at `low`."""
    new, old = ("a map", "a list") if high_is_map else ("a list", "a map")
    key = ".".join(str(part) for part in path) or "the whole file"
    return RULE.at(
        high,
        f"`{key}` is {new} here and {old} in the layer below, and the two cannot be merged.",
        text=new,
        related=(Label(low, f"{old} in the layer below"),),
        help="Use the same form in both layers.",
    )


def not_a_map(span: Span, name: str) -> Diagnostic:
    """A file whose root is a single value, or a list that has no package to stand in."""
    return RULE.at(
        span,
        f"`{name}` must hold a map of keys and values at its top.",
        text="not a map",
        help="Write `key: value`, with a space after the colon.",
    )
