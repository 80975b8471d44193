"""Formatting a file: parse, lay out, and make sure that nothing was lost before anyone writes it."""

from __future__ import annotations

from collections.abc import Callable

from mlc.edit.layout import lay_out
from mlc.edit.tree import comments, parse
from mlc.ir.loaded import Loaded
from mlc.ir.node import plain

Read = Callable[[str, str], Loaded]


class FormattingFailed(Exception):
    """The formatted text would not say the same: a mistake of the formatter, so the text must stay as it is."""


def format_text(text: str, file: str, read: Read) -> str:
    """The text of one YAML file in the house's form: it means the same, and keeps its comments and order.

    `read` is the project's reader; the text must be one that it reads without errors. Formatting what this
    gives changes nothing. Raises FormattingFailed where the result would mean something else, lose a
    comment, or change when it is formatted again.
    """
    source = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        formatted = lay_out(parse(source))
        again = lay_out(parse(formatted))
        same = _joined(comments(source)) == _joined(comments(formatted))
    except ValueError as error:
        raise FormattingFailed(f"it could not be laid out: {error}") from None
    if _meaning(read(text, file)) != _meaning(read(formatted, file)):
        raise FormattingFailed("the formatted file would mean something else")
    if not same:
        raise FormattingFailed("a comment would be lost or change its place")
    if again != formatted:
        raise FormattingFailed("formatting it a second time would change it again")
    return formatted


def _joined(found: list[str]) -> str:
    """Comments that stood in one pair of brackets may come to stand on one line."""
    return "".join("".join(found).split())


def _meaning(loaded: Loaded) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """Values with their types and order, the header, and what is wrong. Text, so that NaN equals itself."""
    value = "" if loaded.node is None else repr(plain(loaded.node))
    return (
        value,
        loaded.header,
        tuple(sorted(one.rule for one in loaded.diagnostics if one.severity == "error")),
    )
