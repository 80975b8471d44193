"""Fixes that rules share. `safe` is only what keeps the meaning that the author must have had; a guess is not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from mlc.ir.diagnostic import Edit, Fix
from mlc.ir.span import Span
from mlc.rules._words import nearest

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
_TRUTH = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}


def instead(word: str, known: Iterable[str], span: Span | None) -> Fix | None:
    """The known word that was probably meant, in the place of one that is not known: a guess, so unsafe."""
    guess = nearest(word, known)
    if guess is None or span is None or span.file.startswith("<"):
        return None
    return Fix(f'Write "{guess}"', (Edit(span, as_text(guess)),), "unsafe")


def as_text(word: str) -> str:
    """A text as YAML, in quotes where it would be read as something else."""
    if _PLAIN.match(word) and word.lower() not in _NOT_TEXT:
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def as_type(value: Any, expected: Iterable[str], span: Span) -> Fix | None:
    """The same value written as a type that its key takes, where there is only one way to mean it."""
    expected = set(expected)
    if span.file.startswith("<") or span.line != span.end_line or span.column == span.end_column:
        return None
    if isinstance(value, bool | int | float) and "string" in expected:
        return _around(span, '"', '"', "Put it in quotes: the text as it is written")
    if not isinstance(value, str):
        return None
    if _WHOLE.match(value) and expected & {"integer", "number"}:
        return Fix(f"Write the number {value}", (Edit(span, value),))
    if _NUMBER.match(value) and "number" in expected:
        return Fix(f"Write the number {value}", (Edit(span, value),))
    if value.lower() in _TRUTH and "boolean" in expected:
        return Fix(f"Write {_TRUTH[value.lower()]}", (Edit(span, _TRUTH[value.lower()]),))
    if "array" in expected and _PLAIN.match(value):
        return _around(span, "[", "]", "Make it a list of one")
    return None


def _around(
    span: Span, before: str, after: str, title: str, safety: Literal["safe", "unsafe"] = "safe"
) -> Fix:
    """Something before a value and something behind it: what its author wrote stays between them."""
    start = Span(span.file, span.line, span.column, span.line, span.column)
    end = Span(span.file, span.end_line, span.end_column, span.end_line, span.end_column)
    return Fix(title, (Edit(start, before), Edit(end, after)), safety)
