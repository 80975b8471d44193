"""Folders of templates → backends."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import yaml

from mlc.ir.backend import Backend, Manifest

MANIFEST = "backend.yaml"
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # every plan reads them all


class BackendError(Exception):
    """A backend's folder cannot be used. The message says which file, what is wrong and how to mend it."""


def load_backends(folders: Sequence[Path]) -> tuple[Backend, ...]:
    """Every backend below the folders, sorted by name: each subfolder that holds a `backend.yaml`.

    Raises BackendError for a manifest that does not fit its schema, a template that is missing or not
    UTF-8, and a name that two folders claim.
    """
    backends: dict[str, Backend] = {}
    for folder in folders:
        for manifest in sorted(folder.glob(f"*/{MANIFEST}")):
            backend = _load(manifest.parent)
            if backend.name in backends:
                raise BackendError(
                    f"{manifest} claims the name {backend.name}, which another backend has already. "
                    "Give its folder and its manifest another name."
                )
            backends[backend.name] = backend
    return tuple(backends[name] for name in sorted(backends))


def _load(folder: Path) -> Backend:
    texts = {file.name: _read(file) for file in sorted(folder.iterdir()) if _is_part(file)}
    manifest = _manifest(folder / MANIFEST, texts[MANIFEST])
    templates = {name: text for name, text in texts.items() if name != MANIFEST}
    for emission in manifest.emits:
        if emission.template not in templates:
            raise BackendError(
                f"{folder / MANIFEST} emits {emission.path} by the template {emission.template}, and "
                f"{folder} holds no file of that name. Add the file, or correct the name."
            )
    digest = hashlib.sha256(msgspec.json.encode(texts, order="deterministic")).hexdigest()
    return Backend(manifest, templates, digest)


def _manifest(file: Path, text: str) -> Manifest:
    try:
        read = yaml.load(text, Loader=_YAML_LOADER)  # noqa: S506 - a safe loader
        manifest = msgspec.convert(read, Manifest)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise BackendError(
            f"{file} does not fit the schema of a backend (schemas/backend.json): {error}"
        ) from error
    if manifest.backend != file.parent.name:
        raise BackendError(
            f"{file} names its backend {manifest.backend}, and its folder is called {file.parent.name}. "
            "Give both the same name."
        )
    if manifest.by != "emit" and manifest.emits:
        raise BackendError(f"{file} is rendered by a {manifest.by}, so it cannot also list what to emit.")
    if manifest.by != "driver" and manifest.publishes:
        raise BackendError(
            f"{file} is rendered by {manifest.by}, and only what a driver renders is published by a step. "
            "List it below `emits`, or say `by: driver`."
        )
    return manifest


def _is_part(file: Path) -> bool:
    return file.is_file() and not file.name.startswith(".")


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BackendError(f"{file} is not UTF-8 text: {error}. Save it as UTF-8.") from error
