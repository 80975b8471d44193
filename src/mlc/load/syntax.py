"""libyaml's complaint, said kindly and located."""

from __future__ import annotations

from typing import Any

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.span import Span
from mlc.rules import tab_indentation, too_large, yaml_syntax

DEEPEST = 100  # levels of maps and lists

# What libyaml says -> what it usually means to the author.
_MEANINGS = {
    "mapping values are not allowed": (
        "a second `key: value` begins where a value is expected",
        "Put the text in quotes if the colon belongs to it; otherwise start the key on a line of its own.",
    ),
    "could not find expected ':'": (
        "this line was taken for a key, but no colon follows it",
        "Write `key: value` with a space after the colon, or indent the line if it continues a text.",
    ),
    "did not find expected key": (
        "a key was expected here",
        "The line is probably indented by another number of spaces than its neighbours, or a quote or "
        "bracket before it was not closed.",
    ),
    "did not find expected '-' indicator": (
        "a list item was expected here",
        "Every item of a list begins with `- ` in the same column.",
    ),
    "did not find expected ',' or": (
        "a comma or the closing bracket was expected here",
        "A list or map in brackets separates its entries by commas and ends with its bracket. An interpolation "
        'within brackets needs quotes: `{a: "${b}"}`.',
    ),
    "found unexpected end of stream": (
        "the file ends inside a quoted text or a bracket",
        "Close the quote or the bracket that was opened here.",
    ),
    "cannot start any token": (
        "a value cannot begin with this character",
        "Put the value in quotes.",
    ),
    "found unknown escape character": (
        "this escape sequence does not exist in double quotes",
        "Write the backslash twice, or use single quotes, in which backslashes are ordinary.",
    ),
    "found undefined tag handle": (
        "this tag uses a handle that the file does not declare",
        "Remove the tag: values here need none.",
    ),
    "block sequence entries are not allowed": (
        "a list item cannot stand here",
        "Start the list on the line below its key.",
    ),
}


def syntax_diagnostic(error: Any, text: str, file: str) -> Diagnostic:
    """The one diagnostic for a file that is not YAML; later complaints would only be echoes of it."""
    problem = str(error.problem or error)
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    lines = text.split("\n")
    tab = _indenting_tab(lines, line)
    if tab is not None:
        return tab_indentation.found(Span(file, tab, 1, tab, _indent_width(lines[tab - 1]) + 1))
    if mark is not None and line > len(lines):
        line, column = len(lines), len(lines[-1]) + 1
    if "maximum nesting depth" in problem:  # newer ones look ahead, and notice before the events do
        return too_large.depth(Span(file, line, column, line, column + 1), DEEPEST)
    meaning = next((both for said, both in _MEANINGS.items() if said in problem), (problem, ""))
    context = error.context_mark
    opened = None
    if context is not None and (context.line, context.column) != (line - 1, column - 1):
        opened = Span(file, context.line + 1, context.column + 1, context.line + 1, context.column + 2)
    return yaml_syntax.found(
        Span(file, line, column, line, column + 1), meaning[0], opened=opened, help_text=meaning[1]
    )


def _indenting_tab(lines: list[str], line: int) -> int | None:
    """The line at or just before the error that is indented by a tab."""
    for number in (line, line - 1):
        if 1 <= number <= len(lines) and "\t" in lines[number - 1][: _indent_width(lines[number - 1])]:
            return number
    return None


def _indent_width(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
