"""Replacing pieces of a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from mlc.ir.diagnostic import Edit
from mlc.ir.span import Span


class EditsOverlap(ValueError):
    """Two edits of one text want the same place."""


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with the span of each edit replaced. The same edit twice counts once.

    Spans count lines and columns from 1, a byte order mark not counted. Raises EditsOverlap where two edits
    touch each other: which of the two texts comes first would be a guess. Raises ValueError for a span that
    the text does not have.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix("\ufeff")
    starts = line_starts(text)
    placed = sorted({(*offsets(starts, text, edit.span), edit.text) for edit in edits})
    for (_, end, _), (start, _, _) in pairwise(placed):
        if start <= end:
            raise EditsOverlap(f"two edits at offset {start}")
    for start, end, new in reversed(placed):
        text = text[:start] + new + text[end:]
    return mark + text


def touch(one: Span, other: Span) -> bool:
    """Whether two spans of one file overlap or stand side by side with nothing between them."""
    if one.file != other.file:
        return False
    first, second = sorted((each.line, each.column, each.end_line, each.end_column) for each in (one, other))
    return second[:2] <= first[2:]


def line_starts(text: str) -> list[int]:
    """The offset of each line. Lines end as in YAML 1.2: with LF, CR, or both."""
    starts = [0]
    for index, character in enumerate(text):
        if character == "\n" or (character == "\r" and text[index + 1 : index + 2] != "\n"):
            starts.append(index + 1)
    return starts


def offsets(starts: Sequence[int], text: str, span: Span) -> tuple[int, int]:
    """The offsets of a span. Raises ValueError where the text has no such place."""
    if not 1 <= span.line <= len(starts) or not 1 <= span.end_line <= len(starts):
        raise ValueError(f"the text has no line {span.end_line}")
    start = starts[span.line - 1] + span.column - 1
    end = starts[span.end_line - 1] + span.end_column - 1
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"the text has no place {span}")
    return start, end


def slice_of(text: str, span: Span) -> str:
    """The text that stands at a span. Raises ValueError where the text has no such place."""
    text = text.removeprefix("\ufeff")
    start, end = offsets(line_starts(text), text, span)
    return text[start:end]
