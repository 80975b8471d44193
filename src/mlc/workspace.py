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
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from mlc import __version__, data, drivers, states
from mlc.ir.backend import Backend
from mlc.ir.graph import Graph
from mlc.ir.operation import StepFailed, digest_of
from mlc.ir.plan import Made, Plan
from mlc.ir.state import State
from mlc.plan import World
from mlc.rules import path_outside_project
from mlc.store.content import Content
from mlc.store.files import TEMPORARY, leads_out, sweep, write_atomically

if TYPE_CHECKING:
    from mlc.apply.effects import Effects
    from mlc.apply.processes import Perform

TOOL = f"mlc {__version__}"


def observed(root: Path, graph: Graph) -> World:
    """What planning needs to know of the world."""
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
        files={path: file_digest(root, path) for path in sorted(paths)},
        written=lambda path: _read(root, path),
        has=Content(root / ".mlc" / "content").has,
    )


@contextmanager
def hands(root: Path, plan: Plan) -> Iterator[Effects]:
    """Everything that applying reaches the world through, while nobody else applies.

    Raises StepFailed where somebody does, where the state cannot be read, or where nothing can be written.
    """
    from mlc import emit
    from mlc.apply.effects import Effects
    from mlc.apply.processes import Processes

    backends = emit.load_backends((data.path("templates"),))
    scratch = root / ".mlc" / "scratch" / plan.environment
    with (
        Processes(_performing(root, backends), drivers.warm) as workers,  # before there is a lock to inherit
        states.held(root, plan.environment) as held,
    ):
        applied = held.store.read()
        shutil.rmtree(scratch, ignore_errors=True)
        if held.killed:
            _tidy(root, plan, applied)
        yield Effects(
            applied=applied,
            root=root,
            cache=root / ".mlc" / "steps",
            scratch=scratch,
            state=held.store,
            content=Content(root / ".mlc" / "content"),
            workers=workers,
            declared=drivers.driver,
            tools=drivers.tools,
            write=write_atomically,
            place=lambda path: place(root, path),
            file_digest=lambda path: file_digest(root, path),
        )
        shutil.rmtree(scratch, ignore_errors=True)


def _performing(root: Path, backends: tuple[Backend, ...]) -> Perform:
    """What a step's own process does: nothing that it reaches belongs to the process that applies."""
    from mlc import emit
    from mlc.apply.effects import perform

    return partial(
        perform,
        root=root,
        load=drivers.load,
        render=lambda backend, template, values: emit.render(backends, backend, template, values),
    )


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


def made_from(root: Path, files: Iterable[str]) -> Made:
    """What a plan is made by now, and the configuration files that it was made from."""
    return structs.replace(present(), files={path: file_digest(root, path) for path in sorted(files)})


def stale(root: Path, plan: Plan) -> list[str]:
    """Why a plan may not be applied any more. Raises StepFailed where the state cannot be read."""
    from mlc.apply.staleness import stale as reasons

    applied = states.read(root, plan.environment)
    return reasons(plan, applied, TOOL, drivers.tools, lambda path: file_digest(root, path), present)


def edited(root: Path, plan: Plan) -> list[str]:
    """The configuration files that have changed since a plan was made from them."""
    files = plan.made.files if plan.made is not None else {}
    return [path for path, digest in files.items() if file_digest(root, path) != digest]


def damaged(root: Path, plan: Plan) -> frozenset[str]:
    """The digests of what the plan's steps read from the store and what is no longer there as it was."""
    content = Content(root / ".mlc" / "content")
    sources = (
        source.partition("#")
        for step in plan.steps
        if step.operation
        for source in step.operation.inputs.values()
    )
    read = {plan.known[earlier][output] for earlier, _, output in sources if earlier in plan.known}
    return frozenset(digest for digest in read if not content.is_intact(digest))


def file_digest(root: Path, path: str) -> str:
    """The SHA-256 (hex) of a file in the project; empty where there is none that can be read."""
    try:
        with place(root, path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, StepFailed):
        return ""


def place(root: Path, path: str) -> Path:
    """Where a path of the project lies. Raises StepFailed where links lead it out of the project."""
    if leads_out(root, path):
        raise StepFailed(path_outside_project.found(path, where="The project"))
    return root / path


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


def _read(root: Path, path: str) -> bytes | None:
    """What stands at an artifact's path; None where nothing does, or nothing that may be read."""
    try:
        return place(root, path).read_bytes()
    except StepFailed:
        return None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES):
            return None
        raise
