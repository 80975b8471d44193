"""What came of making a registered version anew."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Remade(Struct, frozen=True):
    """One file: its SHA-256 (hex) as registered and as it came out now; empty where nothing was registered."""

    role: str
    registered: str
    now: str

    @property
    def is_same(self) -> bool:
        return self.registered == self.now


class Reproduction(Struct, frozen=True, kw_only=True):
    """`mlc registry verify NAME --retrain --format json`.

    `tools` says what works differently here than when the version was made, in words: another package, another
    driver. The same bytes may come out all the same.
    """

    version: Literal[1] = 1
    name: str
    number: int
    environment: str
    reproduced: bool
    files: list[Remade]
    tools: list[str] = []
