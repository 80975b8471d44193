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
    from mlc.store.secrets import Secret

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
    match spec.get("type", "hybrid"):
        case "filesystem":
            from mlc.drivers.registry.folders import InFolders

            folder = _within(root, str(spec["path"]), "path", str(spec["path"]))
            return Registry(InFolders(folder, folder / "files"), InFolder(folder / "files"))
        case "database" if str(spec["database"]).startswith("mongodb"):
            _need("pymongo", "mongodb", str(spec["database"]))
            from mlc.drivers.registry.documents import BytesInDocuments, InDocuments, Mongo
            from mlc.store.content import Content

            mongo = Mongo(str(spec["database"]), _password(spec))
            return Registry(
                InDocuments(mongo), BytesInDocuments(mongo=mongo, fetched=Content(root / _FETCHED))
            )
        case "database":
            from mlc.drivers.registry.relational import BytesInDatabase, InDatabase
            from mlc.store.content import Content

            database = _database(root, spec)
            return Registry(
                InDatabase(database), BytesInDatabase(database=database, fetched=Content(root / _FETCHED))
            )
        case "mlflow":
            from mlc.drivers.registry.mlflow import InMlflow
            from mlc.drivers.registry.mlflow_files import BytesInArtifacts, Server
            from mlc.store.content import Content

            server = Server(
                uri=str(spec["uri"]),
                experiment=str(spec["experiment"]),
                token=_secret(spec.get("token")),
                user=str(spec.get("user", "")),
                password=_password(spec),
            )
            artifacts = BytesInArtifacts(server=server, fetched=Content(root / _FETCHED))
            return Registry(InMlflow(server, artifacts), artifacts)
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

    written = str(spec["database"])
    if written.startswith(_SQLITE):
        written = _SQLITE + str(_within(root, written.removeprefix(_SQLITE), "database", written))
    return Database(written, _password(spec))


def _password(spec: Mapping[str, Any]) -> Secret | None:
    return _secret(spec.get("password"))


def _secret(reference: str | None) -> Secret | None:
    from mlc.store.secrets import read_secret

    return None if reference is None else read_secret(reference)


def _need(package: str, extra: str, where: str) -> None:
    """Raises StepFailed (registry-unreachable) for a package that is not installed."""
    from importlib.util import find_spec

    from mlc.rules import registry_unreachable

    if find_spec(package) is None:
        raise StepFailed(registry_unreachable.no_driver(where.partition("?")[0], package, extra))


def _within(root: Path, path: str, field: str, written: str) -> Path:
    """The path below `root`, also after following symbolic links."""
    if "\0" in path or leads_out(root, path) or (root / path).resolve() == root.resolve():
        raise StepFailed(
            path_outside_project.found(written, where=f"The registry's field {field}", path=field)
        )
    return (root / path).resolve()
