"""What a local deployment looks like on the disk.

    .mlc/deployments/ENVIRONMENT/DEPLOYMENT/
        current                     which bundle is served, and which was before: the one file that changes
        versions/3-0f5c2a…/         a bundle: bundle.json and model.onnx, written once

A bundle is complete before `current` names it, and `current` is replaced in one step; whoever reads it
finds the old bundle or the new one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mlc.ir.operation import StepFailed, Work
from mlc.ir.registry import Digest, Signature
from mlc.rules import bundle_refused

BUNDLE = "bundle.json"
MODEL = "model.onnx"
POINTER = "current"
VERSIONS = "versions"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Bundle(Struct, frozen=True, kw_only=True):
    """A version of a model, ready to be served.

    `digest` is of model.onnx; `number` the model's version; `nullable` the inputs that may be null;
    `port` where the deployment wants to be reached (0: anywhere).
    """

    version: Literal[1] = 1
    environment: str
    deployment: str
    name: str
    number: int
    alias: str
    digest: Digest
    port: int
    signature: Signature
    nullable: tuple[str, ...] = ()


class Pointer(Struct, frozen=True, kw_only=True):
    """Folder names below `versions/`."""

    bundle: str
    previous: str | None = None


def bundle_of(work: Work) -> Bundle:
    """The bundle that an operation of a deployment is to place: of the version it reads, as its spec says."""
    spec = work.spec
    version: dict[str, Any] = msgspec.json.decode(work.inputs["version"].read_bytes())
    return Bundle(
        environment=work.environment,
        deployment=spec["deployment"],
        name=version["name"],
        number=version["version"],
        alias=spec["alias"],
        digest=version["digest"],
        port=spec["port"],
        signature=msgspec.convert(spec["signature"], Signature),
        nullable=tuple(spec["nullable"]),
    )


def place_of(root: Path, environment: str, deployment: str) -> Path:
    """The folder of a local deployment; it need not exist. Raises ValueError for what is no name."""
    for name in (environment, deployment):
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name: {name!r}")
    return root / ".mlc" / "deployments" / environment / deployment


def read_pointer(place: Path) -> Pointer | None:
    """What is current; None where nothing is deployed. Raises StepFailed (bundle-refused)."""
    try:
        pointer = msgspec.json.decode((place / POINTER).read_bytes(), type=Pointer)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.DecodeError as error:
        raise StepFailed(bundle_refused.found(place, f"Its pointer cannot be read: {error}.")) from error
    if not _NAME.fullmatch(pointer.bundle):
        raise StepFailed(bundle_refused.found(place, f"Its pointer names {pointer.bundle!r}."))
    return pointer


def current(place: Path) -> Path:
    """The folder of the bundle to serve: the one that is current, or `place` itself where it is a bundle.

    Raises StepFailed (bundle-refused) where nothing is deployed.
    """
    if (place / BUNDLE).is_file():
        return place
    pointer = read_pointer(place)
    if pointer is None:
        raise StepFailed(bundle_refused.nothing_deployed(place))
    return place / VERSIONS / pointer.bundle


def read_bundle(folder: Path) -> Bundle:
    """The facts of a bundle. Raises StepFailed (bundle-refused)."""
    try:
        return msgspec.json.decode((folder / BUNDLE).read_bytes(), type=Bundle)
    except OSError as error:
        raise StepFailed(
            bundle_refused.found(folder, f"{BUNDLE} cannot be read: {error.strerror}.")
        ) from error
    except msgspec.DecodeError as error:
        raise StepFailed(
            bundle_refused.found(folder, f"{BUNDLE} is not what mlc writes: {error}.")
        ) from error


def canonical(value: Any) -> bytes:
    """The same bytes for the same value."""
    return msgspec.json.encode(value, order="deterministic")
