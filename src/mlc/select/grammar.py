"""dbt's selector grammar: `--select "+deployment.web tag:nightly,state:modified+"`.

A space (or another `--select`) joins, a comma narrows. A term is a method with a value, or a value alone, with
`+` in front for what it builds on and behind for what builds on it (`2+`, `+2`: only so far), or `@` in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.selection import ALL, Selection, Term
from mlc.ir.span import COMMAND_LINE, Span
from mlc.rules import bad_selection

METHODS = ("kind", "owner", "path", "state", "tag")
ALIASES = {"resource_type": "kind"}
STATES = ("new", "old", "modified", "unmodified", "removed")

_TERM = re.compile(
    r"(?P<joined>@)?(?P<upstream>\d*\+)?(?:(?P<method>[\w.-]+):)?(?P<value>.*?)(?P<downstream>\+\d*)?",
    re.DOTALL,
)
_MOST_STEPS = 1_000_000


def parse(
    select: tuple[str, ...], exclude: tuple[str, ...], kinds: tuple[str, ...]
) -> tuple[Selection, tuple[Diagnostic, ...]]:
    """What `--select` and `--exclude` ask for, and every mistake in it. Its lines are those of `source`."""
    found: list[Diagnostic] = []
    groups = [
        tuple(_groups(text, line, kinds, found)) for line, text in enumerate((*select, *exclude), start=1)
    ]
    chosen = tuple(group for of_text in groups[: len(select)] for group in of_text)
    left = tuple(group for of_text in groups[len(select) :] for group in of_text)
    return Selection(chosen, left, select, exclude), tuple(found)


def source(select: tuple[str, ...], exclude: tuple[str, ...]) -> str:
    """The text that the spans of a selection point into."""
    return "\n".join(" ".join(text.splitlines()) for text in (*select, *exclude))


def _groups(
    text: str, line: int, kinds: tuple[str, ...], found: list[Diagnostic]
) -> Iterator[tuple[Term, ...]]:
    words = list(re.finditer(r"\S+", text))
    if not words:
        found.append(bad_selection.no_value(Span(COMMAND_LINE, line, 1, line, 1), text))
    for word in words:
        terms, column = [], word.start() + 1
        for part in word.group().split(","):
            span = Span(COMMAND_LINE, line, column, line, column + max(1, len(part)))
            term = _term(part, span, kinds)
            if isinstance(term, Diagnostic):
                found.append(term)
            else:
                terms.append(term)
            column += len(part) + 1
        if terms:
            yield tuple(terms)


def _term(text: str, span: Span, kinds: tuple[str, ...]) -> Term | Diagnostic:
    match = _TERM.fullmatch(text)
    assert match is not None, text  # every part may be absent, and the value takes the rest
    method = ALIASES.get(match["method"], match["method"]) if match["method"] is not None else ""
    value = match["value"]
    if not value:
        return bad_selection.no_value(span, text)
    if match["joined"] and (match["upstream"] or match["downstream"]):
        return bad_selection.both(span, text)
    if method and method not in METHODS:
        return bad_selection.unknown_method(span, match["method"], METHODS)
    if method == "state" and value not in STATES:
        return bad_selection.unknown_value(span, method, value, STATES)
    if method == "kind" and value not in kinds and not set(value) & set("*?["):
        return bad_selection.unknown_value(span, method, value, kinds)
    return Term(
        method=method,
        value=value,
        text=text,
        span=span,
        upstream=_steps((match["upstream"] or "")[:-1], match["upstream"]),
        downstream=_steps((match["downstream"] or "")[1:], match["downstream"]),
        joined=match["joined"] is not None,
    )


def _steps(number: str, written: str | None) -> int:
    """How far: `+` is any distance, `2+` two references, nothing none."""
    if written is None:
        return 0
    return min(int(number[:9]), _MOST_STEPS) if number else ALL
