"""What a registry's catalogue can be asked and told, wherever it is kept: rows of a database, folders, documents.

The catalogue says which versions there are, what files they have (by digest; the bytes lie in `files`), where aliases
point, and the promotion log. A shape of registry is one module that has this interface; whatever is done with a
registry is written once, on top of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec
from msgspec import Struct

from mlc.drivers.registry.facts import Fact, Wanted
from mlc.ir.registry import Promotion

ENTRY = "entry"
"""The role of the file that holds a version's facts; it comes with every revision."""


def readable(value: Any) -> bytes:
    """A value as it is kept where people may read it: JSON over several lines, always the same bytes."""
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n"


class Revision(Struct, frozen=True):
    """One description of a version: its files by role, `entry` among them, and when it was registered."""

    files: dict[str, str]
    created: str

    @property
    def entry(self) -> str:
        return self.files[ENTRY]


class Held(Struct, frozen=True):
    """A version: the digest that says which model it is, when it was registered, and its revisions, oldest first."""

    digest: str
    created: str
    revisions: tuple[Revision, ...]


class View(Protocol):
    """A registry at one moment. Names with a slash are those of datasets.

    Each method raises StepFailed (registry-unreadable) where it cannot be read.
    """

    def names(self) -> tuple[str, ...]:
        """Whatever has a version, in the order of the names."""

    def numbers(self, name: str) -> tuple[int, ...]:
        """The versions of it, in order; none where it is not known."""

    def latest(self, name: str) -> int:
        """The number of its last version; 0 where it has none."""

    def number_of(self, name: str, digest: str) -> int | None:
        """The version that is known by a digest."""

    def held(self, name: str, number: int) -> Held | None:
        """One version; None where there is none."""

    def aliases(self, name: str) -> dict[str, int]:
        """Where its aliases point, in the order of their names."""

    def standing(self) -> dict[tuple[str, str], int]:
        """Where every alias points, by name and alias."""

    def log(self) -> tuple[Promotion, ...]:
        """The promotion log, oldest first."""

    def last_line(self, name: str = "", alias: str = "") -> Promotion | None:
        """The last line of the log: of all, or about one alias."""

    def referenced(self) -> tuple[str, ...]:
        """The digests of all files that some revision names, each once, in order."""


@runtime_checkable
class Editable(Protocol):
    """Of a registry where others may change what is said of a version, or delete it."""

    def edited(self, name: str, number: int) -> tuple[str, ...]:
        """What of a version is not as it was registered, in a few words each; its files are looked at elsewhere."""


class Changes(View, Protocol):
    """A registry that is being changed: it answers as if what was said to it were done."""

    def add_version(self, name: str, number: int, held: Held) -> None:
        """A new version, with its revisions."""

    def add_revision(self, name: str, number: int, revision: Revision) -> None:
        """Another description of a version that is there."""

    def point(self, line: Promotion) -> None:
        """Let an alias point where a line says (nowhere, where it has no number), and add the line to the log."""


@runtime_checkable
class Indexed(View, Protocol):
    """A view that can be asked for versions by their facts (`facts`). One that is none is read whole."""

    def seek(self, wanted: Wanted) -> frozenset[tuple[str, int]]:
        """At least the versions, by name and number, that fit."""

    def told(self, path: str) -> tuple[tuple[str, int, str], ...]:
        """The name, number and text of every fact at a path; of what is `unnoted` none, or old ones."""

    def unnoted(self) -> tuple[tuple[str, int], ...]:
        """The versions whose facts are not in the index, as in what an earlier mlc wrote."""


@runtime_checkable
class Noting(Changes, Indexed, Protocol):
    """Changes of a registry that has an index of facts."""

    def note(self, name: str, number: int, entry: str, facts: Sequence[Fact]) -> None:
        """The facts of a version's last description, whose digest is `entry`: a part of the same change."""


@runtime_checkable
class Removing(Changes, Protocol):
    """Changes of a registry that a version can be taken out of."""

    def remove_version(self, name: str, number: int) -> None:
        """Forget a version. No alias may point to it, and it may not be the last one, whose number the next goes by."""


Answer = TypeVar("Answer")


class Catalogue(Protocol):
    """Where a catalogue is kept. Making one reaches nothing."""

    def look(self) -> AbstractContextManager[View | None]:
        """One moment of it; None where there is no registry yet. Makes nothing.

        Raises StepFailed (registry-unreadable, registry-unreachable).
        """

    def change(self, doing: Callable[[Changes], Answer]) -> Answer:
        """Let a function change it: all of what it says is done, durably, or none of it where it raises.

        Called again where somebody else came first, so it may do nothing but ask and tell. Raises StepFailed like
        `look`.
        """
