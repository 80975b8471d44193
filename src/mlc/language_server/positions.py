"""Positions of the protocol and of spans.

The protocol counts lines from 0 and code units (UTF-16 unless the editor agrees to another) from 0, and ends
lines at LF, CR or both. A span counts lines and characters from 1 and ends lines where YAML 1.1 does: also at
NEL, LS and PS. Between the two stands the offset in the text, in characters.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from lsprotocol.types import Position, Range

from mlc.ir.span import Span

_PROTOCOL_BREAK = re.compile(r"\r\n|\n|\r")
_YAML_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_WIDTHS = {"utf-8": "utf-8", "utf-16": "utf-16-le"}


class Text:
    """A file's text with the places of its lines. `encoding` is what the protocol counts in."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text.removeprefix("\ufeff")  # spans do not count a byte order mark, and editors hide it
        self.encoding = encoding
        self._lines = [0, *(match.end() for match in _PROTOCOL_BREAK.finditer(self.text))]
        self._yaml_lines = [0, *(match.end() for match in _YAML_BREAK.finditer(self.text))]

    def offset(self, position: Position) -> int:
        """The offset of a position; one beyond the end of its line stands at its end."""
        if position.line >= len(self._lines):
            return len(self.text)
        start, end = self._line(position.line)
        units = 0
        for offset in range(start, end):
            if units >= position.character:
                return offset
            units += self._units(self.text[offset])
        return end

    def position(self, offset: int) -> Position:
        line = bisect_right(self._lines, offset) - 1
        return Position(line, self._units(self.text[self._lines[line] : offset]))

    def range(self, span: Span) -> Range:
        """The range of a span; one that the text does not reach to stands at its end."""
        start = self._span_offset(span.line, span.column)
        end = self._span_offset(span.end_line, span.end_column)
        return Range(self.position(start), self.position(max(start, end)))

    def range_of(self, start: int, end: int) -> Range:
        return Range(self.position(start), self.position(end))

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """A place as spans have it."""
        line = bisect_right(self._yaml_lines, offset) - 1
        return line + 1, offset - self._yaml_lines[line] + 1

    def offsets(self, span: Span) -> tuple[int, int]:
        start = self._span_offset(span.line, span.column)
        return start, max(start, self._span_offset(span.end_line, span.end_column))

    def _span_offset(self, line: int, column: int) -> int:
        if line > len(self._yaml_lines):
            return len(self.text)
        return min(self._yaml_lines[line - 1] + column - 1, len(self.text))

    def _line(self, number: int) -> tuple[int, int]:
        """Where a line begins and where its text ends."""
        start = self._lines[number]
        match = _PROTOCOL_BREAK.search(self.text, start)
        return start, match.start() if match is not None else len(self.text)

    def _units(self, text: str) -> int:
        if self.encoding == "utf-32":
            return len(text)
        encoding = _WIDTHS[self.encoding]
        return len(text.encode(encoding, "surrogatepass")) // (2 if encoding == "utf-16-le" else 1)
