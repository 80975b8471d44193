"""Where a registry lies: folders and files within its project, or a database and a store that others reach too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mlc.drivers.registry.catalogue import Catalogue
from mlc.drivers.registry.files import Files, InFolder
from mlc.ir.operation import StepFailed
from mlc.rules import path_outside_project
from mlc.store.files import leads_out

if TYPE_CHECKING:
    from mlc.store.catalogue_tables import Database

_SQLITE = "sqlite:///"
_FETCHED = ".mlc/cache/registry"  # of bytes that are kept elsewhere, those that were wanted as files


class Registry(Struct, frozen=True):
    """Where the catalogue is kept, and where the files are that it names."""

    catalogue: Catalogue
    files: Files


def open_registry(root: Path, spec: Mapping[str, Any]) -> Registry:
    """The registry that `spec` (the view of a registry resource) describes. Nothing is made or read yet.

    Raises StepFailed: path-outside-project where a path of it leads out of the project at `root`, secret-missing.
    """
    match spec["type"]:
        case "filesystem":
            from mlc.drivers.registry.folders import InFolders

            folder = _within(root, str(spec["path"]), "path", str(spec["path"]))
            return Registry(InFolders(folder, folder / "files"), InFolder(folder / "files"))
        case "database":
            from mlc.drivers.registry.relational import BytesInDatabase, InDatabase
            from mlc.store.content import Content

            database = _database(root, spec)
            return Registry(
                InDatabase(database), BytesInDatabase(database=database, fetched=Content(root / _FETCHED))
            )
        case _:
            return Registry(_rows(root, spec), _bytes(root, spec))


def _rows(root: Path, spec: Mapping[str, Any]) -> Catalogue:
    written = str(spec["database"])
    if written.startswith(_SQLITE):
        from mlc.drivers.registry.database import InSQLite

        return InSQLite(_within(root, written.removeprefix(_SQLITE), "database", written))
    from mlc.drivers.registry.relational import InDatabase

    return InDatabase(_database(root, spec))


def _bytes(root: Path, spec: Mapping[str, Any]) -> Files:
    written = str(spec["files"])
    if "://" not in written:
        return InFolder(_within(root, written, "files", written))
    from mlc.drivers.registry.objects import InObjectStore
    from mlc.store.content import Content

    return InObjectStore(
        url=written.rstrip("/"), options=dict(spec.get("options") or {}), fetched=Content(root / _FETCHED)
    )


def _database(root: Path, spec: Mapping[str, Any]) -> Database:
    from mlc.store.catalogue_tables import Database
    from mlc.store.secrets import read_secret

    written, password = str(spec["database"]), spec.get("password")
    if written.startswith(_SQLITE):
        written = _SQLITE + str(_within(root, written.removeprefix(_SQLITE), "database", written))
    return Database(written, None if password is None else read_secret(password))


def _within(root: Path, path: str, field: str, written: str) -> Path:
    """The path below `root`, also after following symbolic links."""
    if "\0" in path or leads_out(root, path) or (root / path).resolve() == root.resolve():
        raise StepFailed(
            path_outside_project.found(written, where=f"The registry's field {field}", path=field)
        )
    return (root / path).resolve()
