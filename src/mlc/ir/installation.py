"""What is installed beside mlc, for `mlc doctor`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Group = Literal["package", "checker", "platform"]


class Found(Struct, frozen=True):
    """A part of the installation.

    `version` is "" where it is not installed, and "unknown" where it is and does not say; `what_for` says in a few
    words what it is for, `get` how to get it.
    """

    group: Group
    name: str
    version: str
    what_for: str
    get: str

    @property
    def is_installed(self) -> bool:
        return bool(self.version)


class Doctor(Struct, frozen=True, kw_only=True):
    """`mlc doctor --format json`."""

    version: Literal[1] = 1
    mlc: str
    python: str
    found: list[Found]
