"""The version of the language: what `mlc:` in mlc.yaml says."""

from __future__ import annotations

VERSION = 1
"""The version that this mlc reads and writes; `kinds.project` admits no other (a test holds that they agree)."""


def first_release(version: int) -> str:
    """The first release of mlc that reads a version of the language (docs/decisions/0110)."""
    return f"0.{version}.0"
