"""Where a registry lies: always within its project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlc.drivers.registry.catalogue import Catalogue
from mlc.drivers.registry.database import InSQLite
from mlc.drivers.registry.files import Files, InFolder
from mlc.ir.operation import StepFailed
from mlc.rules import path_outside_project
from mlc.store.files import leads_out

_SCHEME = "sqlite:///"


class Registry(Struct, frozen=True):
    """Where the catalogue is kept, and where the files are that it names."""

    catalogue: Catalogue
    files: Files


def open_registry(root: Path, spec: Mapping[str, Any]) -> Registry:
    """The registry that `spec` (the view of a registry resource) describes. Nothing is made or read yet.

    Raises StepFailed (path-outside-project) where it would lie outside the project at `root`.
    """
    if spec["type"] == "filesystem":
        from mlc.drivers.registry.folders import InFolders

        folder = _within(root, str(spec["path"]), "path", str(spec["path"]))
        return Registry(InFolders(folder, folder / "files"), InFolder(folder / "files"))
    database = str(spec["database"])
    if not database.startswith(_SCHEME):
        raise ValueError(f"not a database the schema admits: {database!r}")
    return Registry(
        catalogue=InSQLite(_within(root, database.removeprefix(_SCHEME), "database", database)),
        files=InFolder(_within(root, str(spec["files"]), "files", str(spec["files"]))),
    )


def _within(root: Path, path: str, field: str, written: str) -> Path:
    """The path below `root`, also after following symbolic links."""
    if "\0" in path or leads_out(root, path) or (root / path).resolve() == root.resolve():
        raise StepFailed(
            path_outside_project.found(written, where=f"The registry's field {field}", path=field)
        )
    return (root / path).resolve()
