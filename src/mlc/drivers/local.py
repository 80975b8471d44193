"""Deploys to the embedded target: a bundle that `mlc serve` answers with.

Killed anywhere, the old bundle stays the current one, complete as it was. The bundle before the current
one is kept, to go back to.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from mlc.drivers._bundle import (
    BUNDLE,
    MODEL,
    POINTER,
    VERSIONS,
    Bundle,
    Pointer,
    bundle_of,
    canonical,
    place_of,
    read_bundle,
    read_pointer,
)
from mlc.ir.address import Address
from mlc.ir.drift import ABSENT, Seen
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work
from mlc.store.asked import is_file
from mlc.store.content import digest_of
from mlc.store.files import TEMPORARY, make_folder, replacing, sweep, sync_folder, write_atomically

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True
LOADS = ("mlc.drivers._serving",)

_LOCK = ".lock"


def run(work: Work) -> Product:
    """`deployment` is deployment.json: environment, deployment, name, version, digest, alias, bundle, port.

    The model is opened once before it becomes current, so that one which cannot be served never is.
    Raises StepFailed (bundle-refused, onnx-refused).
    """
    bundle, source = bundle_of(work), work.inputs["model"]
    place = place_of(work.root, bundle.environment, bundle.deployment)
    work.tell(f"deploying {bundle.name} version {bundle.number}")
    with _lock(place):
        make_folder(place / VERSIONS)
        name = _write(place / VERSIONS, bundle, source)
        changed = _point(place, name)
        _prune(place)
    path = work.folder / "deployment.json"
    outcome = {
        "environment": bundle.environment,
        "deployment": bundle.deployment,
        "name": bundle.name,
        "version": bundle.number,
        "digest": bundle.digest,
        "alias": bundle.alias,
        "bundle": name,
        "port": bundle.port,
    }
    write_atomically(path, canonical(outcome))
    return Product({"deployment": path}, {"version": bundle.number, "bundle": name, "changed": changed})


def undo(root: Path, environment: str, operation: Operation) -> None:
    """Take the deployment back that `operation` ("deployment.NAME/deploy") made."""
    remove(root, environment, Address.parse(operation.address).name)


def observe(root: Path, environment: str, done: Sequence[tuple[Operation, Outcome]]) -> dict[str, Seen]:
    """Deployments that are gone, that serve another bundle, or whose bundle was edited."""
    found: dict[str, Seen] = {}
    for operation, outcome in done:
        place = place_of(root, environment, Address.parse(operation.address).name)
        seen = _seen(place, outcome.summary["bundle"])
        if seen is not None:
            found[operation.id] = seen
    return found


def _seen(place: Path, deployed: str) -> Seen | None:
    """What is served in the place of a bundle; None where it is that bundle, whole."""
    recorded = f"bundle {deployed}"
    try:
        pointer = read_pointer(place)
        if pointer is None:
            return Seen("nothing is deployed any more", recorded, "nothing", ABSENT)
        if pointer.bundle != deployed:
            what = f"bundle {pointer.bundle} is served, not {deployed}"
            return Seen(
                what, recorded, f"bundle {pointer.bundle}", pointer.bundle, since=_changed(place / POINTER)
            )
        bundle = read_bundle(place / VERSIONS / deployed)
        model = place / VERSIONS / deployed / MODEL
        digest = digest_of(model) if is_file(model) else ABSENT
    except StepFailed as failure:
        return Seen(f"the deployment cannot be read: {failure}", recorded, "damaged", "damaged")
    name = f"{bundle.number}-{hashlib.sha256(canonical(bundle)).hexdigest()[:16]}"
    if name != deployed:
        return Seen(f"{BUNDLE} of {deployed} was edited", recorded, f"bundle {name}", name)
    if digest == ABSENT:
        return Seen(f"{MODEL} of {deployed} is gone", recorded, "no model", ABSENT)
    if digest != bundle.digest:
        return Seen(f"{MODEL} of {deployed} was edited", bundle.digest, digest, digest, since=_changed(model))
    return None


def _changed(path: Path) -> str:
    """When a file was last written, as its folder says: UTC, ISO 8601."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")


def remove(root: Path, environment: str, deployment: str) -> bool:
    """Undo a local deployment with all its bundles. Says whether there was one.

    The pointer goes first: a removal that is killed leaves nothing that could be served by half.
    """
    place = place_of(root, environment, deployment)
    if not place.is_dir():
        return False
    with _lock(place):
        (place / POINTER).unlink(missing_ok=True)
        sync_folder(place)
        _remove_folder(place / VERSIONS)
        sweep(place)
        # The lock goes last: from here on another process may deploy anew, and then the folder stays.
        (place / _LOCK).unlink(missing_ok=True)
        with suppress(OSError):
            place.rmdir()
    sync_folder(place.parent)
    return True


def _write(versions: Path, bundle: Bundle, source: Path) -> str:
    """Write the bundle's folder unless it is there and whole. Gives its name."""
    from mlc.drivers._serving import load  # opens the door to onnxruntime, which removing does not need

    content = canonical(bundle)
    name = f"{bundle.number}-{hashlib.sha256(content).hexdigest()[:16]}"
    folder = versions / name
    if _is_whole(folder, content, bundle.digest):
        return name
    staged = versions / f"{TEMPORARY}{name}"
    _remove_folder(staged)
    make_folder(staged)
    with source.open("rb") as model, replacing(staged / MODEL, 0o444) as copy:
        shutil.copyfileobj(model, copy, 1 << 20)
    write_atomically(staged / BUNDLE, content, 0o444)
    try:
        load(staged)
    except StepFailed:
        _remove_folder(staged)
        raise
    _remove_folder(folder)
    os.rename(staged, folder)  # noqa: PTH104 - the os functions are what the fault tests replace
    sync_folder(versions)
    return name


def _is_whole(folder: Path, content: bytes, digest: str) -> bool:
    try:
        return (folder / BUNDLE).read_bytes() == content and digest_of(folder / MODEL) == digest
    except OSError:
        return False


def _point(place: Path, name: str) -> bool:
    """Make a bundle the current one; the one that was becomes the previous one. Says whether it changed."""
    try:
        before = read_pointer(place)
    except StepFailed:
        before = None  # an unreadable pointer is replaced
    if before is not None and before.bundle == name:
        return False
    pointer = Pointer(bundle=name, previous=None if before is None else before.bundle)
    write_atomically(place / POINTER, canonical(pointer), 0o644)
    return True


def _prune(place: Path) -> None:
    """Remove the bundles that are neither current nor previous, and what killed deployments left."""
    pointer = read_pointer(place)
    kept = set() if pointer is None else {pointer.bundle, pointer.previous}
    for folder in sorted((place / VERSIONS).iterdir()):
        if folder.name not in kept:
            _remove_folder(folder)
    sweep(place)


def _remove_folder(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)


@contextmanager
def _lock(place: Path) -> Iterator[None]:
    """One process at a time deploys or removes here; one that dies lets go of it.

    Whoever waited while the folder was removed holds the lock of a file that is gone, and starts over.
    """
    while True:
        with suppress(FileNotFoundError):  # removed between the making and the opening
            make_folder(place)
            handle = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                held = os.fstat(handle).st_nlink > 0
            except BaseException:
                os.close(handle)
                raise
            if held:
                break
            os.close(handle)
    try:
        yield
    finally:
        os.close(handle)
