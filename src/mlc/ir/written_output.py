"""The JSON documents of the commands that write specs: `mlc migrate`, and `mlc import --from`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mlc.ir.outputs import DiagnosticOut, EditOut


class MigrationStepOut(Struct, frozen=True):
    """One version of the language to the next. Its edits have the places of before it."""

    before: int
    after: int
    edits: list[EditOut]


class Migrated(Struct, frozen=True, kw_only=True):
    """`mlc migrate --format json`. Without steps the project is in this version already."""

    version: Literal[1] = 1
    written: bool
    language: int
    steps: list[MigrationStepOut]
    files: list[str]
    diagnostics: list[DiagnosticOut]


Outcome = Literal["new", "replaced", "changed", "unchanged"]


class WrittenOut(Struct, frozen=True):
    """A file that an import writes: `new`, or in the place of another one."""

    file: str
    outcome: Outcome
    text: str


class Translated(Struct, frozen=True, kw_only=True):
    """`mlc import --from … --format json`: the files, and what of the sources is not in them."""

    version: Literal[1] = 1
    written: bool
    folder: str
    files: list[WrittenOut]
    diagnostics: list[DiagnosticOut]
