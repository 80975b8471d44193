"""What the shared fixes write, and where they write nothing."""

from __future__ import annotations

from typing import Any

import pytest

from mlc import load
from mlc.edit import apply_edits
from mlc.ir.node import plain
from mlc.ir.span import COMMAND_LINE, Span
from mlc.rules._fixes import as_text, as_type, instead


@pytest.mark.parametrize(
    ("written", "expected", "after"),
    [
        ("3.10", {"string"}, '"3.10"'),
        ("no", {"string"}, '"no"'),
        ("010", {"string", "null"}, '"010"'),
        ('"8080"', {"integer"}, "8080"),
        ("'0.5'", {"number"}, "0.5"),
        ('"0.5"', {"integer"}, None),
        ('"007"', {"integer"}, None),
        ('"yes"', {"boolean"}, "true"),
        ("often", {"integer", "boolean"}, None),
        ("quality", {"array"}, "[quality]"),
        ("a, b", {"array"}, None),
        ("12", {"object"}, None),
    ],
)
def test_a_value_as_another_type(written: str, expected: set[str], after: str | None) -> None:
    text = f"key: {written}  # why\n"
    node = load.read(text, "a.yaml").node
    assert node is not None
    child = node.value["key"]
    fix = as_type(child.value, expected, child.span)
    if after is None:
        assert fix is None
    else:
        assert fix is not None
        assert fix.safety == "safe"
        assert apply_edits(text, fix.edits) == f"key: {after}  # why\n"
    assert as_type(child.value, expected, Span(COMMAND_LINE, 1, 1, 1, 9)) is None


@pytest.mark.parametrize("word", ["loans", "no", "3.11", "a b", 'a "b" \\', "null", "1e3", "x:y", ""])
def test_a_word_as_text(word: str) -> None:
    node: Any = load.read(f"key: {as_text(word)}\n", "a.yaml").node
    assert plain(node) == {"key": word}


def test_a_guess_is_unsafe() -> None:
    span = Span("a.yaml", 1, 1, 1, 5)
    fix = instead("laons", ["loans", "people"], span)
    assert fix is not None
    assert (fix.safety, fix.edits[0].text) == ("unsafe", "loans")
    assert instead("xyz", ["loans"], span) is None
    assert instead("laons", ["loans"], None) is None
