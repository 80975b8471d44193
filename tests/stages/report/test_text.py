"""Diagnostics for people: the carets stand under the culprit, whatever the line holds."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Label, Rule
from mlc.ir.span import COMMAND_LINE, Span
from mlc.report import concise, github, text
from mlc.report.terminal import Paint, display_width, harmless
from mlc.report.text import WIDTH

RULE = Rule("wrong-type", "error", "A value has the wrong type.")


def shown(line: str, column: int, end: int, label: str = "here") -> list[str]:
    """The line of source and the line of carets of a frame, without the gutter."""
    span = Span("a.yaml", 1, column, 1, end)
    frame = text.frame(Label(span, label, primary=True), {"a.yaml": line + "\n"}, Paint(), "red")
    assert frame[0] == "  --> a.yaml:1:" + str(column)
    assert frame[1] == "    |"
    return [row.partition("| ")[2] for row in frame[2:]]


class TestFrame:
    def test_plain(self) -> None:
        assert shown("port: often", 7, 12) == ["port: often", "      ^^^^^ here"]

    def test_wide_characters_take_two_columns(self) -> None:
        source, carets = shown("名前: 東京", 5, 7)
        assert source == "名前: 東京"
        assert carets == " " * display_width("名前: ") + "^^^^ here"

    def test_combining_characters_take_none(self) -> None:
        assert shown("cafe\u0301: x", 8, 9)[1] == "      ^ here"

    def test_a_tab_is_one_column(self) -> None:
        assert shown("\t- a", 1, 2) == [" - a", "^ here"]
        assert shown("a:\tb", 4, 5) == ["a: b", "   ^ here"]

    def test_control_characters_are_shown_as_escapes_and_the_carets_move_with_them(self) -> None:
        source, carets = shown("a: \x1b[31mred", 4, 5)
        assert source == "a: \\x1b[31mred"
        assert carets == "   ^^^^ here"
        source, carets = shown("a: \x07b", 5, 6)
        assert source == "a: \\x07b"
        assert carets == "       ^ here"

    def test_a_very_long_line_is_cut_around_the_culprit(self) -> None:
        source, carets = shown("x" * 5000 + "culprit" + "y" * 5000, 5001, 5008)
        assert len(source) <= WIDTH + 1
        start = carets.index("^")
        assert source[start : start + 7] == "culprit"
        assert carets.count("^") == 7

    def test_a_culprit_longer_than_the_line_shown(self) -> None:
        source, carets = shown("k: " + "x" * 5000, 4, 5004)
        assert len(source) <= WIDTH + 1
        assert carets.count("^") <= WIDTH

    def test_a_culprit_of_several_lines_is_marked_on_its_first(self) -> None:
        span = Span("a.yaml", 1, 1, 3, 2)
        frame = text.frame(Label(span, primary=True), {"a.yaml": "a: 1   \nb: 2\nc\n"}, Paint(), "red")
        assert frame[-1].partition("| ")[2] == "^^^^"

    def test_an_empty_span_gets_one_caret(self) -> None:
        assert shown("a: [1", 6, 6, "")[1] == "     ^"

    @pytest.mark.parametrize("span", [Span("gone.yaml", 1, 1, 1, 2), Span("a.yaml", 9, 1, 9, 2)])
    def test_a_place_without_text_says_only_where(self, span: Span) -> None:
        frame = text.frame(Label(span, "why", primary=True), {"a.yaml": "a\n"}, Paint(), "red")
        assert frame == [f"  --> {span}", "      why"]

    def test_an_override_is_shown_as_it_was_given(self) -> None:
        span = Span(COMMAND_LINE, 2, 3, 2, 4)
        frame = text.frame(Label(span, primary=True), {COMMAND_LINE: "a=1\nb=x"}, Paint(), "red")
        assert frame == ["  --> <command line>", "    |", "  2 | b=x", "    |   ^"]

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(
        st.text(
            alphabet=st.characters(exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"),
            min_size=1,
            max_size=60,
        ),
        st.data(),
    )
    def test_carets_stand_under_the_culprit_whatever_the_line(self, line: str, data: st.DataObject) -> None:
        start = data.draw(st.integers(0, len(line) - 1))
        end = data.draw(st.integers(start + 1, len(line)))
        source, carets = shown(line, start + 1, end + 1, "")
        assert all(
            unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in source
        )
        if display_width(source) < WIDTH:
            prefix, culprit = (harmless(part.replace("\t", " ")) for part in (line[:start], line[start:end]))
            assert carets.index("^") == display_width(prefix)
            assert carets.count("^") == max(1, display_width(culprit.rstrip()))


class TestDiagnostic:
    def test_says_where_what_and_how_to_mend_it(self) -> None:
        span = Span("model/churn.yaml", 2, 7, 2, 12)
        one = RULE.at(
            span,
            "It takes a number. Write one.",
            text="text, not a number",
            related=(Label(Span("env/dev.yaml", 1, 1, 1, 2), "set here"),),
            help="For example: 3",
            fix=Fix('Write "3"', (Edit(span, "3"),), "unsafe"),
            address="model.churn",
        )
        sources = {"model/churn.yaml": "a: 1\nport: often\n", "env/dev.yaml": "b\n"}
        assert text.diagnostics((one,), sources) == (
            "error[wrong-type]: A value has the wrong type.  model.churn\n"
            "  --> model/churn.yaml:2:7\n"
            "    |\n"
            "  2 | port: often\n"
            "    |       ^^^^^ text, not a number\n"
            "  --> env/dev.yaml:1:1\n"
            "    |\n"
            "  1 | b\n"
            "    | ^ set here\n"
            "  It takes a number. Write one.\n"
            "  help: For example: 3\n"
            '  fix:  Write "3" (look before you take it).\n'
            "\n"
            "1 error\n"
        )

    def test_counts_by_severity(self) -> None:
        warning = RULE.at(None, "Hm.", severity="warning")
        found = (RULE.at(None, "No."), RULE.at(None, "No!"), warning)
        assert text.diagnostics(found, {}).splitlines()[-1] == "2 errors, 1 warning"
        assert text.diagnostics((), {}) == ""

    def test_long_sentences_are_broken_between_words(self) -> None:
        lines = text.diagnostics((RULE.at(None, "word " * 60, help="word " * 60),), {}).splitlines()
        assert all(len(line) <= WIDTH for line in lines)
        assert lines[4].startswith("  help: word")
        assert lines[5].startswith("        word")

    def test_colours_only_where_they_are_wanted(self) -> None:
        one = RULE.at(Span("a", 1, 1, 1, 2), "No.", text="x")
        plain, coloured = (text.diagnostics((one,), {"a": "abc\n"}, Paint(on)) for on in (False, True))
        assert "\x1b" not in plain
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
        assert coloured != plain

    @pytest.mark.parametrize("form", [text.diagnostics, concise.diagnostics, github.diagnostics])
    def test_text_from_strangers_cannot_steer_a_terminal(self, form: object) -> None:
        evil = "\x1b]0;owned\x07\u202e\r"
        one = RULE.at(
            Span(f"{evil}.yaml", 1, 1, 1, 2),
            f"{evil} is wrong.",
            text=evil,
            help=evil,
            address=evil,
            fix=Fix(evil, ()),
        )
        said = form((one,), {f"{evil}.yaml": evil}) if form is text.diagnostics else form((one,))  # type: ignore[operator]
        assert not {"\x1b", "\x07", "\u202e", "\r"} & set(said) or form is github.diagnostics
        assert "\r" not in said


class TestGithub:
    def test_one_command_a_line_and_nothing_ends_it_early(self) -> None:
        one: Diagnostic = RULE.at(Span("a,b:c.yaml", 1, 1, 1, 2), "100 %\n::error::no", help="x")
        assert github.diagnostics((one,)) == (
            "::error title=wrong-type%3A A value has the wrong type.,file=a%2Cb%3Ac.yaml,line=1,endLine=1,col=1,"
            "endColumn=2::100 %25%0A::error::no%0Ax\n"
        )

    def test_the_command_line_is_no_file(self) -> None:
        one = RULE.at(Span(COMMAND_LINE, 1, 1, 1, 2), "No.")
        assert "file=" not in github.diagnostics((one,))


def test_concise_is_one_line_each() -> None:
    one = RULE.at(Span("a.yaml", 3, 4, 3, 5), "Two\nlines.")
    assert concise.diagnostics((one, RULE.at(None, "Nowhere."))) == (
        "a.yaml:3:4: error[wrong-type] Two lines.\nerror[wrong-type] Nowhere.\n"
    )


def test_display_width() -> None:
    assert [display_width(word) for word in ("abc", "東", "e\u0301", "ａ", "")] == [3, 2, 1, 2, 0]
