"""The effects that steps have, and how each is recorded."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from mlc.ir.drift import ABSENT
from mlc.ir.operation import Operation, Outcome, Product, Work, digest_of, made_from
from mlc.ir.plan import Plan, PlannedArtifact
from mlc.ir.state import AppliedArtifact, Move, State

Told = tuple[str, dict[str, Any]]


class StateWriter(Protocol):
    """What `apply` needs of a state (`store.state.StateStore`)."""

    def put_resource(self, address: str, spec: dict[str, Any]) -> None: ...
    def put_operation(self, operation_id: str, outcome: Outcome) -> None: ...
    def put_artifact(self, path: str, artifact: AppliedArtifact) -> None: ...
    def remove(self, entry_type: str, name: str) -> None: ...
    def move(self, move: Move) -> None: ...


class ContentStore(Protocol):
    """What `apply` needs of a content-addressed store (`store.content.Content`)."""

    def put(self, source: Path | bytes, *, move: bool = False) -> str: ...
    def path(self, digest: str) -> Path: ...
    def is_intact(self, digest: str) -> bool: ...


class Effects(Struct, frozen=True):
    """The hands of `apply`: everything through which it reaches the world.

    `applied` is the state as it was when the run began, `root` the project's folder, `cache` the folder of
    earlier outcomes by key, `scratch` the folder that steps work in; `write` writes a file durably and
    atomically; `place` gives the path of an artifact and refuses one that leads out of the project; `drifted`
    whether something else stands in the place of an operation's effect than was recorded.
    """

    applied: State
    root: Path
    cache: Path
    scratch: Path
    state: StateWriter
    content: ContentStore
    driver: Callable[[str], ModuleType]
    tools: Callable[[str], dict[str, str]]
    render: Callable[[str, str, Mapping[str, Any]], bytes]
    tell: Callable[[str, str], None]
    write: Callable[[Path, bytes, int], None]
    place: Callable[[str], Path]
    file_digest: Callable[[str], str]
    drifted: Callable[[Operation, Outcome], bool] = lambda *_: False
    outputs: dict[str, dict[str, str]] = {}  # of the operations of this run, as they finish


def run_operation(operation: Operation, plan: Plan, effects: Effects) -> Told:
    """Run an operation, or find that it need not run: the same key has the same outcome."""
    digests = {name: effects.file_digest(path) for name, path in operation.files.items()}
    for name, source in operation.inputs.items():
        earlier, _, output = source.partition("#")
        known = effects.outputs.get(earlier) or plan.known[earlier]
        digests[name] = known[output]
    parts = made_from(operation, plan.tools[operation.driver], digests)
    key = digest_of(parts)

    recorded = effects.applied.operations.get(operation.id)
    if (
        recorded is not None
        and recorded.key == key
        and _is_there(recorded, effects)
        and not effects.drifted(operation, recorded)
    ):
        effects.outputs[operation.id] = recorded.outputs
        _publish(operation, recorded, effects)
        return "unchanged", recorded.summary

    driver = effects.driver(operation.driver)
    cached = None if driver.EFFECT else _cached(key, effects)
    outcome = cached or _done(operation, plan, effects, driver, digests, parts, key)
    _publish(operation, outcome, effects)
    effects.state.put_operation(operation.id, outcome)
    effects.outputs[operation.id] = outcome.outputs
    return ("reused" if cached else "done"), outcome.summary


def undo_operation(operation: Operation, environment: str, effects: Effects) -> None:
    """Take back what an operation did outside the store, where its driver can, and forget it."""
    undo = getattr(effects.driver(operation.driver), "undo", None)
    if undo is not None:
        undo(effects.root, environment, operation)
    effects.state.remove("operation", operation.id)


def write_artifact(artifact: PlannedArtifact, address: str, effects: Effects) -> None:
    assert artifact.content is not None, artifact.path
    effects.write(effects.place(artifact.path), artifact.content, 0o644)
    applied = AppliedArtifact(digest=artifact.digest, backend=artifact.backend, address=address)
    effects.state.put_artifact(artifact.path, applied)


def remove_artifact(artifact: PlannedArtifact, effects: Effects) -> None:
    """Remove a file and the folders that it leaves empty."""
    path = effects.place(artifact.path)
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == effects.root or any(folder.iterdir()):
            break
        folder.rmdir()
    effects.state.remove("artifact", artifact.path)


def _done(
    operation: Operation,
    plan: Plan,
    effects: Effects,
    driver: ModuleType,
    digests: dict[str, str],
    parts: dict[str, str],
    key: str,
) -> Outcome:
    """Run the driver in a folder of its own; its outputs enter the store before the outcome is recorded."""
    effects.scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=effects.scratch))
    try:
        product: Product = driver.run(
            Work(
                operation=operation,
                environment=plan.environment,
                root=effects.root,
                folder=folder,
                inputs={name: effects.content.path(digests[name]) for name in operation.inputs},
                digests=digests,
                files={name: effects.root / path for name, path in operation.files.items()},
                tell=lambda text: effects.tell(operation.id, text),
                render=effects.render,
            )
        )
        outputs = {name: effects.content.put(path, move=True) for name, path in product.outputs.items()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    outcome = Outcome(
        key=key, driver=operation.driver, made_from=parts, outputs=outputs, summary=product.summary
    )
    if not driver.EFFECT:
        effects.write(_cache_path(key, effects), msgspec.json.encode(outcome), 0o600)
    return outcome


def _publish(operation: Operation, outcome: Outcome, effects: Effects) -> None:
    """Put the outputs that people read where they find them."""
    for output, path in operation.publishes.items():
        digest = outcome.outputs[output]
        applied = effects.applied.artifacts.get(path)
        if applied is not None and applied.accepted and applied.digest == digest:
            if (effects.file_digest(path) or ABSENT) == applied.accepted:
                continue
            applied = None
        if effects.file_digest(path) != digest:
            effects.write(effects.place(path), effects.content.path(digest).read_bytes(), 0o644)
        if applied is None or applied.digest != digest:
            record = AppliedArtifact(digest=digest, backend=operation.driver, address=operation.address)
            effects.state.put_artifact(path, record)


def _cached(key: str, effects: Effects) -> Outcome | None:
    """An earlier outcome of the same key, if all it left behind is still there."""
    try:
        outcome = msgspec.json.decode(_cache_path(key, effects).read_bytes(), type=Outcome)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return outcome if outcome.key == key and _is_there(outcome, effects) else None


def _is_there(outcome: Outcome, effects: Effects) -> bool:
    # Read and hashed: a damaged file is as good as none, and the step that makes it makes it again.
    return all(effects.content.is_intact(digest) for digest in outcome.outputs.values())


def _cache_path(key: str, effects: Effects) -> Path:
    return effects.cache / key[:2] / f"{key}.json"
