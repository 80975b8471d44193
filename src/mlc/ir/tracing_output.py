"""The JSON document of `mlc explain PATH`: its schema is generated from here."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mlc.ir.outputs import ExplanationOut


class LineSourceOut(ExplanationOut, frozen=True, omit_defaults=True, kw_only=True):
    """A value that a line comes from.

    `of` is `name` where it is the name of a resource, which is its file's; `shifts` says that other lines come or go
    with it.
    """

    of: Literal["value", "name"]
    shifts: bool


class LineOut(Struct, frozen=True):
    """A line of an artifact; no `sources` where it stands so in the template."""

    line: int
    text: str
    sources: list[LineSourceOut]


class TracedOut(Struct, frozen=True, kw_only=True):
    """`mlc explain PATH[:LINE] --format json`: all lines of an artifact, or the one asked about."""

    version: Literal[1] = 1
    path: str
    environment: str
    address: str
    backend: str
    lines: list[LineOut]
