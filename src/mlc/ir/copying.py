"""What copying a registry did, and what was proven of the copy."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Proof(Struct, frozen=True, kw_only=True):
    """What was compared and found to be the same: versions by number, digest, time and descriptions; every line of the
    promotion log with its chain; where aliases point; and the bytes of every file, hashed in both places."""

    models: int = 0
    datasets: int = 0
    versions: int = 0
    revisions: int = 0
    lines: int = 0
    aliases: int = 0
    files: int = 0
    bytes: int = 0
    further: list[str] = []
    """Names and versions that the destination has besides."""


class Copied(Struct, frozen=True, kw_only=True):
    """`mlc registry copy --format json`. `done` counts what was copied now (or would be: `dry_run`), `proof` what both
    have; null after a dry run."""

    version: Literal[1] = 1
    source: str
    destination: str
    dry_run: bool
    versions: int
    revisions: int
    lines: int
    files: int
    proof: Proof | None
