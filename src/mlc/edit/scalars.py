"""Scalars as text: the lines their author wrote, freed of the place where they stood."""

from __future__ import annotations

import re

from msgspec import Struct

# A text that every reader of YAML takes for the text it is, quoted or not.
_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*\Z")
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_HEADER = re.compile(r"([|>])([-+0-9]*)[ \t]*(#.*)?\Z")


class Scalar(Struct, frozen=True):
    """`style` is the quote, `|`, `>` or nothing; `lines` the content. For a block scalar `header` is its first
    line and `comment` what stands behind that: the spaces before it and its text."""

    value: str
    style: str
    lines: tuple[str, ...]
    header: str = ""
    comment: tuple[int, str] | None = None

    @property
    def is_block(self) -> bool:
        return self.style in ("|", ">")

    @property
    def is_one_line(self) -> bool:
        return len(self.lines) == 1 and not self.is_block


def needs_no_quotes(value: str) -> bool:
    """Whether a text means the same without quotes, whatever reads it and wherever it stands."""
    return _WORDS.match(value) is not None and value.lower() not in _RESERVED


def as_written(value: str) -> str:
    """A text as a YAML scalar on one line, in double quotes where it needs quotes."""
    return value if needs_no_quotes(value) else quoted(value)


def quoted(value: str) -> str:
    """A text in double quotes."""
    return '"' + "".join(_escaped(character) for character in value) + '"'


def flow_scalar(source: str, style: str, value: str) -> Scalar:
    """A plain or quoted scalar from its source, which may span lines: their indentation means nothing."""
    first, *rest = source.split("\n")
    if not rest:
        return Scalar(value, style, (source,))
    lines = [_stripped(first, style), *(_stripped(line.lstrip(" \t"), style) for line in rest)]
    lines[-1] = rest[-1].lstrip(" \t")
    return Scalar(value, style, tuple(lines))


def block_scalar(text: str, start: int, blocks: list[int], value: str) -> tuple[Scalar, int]:
    """A literal or folded scalar whose header begins at `start`, and the offset where its content ends.

    `blocks` holds the column of the innermost block collection around it, if there is one.
    """
    stop = text.find("\n", start)
    first = text[start:] if stop < 0 else text[start:stop]
    match = _HEADER.match(first.rstrip())
    if match is None:
        raise ValueError(f"not the header of a block scalar: {first!r}")
    style, indicators, words = match.groups()
    header_end = start + len(style + indicators)
    lines = [] if stop < 0 else text[stop + 1 :].split("\n")
    digit = next((int(each) for each in indicators if each.isdigit()), 0)
    indent = max(*blocks, 0) + digit if digit and blocks else digit or _indent_of(lines)
    least = (max(blocks[-1], -1) if blocks else -1) + 1
    content: list[str] = []
    for line in lines:
        if len(line) - len(line.lstrip(" ")) < max(indent, least) and line.strip(" "):
            break
        content.append(line)
    at_end = len(content) == len(lines)
    if at_end and content and not content[-1]:
        content.pop()  # what split gives behind the last newline
    kept = "+" in indicators
    while content and not kept and len(content[-1]) <= indent and not content[-1].strip(" "):
        content.pop()
    if not value.strip("\n") and not any(line.strip(" ") for line in content):
        content = content if kept else []
        indent = max([indent, *map(len, content)])
    bare = tuple("" if not line.strip(" ") and len(line) <= indent else line[indent:] for line in content)
    chomping = "-" if "-" in indicators else "+" if kept else ""
    if bare and not value.endswith("\n") and any(bare):
        chomping = "-"  # the file ends without a newline, which must not bring one into the value
    explicit = "2" if _begins_with_space(bare) else ""
    end = header_end if not content else stop + 1 + sum(len(line) + 1 for line in content) - 1
    comment = None
    if words is not None:
        gap = len(first.rstrip()) - len(words) - len(style + indicators)
        comment = (gap, words)
        end = end if content else start + len(first.rstrip())
    return Scalar(value, style, bare, style + explicit + chomping, comment), end


def _indent_of(lines: list[str]) -> int:
    """The indentation of the first line that is not blank. Blank lines before it may not be longer."""
    for line in lines:
        if line.strip(" "):
            return len(line) - len(line.lstrip(" "))
    return 0


def _begins_with_space(lines: tuple[str, ...]) -> bool:
    first = next((line for line in lines if line), "")
    return first.startswith(" ")


def _stripped(line: str, style: str) -> str:
    """A line that another follows, without the white space that folding drops; an escaped one is no such."""
    bare = line.rstrip(" \t")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    if style == '"' and backslashes % 2 and len(bare) < len(line):
        return line[: len(bare) + 1]
    return bare


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    if character == "\t":
        return "\\t"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
