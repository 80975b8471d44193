"""The effects that steps have, and how each is recorded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import msgspec
from msgspec import Struct, structs

from mlc.apply.processes import Errand, Failed, Heard, Succeeded
from mlc.drivers import Driver
from mlc.ir.drift import ABSENT
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work, digest_of, made_from
from mlc.ir.plan import Plan, PlannedArtifact
from mlc.ir.state import UNDOING, AppliedArtifact, Move, State
from mlc.rules import _system, foreign_file
from mlc.store.files import sync_folder

Told = tuple[str, dict[str, Any]]


class StateWriter(Protocol):
    """What `apply` needs of a state (`store.state.StateStore`)."""

    def put_resource(self, address: str, spec: dict[str, Any], origins: Mapping[str, str]) -> None: ...
    def put_operation(self, operation_id: str, outcome: Outcome) -> None: ...
    def put_artifact(self, path: str, artifact: AppliedArtifact) -> None: ...
    def remove(self, entry_type: str, name: str) -> None: ...
    def move(self, move: Move) -> None: ...


class ContentStore(Protocol):
    """What `apply` needs of a content-addressed store (`store.content.Content`)."""

    def put(self, source: Path | bytes, *, move: bool = False) -> str: ...
    def path(self, digest: str) -> Path: ...
    def location(self, digest: str) -> Path: ...
    def is_intact(self, digest: str) -> bool: ...


class Workers(Protocol):
    """What `apply` needs of who does the work (`apply.processes.Processes`)."""

    def start(self, errand: Errand) -> None: ...
    def heard(self, seconds: float | None) -> Iterable[Heard]: ...


class Effects(Struct, frozen=True):
    """The hands of `apply`: everything through which it reaches the world.

    `applied` is the state as it was when the run began, `root` the project's folder, `cache` the folder of
    earlier outcomes by key, `scratch` the folder that steps work in; `write` writes a file durably and
    atomically; `place` gives the path of an artifact and refuses one that leads out of the project;
    `declared` gives what a driver says of itself, `drifted` whether something else stands in the place of an
    operation's effect than was recorded.
    """

    applied: State
    root: Path
    cache: Path
    scratch: Path
    state: StateWriter
    content: ContentStore
    workers: Workers
    declared: Callable[[str], Driver]
    tools: Callable[[str], dict[str, str]]
    write: Callable[[Path, bytes, int], None]
    place: Callable[[str], Path]
    file_digest: Callable[[str], str]
    drifted: Callable[[Operation, Outcome], bool] = lambda *_: False
    outputs: dict[str, dict[str, str]] = {}  # of the operations of this run, as they finish
    made_from: dict[str, dict[str, str]] = {}  # likewise


class Due(Struct, frozen=True):
    """An operation that has to run: the key of what it is made from, and the digests of what it reads."""

    key: str
    parts: dict[str, str]
    digests: dict[str, str]


def found_or_due(operation: Operation, plan: Plan, effects: Effects) -> Told | Due:
    """An operation need not run where the same key has an outcome: that is recorded. Otherwise it is due."""
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
        _note(operation, recorded, effects)
        _publish(operation, recorded, effects)
        return "unchanged", recorded.summary
    cached = None if effects.declared(operation.driver).effect else _cached(key, effects)
    if cached is None:
        return Due(key, parts, digests)
    _record(operation, cached, effects)
    return "reused", cached.summary


def errand_of(operation: Operation, due: Due, environment: str, cores: int, effects: Effects) -> Errand:
    """What a process is to do, in a folder of its own. Raises StepFailed for content that is lost."""
    effects.scratch.mkdir(parents=True, exist_ok=True)
    return Errand(
        act="run",
        operation=operation,
        environment=environment,
        cores=cores,
        inputs={name: effects.content.path(due.digests[name]) for name in operation.inputs},
        digests=due.digests,
        files={name: effects.root / path for name, path in operation.files.items()},
        folder=Path(tempfile.mkdtemp(dir=effects.scratch)),
        made_from=_made_from(operation, effects),
        key=due.key,
    )


def record_product(operation: Operation, due: Due, product: Product, effects: Effects) -> Told:
    """What a driver made enters the store before the outcome is recorded."""
    outcome = Outcome(
        key=due.key,
        driver=operation.driver,
        made_from=due.parts,
        outputs={name: effects.content.put(path, move=True) for name, path in product.outputs.items()},
        summary=product.summary,
    )
    if not effects.declared(operation.driver).effect:
        effects.write(cache_path(effects.cache, due.key), msgspec.json.encode(outcome), 0o600)
    _record(operation, outcome, effects)
    return "done", outcome.summary


def mark_undoing(operation: Operation, effects: Effects) -> None:
    """From here on the outcome holds no longer: killed in the middle, an apply that wants it makes it anew."""
    recorded = effects.applied.operations.get(operation.id)
    if recorded is not None:
        effects.state.put_operation(operation.id, structs.replace(recorded, key=UNDOING))


def size_read(operation: Operation, due: Due, effects: Effects) -> int:
    """How many bytes an operation reads."""
    paths = [effects.content.location(due.digests[name]) for name in operation.inputs]
    paths += [effects.root / path for path in operation.files.values()]
    return sum(path.stat().st_size for path in paths if path.is_file())


def perform(
    errand: Errand,
    tell: Callable[[str], None],
    *,
    root: Path,
    load: Callable[[str], ModuleType],
    render: Callable[[str, str, Mapping[str, Any]], bytes],
) -> Succeeded | Failed:
    """Let the driver do an errand. In the step's own process."""
    operation = errand.operation
    try:
        driver = load(operation.driver)
        if errand.folder is None:
            driver.undo(root, errand.environment, operation)
            return Succeeded(errand.step, None)
        work = Work(
            operation=operation,
            environment=errand.environment,
            root=root,
            folder=errand.folder,
            inputs=errand.inputs,
            digests=errand.digests,
            files=errand.files,
            tell=tell,
            render=render,
            made_from=errand.made_from,
            cores=errand.cores,
            key=errand.key,
        )
        return Succeeded(errand.step, driver.run(work))
    except Exception as error:  # a driver's bug must not take the other steps with it
        return failure(errand.step, operation.address, error)


def failure(step: str, address: str, error: Exception) -> Failed:
    """What an exception means to people. A full disk is one, whatever a driver makes of it."""
    if isinstance(error, StepFailed) and not _system.is_disk_full(error):
        return Failed(step, error.diagnostics, error.passing)
    return Failed(step, (_system.found(step, error, address),), _system.is_passing(error))


def write_artifact(artifact: PlannedArtifact, address: str, effects: Effects) -> None:
    """Raises StepFailed for a file that somebody put there since the plan was made."""
    assert artifact.content is not None, artifact.path
    now = effects.file_digest(artifact.path)
    if now not in ("", artifact.digest, artifact.foreign) and artifact.path not in effects.applied.artifacts:
        raise StepFailed(foreign_file.appeared(artifact.path, address))
    effects.write(effects.place(artifact.path), artifact.content, 0o644)
    applied = AppliedArtifact(digest=artifact.digest, backend=artifact.backend, address=address)
    effects.state.put_artifact(artifact.path, applied)


def remove_artifact(artifact: PlannedArtifact, effects: Effects) -> None:
    """Remove a file and the folders that it leaves empty; what an earlier try has removed is no longer there."""
    path = effects.place(artifact.path)
    path.unlink(missing_ok=True)
    for folder in path.parents:
        with suppress(FileNotFoundError):
            if folder == effects.root or any(folder.iterdir()):
                sync_folder(folder)  # gone for good before the record is
                break
            folder.rmdir()
    effects.state.remove("artifact", artifact.path)


def _record(operation: Operation, outcome: Outcome, effects: Effects) -> None:
    _publish(operation, outcome, effects)
    effects.state.put_operation(operation.id, outcome)
    _note(operation, outcome, effects)


def _note(operation: Operation, outcome: Outcome, effects: Effects) -> None:
    """Remember an outcome for the operations of this run that read it."""
    effects.outputs[operation.id] = outcome.outputs
    effects.made_from[operation.id] = outcome.made_from


def _made_from(operation: Operation, effects: Effects) -> dict[str, dict[str, str]]:
    """What the outcomes that an operation reads were made from, by the names of their operations."""
    earlier = effects.applied.operations
    found = {need: earlier[need].made_from for need in operation.needs if need in earlier} | {
        need: effects.made_from[need] for need in operation.needs if need in effects.made_from
    }
    return {need.rpartition("/")[2]: parts for need, parts in found.items()}


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
        outcome = msgspec.json.decode(cache_path(effects.cache, key).read_bytes(), type=Outcome)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return outcome if outcome.key == key and _is_there(outcome, effects) else None


def _is_there(outcome: Outcome, effects: Effects) -> bool:
    # Read and hashed: a damaged file is as good as none, and the step that makes it makes it again.
    return all(effects.content.is_intact(digest) for digest in outcome.outputs.values())


def cache_path(cache: Path, key: str) -> Path:
    """Where the outcome with a key is kept."""
    return cache / key[:2] / f"{key}.json"
