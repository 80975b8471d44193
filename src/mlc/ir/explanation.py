"""Where a value comes from."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from mlc.ir.span import Span


class Layered(Struct, frozen=True):
    """One value in the chain: what it is and where it is written."""

    value: Any
    span: Span
    written: str | None = None  # the interpolation that gave it


class Part(Struct, frozen=True):
    """A value within a map (`key` is text) or a list (a number), with its own parts where it has any."""

    key: str | int
    winner: Layered
    overwrote: tuple[Layered, ...] = ()
    parts: tuple[Part, ...] = ()


class Explanation(Struct, frozen=True):
    """A value, what it overwrote (last overwritten first), and what its interpolation read.

    `parts` holds the values within, where it is a map or a list.
    """

    environment: str
    path: str
    winner: Layered
    overwrote: tuple[Layered, ...] = ()
    read: tuple[tuple[str, Layered], ...] = ()
    description: str = ""
    change_class: str = ""
    parts: tuple[Part, ...] = ()
