"""JSON whose bytes depend on the values alone."""

from __future__ import annotations

import math
from typing import Any

import msgspec

DIGITS = 12
"""Significant digits that a number keeps: what lies beyond differs between processors."""


def canonical(value: Any) -> bytes:
    """Sorted keys, two spaces, numbers of `DIGITS` digits, null for what is not finite, a line end."""
    plain = _rounded(msgspec.to_builtins(value))
    return msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=2) + b"\n"


def rounded(number: float) -> float | None:
    """A number as `canonical` writes it."""
    return float(f"{number:.{DIGITS}g}") + 0.0 if math.isfinite(number) else None


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return rounded(value)
        case dict():
            return {key: _rounded(child) for key, child in value.items()}
        case list() | tuple():
            return [_rounded(child) for child in value]
    return value
