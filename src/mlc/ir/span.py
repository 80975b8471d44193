"""Where something is written."""

from msgspec import Struct

COMMAND_LINE = "<command line>"
FIELD_DEFAULT = "<field default>"


class Span(Struct, frozen=True, gc=False, order=True):
    """A piece of text: from (line, column) up to, not including, (end_line, end_column).

    Lines and columns count from 1, columns in characters. `file` is relative to the project's folder,
    or one of the names in angle brackets above for a value that no file holds.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        if self.file.startswith("<"):
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


def start_of(file: str) -> Span:
    """The first character of a file: for what concerns the file as a whole."""
    return Span(file, 1, 1, 1, 1)
