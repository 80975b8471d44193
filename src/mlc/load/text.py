"""From bytes to text: what must hold of a file before it is YAML at all."""

from __future__ import annotations

import re

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.span import Span, start_of
from mlc.rules import bad_package_header, control_character, invalid_utf8, too_large

LARGEST_FILE = 1_000_000  # bytes

# What may hide text from a reader: C0 and C1 controls, Unicode's line separators, marks that turn the
# direction of writing, and invisible marks. Tab, newline and carriage return are ordinary.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_HIDDEN_ASCII = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def decode(source: str | bytes, file: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text of a file without its byte order mark, and what is wrong with it."""
    if len(source) > LARGEST_FILE:
        return "", (too_large.file(start_of(file), LARGEST_FILE),)
    if isinstance(source, bytes):
        try:
            text = source.decode("utf-8")
        except UnicodeDecodeError as error:
            before = source[: error.start].decode("utf-8")
            return "", (invalid_utf8.found(place(before, len(before), file), source[error.start]),)
    else:
        text = source
    text = text.removeprefix("\ufeff")
    hidden = (_HIDDEN_ASCII if text.isascii() else _HIDDEN).search(text)
    if hidden is not None:
        return "", (control_character.found(place(text, hidden.start(), file), hidden.group()),)
    return text, ()


def place(text: str, offset: int, file: str) -> Span:
    """The span of the one character at an offset of a text."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return Span(file, line, column, line, column + 1)


def header(text: str, file: str) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """The `# @key value` lines at the top of a file, read as Hydra reads them.

    Hydra looks at the first 512 characters, skips empty lines, and stops at the first line of another form.
    """
    if "@" not in text[:512]:
        return {}, ()
    found: dict[str, str] = {}
    for number, raw in enumerate(text[:512].splitlines(), 1):
        line = raw.strip()
        if not line:
            continue
        if not _HEADER_LINE.match(line):
            break
        words = [word for word in line.lstrip("#").strip().split(" ") if word]
        if len(words) != 2:
            span = Span(file, number, 1, number, len(raw) + 1)
            return found, (bad_package_header.found(span, line),)
        if words[0].startswith("@"):
            found[words[0][1:]] = words[1].strip()
    return found, ()


_HEADER_LINE = re.compile(r"\s*#\s*@")
