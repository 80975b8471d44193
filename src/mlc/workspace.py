"""Where the compiler keeps things in a project, and its hands in the world.

```
.mlc/state/                      what was applied (`states`)
.mlc/content/                    every result, by the digest of its bytes
.mlc/steps/                      which step made which result, by key
.mlc/registry/                   the embedded registry (a registry may stand elsewhere)
.mlc/deployments/                what the embedded target serves
.mlc/modules/                    shared layers, as mlc.lock says (mlc.modules)
.mlc/scratch/<environment>/      where the running step works
```
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from mlc import __version__, data, drivers, states
from mlc.ir.backend import Backend
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.drift import Drift, Drifted, Seen, may_stay, token_of
from mlc.ir.graph import Graph
from mlc.ir.operation import Operation, Outcome, StepFailed, digest_of
from mlc.ir.plan import Made, Plan
from mlc.ir.state import State
from mlc.plan import World
from mlc.rules import path_outside_project, plan_stale
from mlc.store.content import Content
from mlc.store.files import TEMPORARY, leads_out, sweep, write_atomically
from mlc.store.source import source_digest

if TYPE_CHECKING:
    from mlc.apply.effects import Effects
    from mlc.apply.processes import Perform

REUSES = "reuse"
"""The driver of the steps that refer to a version in the registry."""

TOOL = f"mlc {__version__}"


def observed(
    root: Path,
    graph: Graph,
    state: State,
    content: Content | None = None,
    digest: Callable[[str], str] | None = None,
    *,
    programs: bool = False,
) -> World:
    """What planning needs to know of the world. `content` and `digest` may be given where they are known already.

    `programs` says whether programs may be started to look at what only they reach; else it is as recorded.
    """
    changed = _seen(root, graph.environment, _observable(graph, state, programs))
    accepted = {name: outcome.accepted for name, outcome in state.operations.items() if outcome.accepted}
    paths = {
        path
        for resource in graph.resources
        for operation in resource.operations
        for path in operation.files.values()
    }
    return World(
        tool=TOOL,
        tools=drivers.tools,
        undoes=lambda name: drivers.driver(name).undoes,
        files={path: digest(path) if digest else file_digest(root, path) for path in sorted(paths)},
        written=_Written(root).content,
        has=(content or results(root)).has,
        drifted=lambda operation: _unless_accepted(changed.get(operation), accepted.get(operation, "")),
        pinned=lambda operation: _pinned(root, operation),
    )


def unfit(root: Path, graph: Graph, plan: Plan) -> tuple[Diagnostic, ...]:
    """Why steps of a plan cannot use what they refer to: versions that are not there, or that take something else."""
    operations = [step.operation for step in plan.steps if step.operation is not None]
    reusing = [one for one in operations if one.driver == REUSES]
    if not reusing:
        return ()
    from mlc.drivers.registry.lookup import looked_up

    described = {one.address.name for one in graph.resources if one.address.kind == "model"}
    return tuple(problem for one in reusing for problem in looked_up(root, one, described).problems)


def _pinned(root: Path, operation: Operation) -> Operation:
    if operation.driver != REUSES:
        return operation
    from mlc.drivers.registry.lookup import looked_up

    return looked_up(root, operation).operation


def drifted(root: Path, graph: Graph, state: State) -> Drifted:
    """What was changed from outside since it was applied. Only reads."""
    found: list[Drift] = []
    accepted: list[Drift] = []
    written = _Written(root)
    for path, applied in sorted(state.artifacts.items()):
        now = written.content(path)
        if token_of(now) == applied.digest:
            continue
        drift = Drift("artifact", path, applied.address, _of_file(root / path, applied.digest, now))
        (accepted if may_stay(applied, applied.digest, now) else found).append(drift)
    observable = _observable(graph, state)
    for operation_id, one in sorted(_seen(root, graph.environment, observable).items()):
        drift = Drift("operation", operation_id, operation_id.rpartition("/")[0], one)
        (accepted if state.operations[operation_id].accepted == one.token else found).append(drift)
    unseen = [
        operation_id
        for operation_id, outcome in sorted(state.operations.items())
        if drivers.driver(outcome.driver).observes and operation_id not in observable
    ]
    return Drifted(tuple(found), tuple(accepted), tuple(unseen))


def _seen(
    root: Path, environment: str, observable: Mapping[str, tuple[Operation, Outcome]]
) -> dict[str, Seen]:
    """What stands in the place of the effects of operations, where that is not what was recorded; by id."""
    by_driver: dict[str, list[tuple[Operation, Outcome]]] = {}
    for operation, outcome in observable.values():
        by_driver.setdefault(operation.driver, []).append((operation, outcome))
    found: dict[str, Seen] = {}
    for driver, done in by_driver.items():
        found |= drivers.load(driver).observe(root, environment, done)
    return found


def _observable(graph: Graph, state: State, programs: bool = True) -> dict[str, tuple[Operation, Outcome]]:
    """The operations whose effect can be looked at, by id: recorded, and described as they were then."""
    return {
        operation.id: (operation, state.operations[operation.id])
        for resource in graph.resources
        for operation in resource.operations
        if operation.id in state.operations
        and state.operations[operation.id].driver == operation.driver
        and drivers.driver(operation.driver).observes
        and (programs or not drivers.driver(operation.driver).programs)
        and digest_of(operation.spec) == state.operations[operation.id].made_from.get("spec")
    }


def _unless_accepted(one: Seen | None, accepted: str) -> str:
    return "" if one is None or one.token == accepted else one.what


def _of_file(path: Path, digest: str, now: bytes | None) -> Seen:
    if now is None:
        return Seen("the file is gone", digest, "no file", token_of(None))
    since = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return Seen("the file was edited by hand", digest, token_of(now), token_of(now), since=since)


@contextmanager
def hands(root: Path, plan: Plan) -> Iterator[Effects]:
    """Everything that applying reaches the world through, while nobody else applies.

    Raises StepFailed where somebody does, where the state cannot be read, where nothing can be written, or where
    this is another project than the plan's (plan-stale): a project without a state would not notice.
    """
    from mlc import emit
    from mlc.apply.effects import Effects
    from mlc.apply.processes import Processes

    settings = states.settings(root)
    if (plan.project, plan.environment) not in settings.owners:
        raise StepFailed(plan_stale.elsewhere(plan.project, plan.environment, settings.project))

    backends = emit.load_backends((data.path("templates"),))
    scratch = root / ".mlc" / "scratch" / plan.environment
    with (
        Processes(_performing(root, backends), drivers.warm) as workers,  # before there is a lock to inherit
        states.held(root, plan.environment, tidies=True) as held,
    ):
        applied = held.store.read()
        shutil.rmtree(scratch, ignore_errors=True)
        if held.killed:
            _tidy(root, plan, applied)
        yield Effects(
            applied=applied,
            root=root,
            cache=settings.results / "steps",
            scratch=scratch,
            state=held.store,
            content=Content(settings.results / "content"),
            workers=workers,
            declared=drivers.driver,
            tools=drivers.tools,
            write=write_atomically,
            place=lambda path: place(root, path),
            file_digest=lambda path: file_digest(root, path),
            drifted=lambda operation, outcome: _is_drifted(root, plan.environment, operation, outcome),
        )
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def hands_aside(root: Path, folder: Path, environment: str) -> Iterator[Effects]:
    """The same hands for work that leaves no trace in the project: results and records go to a folder of its own.

    Nothing may be published. Raises StepFailed where nothing can be written.
    """
    from mlc import emit
    from mlc.apply.effects import Effects
    from mlc.apply.processes import Processes
    from mlc.store.state import opened

    backends = emit.load_backends((data.path("templates"),))
    with (
        Processes(_performing(root, backends), drivers.warm) as workers,
        opened(folder / f"{environment}.db") as state,
    ):
        yield Effects(
            applied=state.read(),
            root=root,
            cache=folder / "steps",
            scratch=folder / "scratch",
            state=state,
            content=Content(folder / "content"),
            workers=workers,
            declared=drivers.driver,
            tools=drivers.tools,
            write=write_atomically,
            place=lambda path: place(folder, path),
            file_digest=lambda path: file_digest(root, path),
        )


def _performing(root: Path, backends: tuple[Backend, ...]) -> Perform:
    """What a step's own process does: nothing that it reaches belongs to the process that applies."""
    from mlc import emit
    from mlc.apply.effects import perform

    return partial(perform, root=root, load=drivers.load, render=partial(emit.render, backends))


def present() -> Made:
    """What this mlc is made of: a plan that another one saved is not applied."""
    from mlc import emit

    package = Path(__file__).parent
    source = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        source.update(f"{path.relative_to(package).as_posix()} {len(content)}\n".encode() + content)
    backends = emit.load_backends((data.path("templates"),))
    templates = digest_of({backend.name: backend.digest for backend in backends})
    return Made(source.hexdigest(), templates)


def made_from(root: Path, files: Iterable[str], backends: Iterable[str] = ()) -> Made:
    """What a plan is made by now, and the configuration files that it was made from; `backends` are those of the
    project's own backends."""
    own = {path: file_digest(root, path) for path in sorted(backends)}
    read = {path: file_digest(root, path) for path in sorted(files) if path not in own}
    return structs.replace(present(), files=read, backends=own)


def stale(root: Path, plan: Plan) -> list[str]:
    """Why a plan may not be applied any more. Raises StepFailed where the state cannot be read."""
    from mlc.apply.staleness import stale as reasons

    settings = states.settings(root)
    if (plan.project, plan.environment) not in settings.owners:
        return [plan_stale.why_elsewhere(plan.project, plan.environment, settings.project)]
    applied = states.read(root, plan.environment)
    return reasons(plan, applied, TOOL, drivers.tools, lambda path: file_digest(root, path), present)


def edited(root: Path, plan: Plan) -> list[str]:
    """The configuration files that have changed since a plan was made from them."""
    files = plan.made.files if plan.made is not None else {}
    return [path for path, digest in files.items() if file_digest(root, path) != digest]


def _is_drifted(root: Path, environment: str, operation: Operation, outcome: Outcome) -> bool:
    """Asked right before an effect is left as it is: what stands there may have changed since it was planned."""
    if not drivers.driver(operation.driver).observes:
        return False
    found = _seen(root, environment, {operation.id: (operation, outcome)})
    return bool(_unless_accepted(found.get(operation.id), outcome.accepted))


def damaged(root: Path, plan: Plan) -> frozenset[str]:
    """The digests of what the plan's steps read from the store and what is no longer there as it was."""
    content = results(root)
    sources = (
        source.partition("#")
        for step in plan.steps
        if step.operation
        for source in step.operation.inputs.values()
    )
    read = {plan.known[earlier][output] for earlier, _, output in sources if earlier in plan.known}
    return frozenset(digest for digest in read if not content.is_intact(digest))


def file_digest(root: Path, path: str) -> str:
    """The SHA-256 (hex) of a file in the project, or of a folder with all that stands in it; empty where there is
    none that can be read."""
    try:
        found = place(root, path)
        if found.is_dir():
            return source_digest(found)
        with found.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, StepFailed):
        return ""


def place(root: Path, path: str) -> Path:
    """Where a path of the project lies. Raises StepFailed where links lead it out of the project."""
    if leads_out(root, path):
        raise StepFailed(path_outside_project.found(path, where="The project"))
    return root / path


def results(root: Path) -> Content:
    """The results of steps: the project's own, or those that its machines share."""
    return Content(states.settings(root).results / "content")


def _tidy(root: Path, plan: Plan, applied: State) -> None:
    """Remove the half-written files that a killed run of this environment left.

    Other environments may be applying; their half-written files are locked and stay.
    """
    planned = {step.artifact.path for step in plan.steps if step.artifact is not None}
    published = {path for step in plan.steps if step.operation for path in step.operation.publishes.values()}
    folders = {(root / path).parent for path in planned | published | applied.artifacts.keys()}
    folders |= {path.parent for path in (root / ".mlc").rglob(f"{TEMPORARY}*") if path.is_file()}
    for folder in sorted(folders):
        sweep(folder)


class _Written:
    """What stands at the paths of artifacts, of which many share a folder: its links are followed once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._leads_out: dict[str, bool] = {}
        self._missing: set[str] = set()  # folders

    def content(self, path: str) -> bytes | None:
        """None where nothing stands, or nothing that may be read."""
        if self._is_missing(path.rpartition("/")[0]) or self._leaves(path):
            return None
        try:
            with open(f"{self._root}/{path}", "rb") as file:  # noqa: PTH123
                return file.read()
        except OSError as error:
            if error.errno == errno.ENOENT:
                self._note_missing(path)
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES):
                return None
            raise

    def _note_missing(self, path: str) -> None:
        """Take note of the folders that are not there on the way to a file that is not."""
        folder = path.rpartition("/")[0]
        while folder and not os.path.lexists(f"{self._root}/{folder}"):
            self._missing.add(folder)
            folder = folder.rpartition("/")[0]

    def _is_missing(self, folder: str) -> bool:
        while self._missing and folder:
            if folder in self._missing:
                return True
            folder = folder.rpartition("/")[0]
        return False

    def _leaves(self, path: str) -> bool:
        """Whether a link leads out of the project, at the path or on the way to it."""
        folder, _, _ = path.rpartition("/")
        if folder and folder not in self._leads_out:
            self._leads_out[folder] = self._leaves(folder)
        if folder and self._leads_out[folder]:
            return True
        is_link = os.path.islink(f"{self._root}/{path}")  # noqa: PTH114
        return is_link and leads_out(self._root, path)
