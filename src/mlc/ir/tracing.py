"""Which values of the specs the lines of an artifact come from."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mlc.ir.explanation import Explanation


class Source(Struct, frozen=True):
    """What a line comes from.

    `value`: a value of a resource or of the project, with its layers. `name`: that of a resource, which is its file's.
    `shifts` says that other lines come or go with it: it decides whether the line is there at all.
    """

    kind: Literal["value", "name"]
    explanation: Explanation
    shifts: bool


class Line(Struct, frozen=True):
    """A line of an artifact, and what it comes from, of fewest lines first. Nothing: the template has it so."""

    number: int
    text: str
    sources: tuple[Source, ...]


class Traced(Struct, frozen=True):
    """An artifact with its lines, or with the one that was asked about."""

    path: str
    environment: str
    address: str
    backend: str
    lines: tuple[Line, ...]
