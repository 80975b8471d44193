"""Where the compiler keeps things in a project, and its hands in the world.

```
.mlc/state/<environment>.db      what was applied
.mlc/content/                    every result, by the digest of its bytes
.mlc/steps/                      which step made which result, by key
.mlc/registry/                   the embedded registry (a registry may stand elsewhere)
.mlc/deployments/                what the embedded target serves
```
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mlc import __version__, data, drivers
from mlc.apply.effects import Effects
from mlc.ir.event import StepTold
from mlc.ir.graph import Graph
from mlc.ir.operation import StepFailed
from mlc.ir.plan import Plan
from mlc.ir.state import State
from mlc.plan import World
from mlc.rules import state_locked, state_unreadable
from mlc.store.content import Content
from mlc.store.files import write_atomically
from mlc.store.lock import LockHeld, locked
from mlc.store.state import StateUnreadable, opened, read_state

TOOL = f"mlc {__version__}"


def state(root: Path, environment: str) -> State:
    """What was applied to an environment. Raises StepFailed where the state cannot be read."""
    try:
        return read_state(_state_path(root, environment))
    except StateUnreadable as error:
        raise StepFailed(state_unreadable.found(str(error))) from error


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
        files={path: file_digest(root, path) for path in sorted(paths)},
        written=lambda path: _read(root / path),
        has=Content(root / ".mlc" / "content").has,
    )


@contextmanager
def hands(root: Path, plan: Plan, tell: Callable[[StepTold], None]) -> Iterator[Effects]:
    """Everything that applying reaches the world through, while nobody else applies.

    Raises StepFailed where somebody does, or where the state cannot be read.
    """
    from mlc import emit

    state_path = _state_path(root, plan.environment)
    backends = emit.load_backends((data.path("templates"),))
    try:
        with locked(state_path.with_suffix(".lock")), opened(state_path) as store:
            yield Effects(
                applied=store.read(),
                root=root,
                cache=root / ".mlc" / "steps",
                scratch=root / ".mlc" / "scratch" / plan.environment,
                state=store,
                content=Content(root / ".mlc" / "content"),
                driver=drivers.load,
                tools=drivers.tools,
                render=lambda backend, template, values: emit.render(backends, backend, template, values),
                tell=lambda step, text: tell(StepTold(step, text)),
                write=write_atomically,
                file_digest=lambda path: file_digest(root, path),
            )
    except LockHeld as held:
        raise StepFailed(state_locked.found(plan.environment, held.holder)) from held
    except StateUnreadable as error:
        raise StepFailed(state_unreadable.found(str(error))) from error


def file_digest(root: Path, path: str) -> str:
    """The SHA-256 (hex) of a file in the project; empty where there is none that can be read."""
    try:
        with (root / path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _state_path(root: Path, environment: str) -> Path:
    return root / ".mlc" / "state" / f"{environment}.db"


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES):
            return None
        raise
