"""Which fixes are applied, which are taken back, and that it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from mlc import load
from mlc.edit import EditsOverlap, apply_edits
from mlc.edit.edits import slice_of, touch
from mlc.edit.fixing import Findings, fix
from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Rule, Severity, has_errors
from mlc.ir.span import Span

RULE = Rule("a-rule", "error", "A mistake.")
FILE = "a.yaml"


def span(line: int, column: int, end: int) -> Span:
    return Span(FILE, line, column, line, end)


def wrong(
    word: str, instead: str, *, safe: bool = True, severity: Severity = "error"
) -> Callable[[str], list[Diagnostic]]:
    """Finds a word on each line, with the fix to write another."""

    def check(text: str) -> list[Diagnostic]:
        found = []
        for number, line in enumerate(text.splitlines(), 1):
            if word in line:
                place = span(number, line.index(word) + 1, line.index(word) + len(word) + 1)
                mend = Fix(f"Write {instead}", (Edit(place, instead),), "safe" if safe else "unsafe")
                found.append(RULE.at(place, f"{word} is wrong.", fix=mend, severity=severity))
        return found

    return check


def checking(*checks: Callable[[str], list[Diagnostic]]) -> Callable[[Mapping[str, str]], Findings]:
    def check(texts: Mapping[str, str]) -> Findings:
        loaded = load.read(texts[FILE], FILE)
        found = (*loaded.diagnostics, *(one for each in checks for one in each(texts[FILE])))
        return Findings(found, found, frozenset({FILE} if has_errors(loaded.diagnostics) else ()))

    return check


def test_fixes_are_repeated_until_there_are_no_more() -> None:
    check = checking(wrong("one", "two"), wrong("two", "six", severity="warning"))
    fixing = fix({FILE: "a: one\nb: one\n"}, check, unsafe=False)
    assert fixing.texts == {FILE: "a: six\nb: six\n"}
    assert len(fixing.done) == 4
    assert fixing.left == ()


def test_unsafe_fixes_wait_to_be_asked_for() -> None:
    check = checking(wrong("one", "two", safe=False))
    assert fix({FILE: "a: one\n"}, check, unsafe=False).texts == {FILE: "a: one\n"}
    assert fix({FILE: "a: one\n"}, check, unsafe=True).texts == {FILE: "a: two\n"}


def test_a_fix_that_breaks_the_file_is_taken_back_and_the_others_are_kept() -> None:
    fixing = fix({FILE: "a: one\nb: six\n"}, checking(wrong("one", "["), wrong("six", "2")), unsafe=False)
    assert fixing.texts == {FILE: "a: one\nb: 2\n"}
    assert [one.because for one in fixing.undone] == ["a.yaml could no longer be read"]
    assert [one.detail for one in fixing.left] == ["one is wrong."]


def test_a_fix_that_brings_a_new_error_is_taken_back() -> None:
    def new(text: str) -> list[Diagnostic]:
        return [RULE.at(span(1, 1, 2), "two is worse.")] if "two" in text else []

    fixing = fix({FILE: "a: one\n"}, checking(wrong("one", "two"), new), unsafe=False)
    assert fixing.texts == {FILE: "a: one\n"}
    assert [one.because for one in fixing.undone] == ["it brings a new error: two is worse."]


def test_a_fix_that_mends_nothing_is_taken_back() -> None:
    fixing = fix({FILE: "a: one\n"}, checking(wrong("one", "oneone")), unsafe=False)
    assert fixing.texts == {FILE: "a: one\n"}
    assert [one.because for one in fixing.undone] == ["the same was found again"]


def test_what_a_broken_file_hid_is_no_new_error() -> None:
    """The key `on` is a boolean, so the file is not read; only then is its value found to be wrong."""

    def hidden(text: str) -> list[Diagnostic]:
        return [RULE.at(span(1, 1, 2), "push is wrong.")] if '"on"' in text else []

    fixing = fix({FILE: "on: push\n"}, checking(hidden), unsafe=False)
    assert fixing.texts == {FILE: '"on": push\n'}
    assert [one.detail for one in fixing.left] == ["push is wrong."]


def test_fixes_of_one_place_do_not_mix() -> None:
    fixing = fix({FILE: "a: one\n"}, checking(wrong("one", "two"), wrong("one", "six")), unsafe=False)
    assert fixing.texts == {FILE: "a: two\n"}


@pytest.mark.parametrize("value", ["${x.one}", "*one"])
def test_what_stands_elsewhere_is_not_fixed_here(value: str) -> None:
    def check(text: str) -> list[Diagnostic]:
        place = span(1, 4, 4 + len(value))
        return [RULE.at(place, "wrong", fix=Fix("Write 1", (Edit(place, "1"),)))]

    def found(texts: Mapping[str, str]) -> Findings:
        return Findings(tuple(check(texts[FILE])), (), frozenset())

    assert fix({FILE: f"a: {value}\n"}, found, unsafe=True).texts == {FILE: f"a: {value}\n"}


def test_edits() -> None:
    text = "\ufeffa: é → 1\r\nb: 2\r\n"
    edits = [Edit(span(2, 4, 5), "3"), Edit(span(1, 8, 9), "22"), Edit(span(2, 4, 5), "3")]
    assert slice_of(text, span(1, 4, 5)) == "é"
    assert apply_edits(text, edits) == "\ufeffa: é → 22\r\nb: 3\r\n"
    assert apply_edits("a", [Edit(span(1, 1, 1), '"'), Edit(span(1, 2, 2), '"')]) == '"a"'
    with pytest.raises(EditsOverlap):
        apply_edits("abc", [Edit(span(1, 1, 3), "x"), Edit(span(1, 2, 4), "y")])
    with pytest.raises(ValueError, match="no place"):
        apply_edits("abc", [Edit(span(1, 1, 9), "x")])
    with pytest.raises(ValueError, match="no line"):
        apply_edits("abc", [Edit(span(3, 1, 1), "x")])
    assert touch(span(1, 1, 3), span(1, 3, 3))
    assert not touch(span(1, 1, 3), span(1, 4, 5))
    assert not touch(span(1, 1, 3), span(2, 1, 3))
