"""Which registered versions are kept, and why."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Keep(Struct, frozen=True, kw_only=True):
    """What a registry is told to keep (`kinds._keep.Keep`); null is without an end in `promoted_days`."""

    last: int = 10
    days: int | None = 365
    promoted_days: int | None = None


class Judged(Struct, frozen=True):
    """A version and why it stays, or why it may go."""

    name: str
    number: int
    created: str
    why: str


class Retention(Struct, frozen=True, kw_only=True):
    """`mlc registry gc --format json`: the versions that may go (or are gone, once `removed`), those that stay, and the
    files that no version names then, by their digests."""

    version: Literal[1] = 1
    removed: bool
    going: list[Judged]
    kept: list[Judged]
    files: list[str]
