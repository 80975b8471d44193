"""Spans count characters from 1, the protocol code units from 0, and they differ on what ends a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position

from mlc import load
from mlc.ir.span import Span
from mlc.language_server.positions import Text

SPAN = Span("a.yaml", 2, 4, 2, 6)
UNITS = {"utf-8": 1, "utf-16": 2}


def at(line: int, character: int) -> Position:
    return Position(line, character)


@pytest.mark.parametrize(
    ("encoding", "before", "start", "end"),
    [
        ("utf-16", "a: ", 3, 5),
        ("utf-16", "😀: ", 4, 6),
        ("utf-16", "貸: ", 3, 5),
        ("utf-16", "é: ", 3, 5),
        ("utf-8", "😀: ", 6, 8),
        ("utf-8", "貸: ", 5, 7),
        ("utf-32", "😀: ", 3, 5),
    ],
)
def test_counts_code_units(encoding: str, before: str, start: int, end: int) -> None:
    text = Text(f"x: 1\n{before}ab\n", encoding)
    found = text.range(SPAN)
    assert (found.start, found.end) == (at(1, start), at(1, end))
    assert text.line_and_column(text.offset(found.start)) == (2, 4)


def test_counts_within_the_span_too() -> None:
    assert Text("x: 1\na: 😀😀").range(SPAN).end == at(1, 7)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_as_the_protocol_has_it(newline: str) -> None:
    text = Text(f"x: 1{newline}a: bc{newline}d: 2")
    assert text.range(SPAN).start == at(1, 3)
    assert text.position(text.offset(at(2, 0))) == at(2, 0)


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029"])
def test_what_ends_a_line_of_yaml_only_ends_none_of_the_protocol(separator: str) -> None:
    text = Text(f"x: 1{separator}a: bc")
    assert text.range(SPAN).start == at(0, 8)
    assert text.line_and_column(text.offset(at(0, 8))) == (2, 4)


def test_a_byte_order_mark_is_no_character() -> None:
    assert Text("\ufeffab: 1").range(Span("a", 1, 1, 1, 3)).end == at(0, 2)


def test_what_lies_beyond_the_text_stands_at_its_end() -> None:
    text = Text("ab\ncd")
    assert text.offset(at(9, 0)) == 5
    assert text.offset(at(0, 99)) == 2
    assert text.range(Span("a", 7, 1, 9, 4)).start == at(1, 2)
    assert text.range(Span("a", 1, 3, 1, 1)).end == at(0, 2)


lines = st.text(st.sampled_from("ab:é貸😀𝔘 -\t"), max_size=8)


@given(
    st.lists(lines, max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-16", "utf-32"]),
)
def test_every_offset_has_one_position(parts: list[str], newline: str, encoding: str) -> None:
    text = Text(newline.join(parts), encoding)
    for offset in range(len(text.text) + 1):
        if text.text[max(0, offset - 1) : offset + 1] == "\r\n":
            continue  # between the two there is no position
        position = text.position(offset)
        assert text.offset(position) == offset
        before = newline.join(parts)[:offset].split(newline)
        units = before[-1] if encoding == "utf-32" else before[-1].encode(encoding.replace("16", "16-le"))
        assert position == at(len(before) - 1, len(units) // (2 if encoding == "utf-16" else 1))


def test_agrees_with_the_spans_of_the_loader() -> None:
    written = "貸出: {😀: '𝔘x', b: [é, 借]}\r\n# 😀\r\nc: 末\r\n"
    text = Text(written)
    node = load.read(written, "a.yaml").node
    assert node is not None
    read = {}
    for path, child in node.walk():
        if isinstance(child.value, str):
            start, end = (
                text.offset(one) for one in (text.range(child.span).start, text.range(child.span).end)
            )
            read[path] = text.text[start:end]
    assert read == {
        ("貸出", "😀"): "'𝔘x'",
        ("貸出", "b", 0): "é",
        ("貸出", "b", 1): "借",
        ("c",): "末",
    }
