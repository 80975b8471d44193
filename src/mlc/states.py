"""Where the state of an environment is kept, and the ways to it.

```
.mlc/state/<environment>.db                     what was applied
.mlc/state/<environment>.lock                   who is applying
.mlc/state/previous/<environment>-<serial>.json what a state was before a command changed it by hand
```
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from mlc import check, load
from mlc.compose.hydra import compose_config
from mlc.compose.source import Source
from mlc.ir.diagnostic import has_errors
from mlc.ir.node import plain
from mlc.ir.operation import StepFailed
from mlc.ir.state import State
from mlc.rules import _system, state_locked, state_unreadable, unlock_refused
from mlc.store.files import keep_out_of_git, write_atomically
from mlc.store.lock import LockHeld, holder_of, locked
from mlc.store.records import Owner, StateStore, StateUnreadable, document
from mlc.store.state import opened, read_state

MOST_KEPT = 10


class Settings(Struct, frozen=True):
    """What mlc.yaml says of the project's states."""

    project: str
    environments: tuple[str, ...]

    @property
    def owners(self) -> tuple[tuple[str, str], ...]:
        """The project and each of its environments: those that have states here."""
        return tuple((self.project, environment) for environment in self.environments)


class Held(Struct, frozen=True):
    """A state that nobody else changes meanwhile. `killed` is whether its last holder came to no orderly end."""

    store: StateStore
    killed: bool


def settings(root: Path) -> Settings:
    """What mlc.yaml says; no other file is read. Raises StepFailed with what is wrong with it."""
    composed = compose_config(Source(load.read, root), "mlc")
    if composed.node is None or has_errors(composed.diagnostics):
        raise StepFailed(*composed.diagnostics)
    project, mistakes = check.check_schema(composed.node, plain(composed.node), "project", "project")
    if project is None:
        raise StepFailed(*mistakes)
    return Settings(project["project"], tuple(project["environments"]))


def read(root: Path, environment: str) -> State:
    """What was applied to an environment. Raises StepFailed where the state cannot be read."""
    try:
        return read_state(_path(root, environment))
    except StateUnreadable as error:
        raise StepFailed(state_unreadable.found(str(error))) from error


@contextmanager
def held(root: Path, environment: str) -> Iterator[Held]:
    """An environment's state, open for writing, while nobody else writes it.

    Raises StepFailed where somebody does, where the state cannot be read, or where nothing can be written.
    """
    path = _path(root, environment)
    owner = Owner(settings(root).project, environment)
    try:
        with locked(path.with_suffix(".lock")) as killed, opened(path, owner) as store:
            keep_out_of_git(root)
            yield Held(store, killed)
    except LockHeld as holding:
        raise StepFailed(state_locked.found(environment, holding.holder)) from holding
    except StateUnreadable as error:
        raise StepFailed(state_unreadable.found(str(error))) from error
    except OSError as error:
        raise StepFailed(_system.found("Opening the state", error)) from error


def unlock(root: Path, environment: str, lock: str) -> str:
    """Take a lock from its holder, who is told. Raises StepFailed where that may not be done."""
    holder = holder_of(_path(root, environment).with_suffix(".lock"))
    if holder is None:
        raise StepFailed(unlock_refused.nobody(environment, lock))
    raise StepFailed(unlock_refused.alive(environment, holder))


def keep(root: Path, environment: str, state: State) -> Path:
    """Keep a state as it is before it is changed by hand, and the last few that were kept before it."""
    folder = _path(root, environment).parent / "previous"
    path = folder / f"{environment}-{state.serial}.json"
    write_atomically(path, document(state))
    kept = sorted(folder.glob(f"{environment}-*.json"), key=_serial_of)
    for old in kept[:-MOST_KEPT]:
        old.unlink(missing_ok=True)
    return path


def _serial_of(path: Path) -> int:
    number = path.stem.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def _path(root: Path, environment: str) -> Path:
    return root / ".mlc" / "state" / f"{environment}.db"
