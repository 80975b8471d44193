"""What a text with interpolations mentions, without resolving it: its keys, its places, its mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.compose.grammar import GrammarError, Reference, parse
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.rules import bad_interpolation, too_large


def references(text: str) -> tuple[str, ...]:
    """The keys that a text with interpolations mentions, as written, outermost first."""
    return tuple(dict.fromkeys(_written(reference, text) for reference in readings(text)))


def readings(text: str) -> Iterator[Reference]:
    """Every interpolation of a text that reads a value, wherever in it one stands, nested ones too."""

    try:
        yield from _references_in(parse(text) if "${" in text else None)
    except GrammarError:
        return


def _references_in(part: Any) -> Iterator[Reference]:
    if isinstance(part, Reference):
        yield part
    if isinstance(part, Struct):
        part = tuple(getattr(part, name) for name in part.__struct_fields__)
    for each in part if isinstance(part, tuple) else ():
        yield from _references_in(each)


def grammar_diagnostics(node: Node) -> tuple[Diagnostic, ...]:
    """Every text of a tree that is no interpolation OmegaConf accepts, though it contains `${`."""
    found: list[Diagnostic] = []

    def visit(node: Node) -> None:
        value = node.value
        if type(value) is str:
            if "${" in value and len(found) <= too_large.MOST_MISTAKES:
                try:
                    parse(value)
                except GrammarError as error:
                    found.append(bad_interpolation.found(part_of(node, error.offset), value, error.problem))
        elif type(value) is dict:
            for child in value.values():
                visit(child)
        elif type(value) is tuple:
            for child in value:
                visit(child)

    visit(node)
    if len(found) > too_large.MOST_MISTAKES:
        found.append(too_large.mistakes(node.span))
    return tuple(found)


def split_key(key: str) -> list[str]:
    """The parts of a key written with dots and brackets: `a.b[c]` is a, b, c; empty parts are kept."""
    head = _HEAD.match(key)
    stop = head.end() if head is not None else 0
    parts = key[:stop].split(".")
    if stop == len(key):
        return parts
    if key[stop] == "[" and not parts[-1]:
        parts.pop()
    parts += [dotted or bracketed for dotted, bracketed in _REST.findall(key[stop:])]
    return parts


def part_of(node: Node, start: int, end: int | None = None) -> Span:
    """The span of a part of a text, where the text stands on one line as it is; else the whole span."""
    span = node.span
    text = node.value
    if span.line != span.end_line:
        return span
    extra = (span.end_column - span.column) - len(text)
    if extra not in (0, 2):
        return span
    column = span.column + extra // 2
    # What is missing at the end of a text is shown just behind it.
    stop = start + 1 if end is None else end
    return Span(span.file, span.line, column + start, span.line, column + stop)


def _written(reference: Reference, text: str) -> str:
    """The key of a reference, the interpolations within it as they stand in the text."""
    parts = [
        (bracketed, key if isinstance(key, str) else text[key.start : key.end])
        for bracketed, key in reference.parts
    ]
    joined = "".join(f"[{key}]" if bracketed else f".{key}" for bracketed, key in parts)
    return "." * reference.dots + joined.removeprefix(".")


_HEAD = re.compile(r"(\.)*[^.[]*")
_REST = re.compile(r"\.([^.[]*)|\[(.*?)\]")
