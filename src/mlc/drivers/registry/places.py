"""Where a registry lies: always within its project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlc.ir.operation import StepFailed
from mlc.rules import path_outside_project
from mlc.store.content import Content
from mlc.store.files import leads_out

_SCHEME = "sqlite:///"


class Registry(Struct, frozen=True):
    """A hybrid registry: an SQLite database and a folder of content-addressed files.

    Registry files are content-addressed like those of the store, with the same promises about power cuts
    and damage, so drivers use `store.content` for them rather than a second one of their own.
    """

    database: Path
    files: Content


def open_registry(root: Path, spec: Mapping[str, Any]) -> Registry:
    """The registry that `spec` (the view of a registry resource) describes. Nothing is made or read yet.

    Raises StepFailed (path-outside-project) where it would lie outside the project at `root`.
    """
    database = str(spec["database"])
    if not database.startswith(_SCHEME):
        raise ValueError(f"not a database the schema admits: {database!r}")
    return Registry(
        database=_within(root, database.removeprefix(_SCHEME), "database", database),
        files=Content(_within(root, str(spec["files"]), "files", str(spec["files"]))),
    )


def _within(root: Path, path: str, field: str, written: str) -> Path:
    """The path below `root`, also after following symbolic links."""
    if "\0" in path or leads_out(root, path) or (root / path).resolve() == root.resolve():
        raise StepFailed(
            path_outside_project.found(written, where=f"The registry's field {field}", path=field)
        )
    return (root / path).resolve()
