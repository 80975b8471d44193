"""Where the state of an environment is kept, and the ways to it.

On this machine (`state: {type: local}` in mlc.yaml, and where nothing is said):

```
.mlc/state/<environment>.db                     what was applied
.mlc/state/<environment>.lock                   who is applying
.mlc/state/<environment>.untidy                 what a killed command left half-written has not been removed yet
.mlc/state/previous/<environment>-<serial>.json what a state was before a command changed it by hand
```

Or in a database that others reach too (`state: {type: database, url: …}`): `store.shared`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mlc import check, load
from mlc.compose.hydra import compose_config
from mlc.compose.source import Source
from mlc.ir.diagnostic import has_errors
from mlc.ir.node import plain
from mlc.ir.operation import StepFailed
from mlc.ir.state import State
from mlc.kinds._fields import seconds
from mlc.rules import _system, state_locked, state_unreadable, unlock_refused
from mlc.store.files import keep_out_of_git, make_folder, write_atomically
from mlc.store.lock import LockHeld, holder_of, locked
from mlc.store.records import Owner, StateStore, StateUnreadable, document
from mlc.store.state import opened, read_state

if TYPE_CHECKING:
    from mlc.store.shared import Place

MOST_KEPT = 10


class Settings(Struct, frozen=True):
    """What mlc.yaml says of the project's states. `results` is the folder of the results of steps."""

    project: str
    environments: tuple[str, ...]
    results: Path
    database: dict[str, Any] | None = None

    @property
    def owners(self) -> tuple[tuple[str, str], ...]:
        """The project and each of its environments: those that have states here."""
        return tuple((self.project, environment) for environment in self.environments)


class Held(Struct, frozen=True):
    """A state that nobody else changes meanwhile.

    `killed` is whether an earlier holder came to no orderly end, and nobody has removed what it left half-written.
    """

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
    database = project["state"] if project["state"]["type"] == "database" else None
    return Settings(
        project=project["project"],
        environments=tuple(project["environments"]),
        results=root / ((database or {}).get("results") or ".mlc"),
        database=database,
    )


def read(root: Path, environment: str) -> State:
    """What was applied to an environment. Raises StepFailed where the state cannot be read."""
    wanted = settings(root)
    try:
        if wanted.database is None:
            return read_state(_path(root, environment))
        from mlc.store.shared import read_shared

        return read_shared(_place(root, wanted.database), Owner(wanted.project, environment))
    except StateUnreadable as error:
        raise StepFailed(state_unreadable.found(str(error))) from error


@contextmanager
def held(root: Path, environment: str, *, tidies: bool = False) -> Iterator[Held]:
    """An environment's state, open for writing, while nobody else writes it.

    `tidies` is whether this holder removes what killed ones left half-written; for another, it is remembered that
    somebody has to. Raises StepFailed where somebody else writes, where the state cannot be read, or where nothing
    can be written.
    """
    mark = _path(root, environment).with_suffix(".untidy")
    with _alone(root, environment) as alone:
        killed = alone.killed or mark.exists()
        if killed and not tidies:
            with suppress(OSError):  # no reason to fail where the disk is full
                make_folder(mark.parent, 0o700)
                mark.touch(0o600)
        yield Held(alone.store, killed)
        if killed and tidies:
            mark.unlink(missing_ok=True)


@contextmanager
def _alone(root: Path, environment: str) -> Iterator[Held]:
    wanted = settings(root)
    owner = Owner(wanted.project, environment)
    try:
        if wanted.database is None:
            path = _path(root, environment)
            with locked(path.with_suffix(".lock")) as killed, opened(path, owner) as store:
                keep_out_of_git(root)
                yield Held(store, killed)
        else:
            from mlc.store.shared import LeaseHeld, leased

            try:
                with leased(_place(root, wanted.database), owner) as (store, abandoned):
                    keep_out_of_git(root)
                    yield Held(store, abandoned)
            except LeaseHeld as held:
                raise StepFailed(
                    state_locked.leased(
                        environment, held.lock, held.holder, _duration(held.held), _duration(held.left)
                    )
                ) from held
    except LockHeld as holding:
        raise StepFailed(state_locked.found(environment, holding.holder)) from holding
    except StateUnreadable as error:
        raise StepFailed(state_unreadable.found(str(error))) from error
    except OSError as error:
        raise StepFailed(_system.found("Opening the state", error)) from error


def unlock(root: Path, environment: str, lock: str) -> str:
    """Take a lock from its holder; says from whom. Raises StepFailed where that may not be done."""
    wanted = settings(root)
    if wanted.database is None:
        holder = holder_of(_path(root, environment).with_suffix(".lock"))
        if holder is None:
            raise StepFailed(unlock_refused.nobody(environment, lock))
        raise StepFailed(unlock_refused.alive(environment, holder))
    from mlc.store.shared import LeaseHeld, unlock_shared

    try:
        taken = unlock_shared(_place(root, wanted.database), Owner(wanted.project, environment), lock)
    except LeaseHeld as other:
        raise StepFailed(unlock_refused.another(environment, lock, other.lock, other.holder)) from other
    if taken is None:
        raise StepFailed(unlock_refused.nobody(environment, lock))
    ran_out = (
        f"would have run out in {_duration(taken.left)}"
        if taken.left > 0
        else f"ran out {_duration(-taken.left)} ago"
    )
    return (
        f"The lock {lock} was taken from {taken.holder}, who had it for {_duration(taken.held)}; it {ran_out}.\n"
        "Should that process still run, the database refuses what it writes from now on."
    )


def _place(root: Path, database: dict[str, Any]) -> Place:
    """The database of mlc.yaml, with its password. A SQLite file's path begins at the project."""
    from mlc.store.secrets import read_secret
    from mlc.store.shared import Place

    url: str = database["url"]
    scheme, mark, path = url.partition(":///")
    if mark and scheme.partition("+")[0] == "sqlite":
        url = f"{scheme}:///{root / path}"
    password = None if database["password"] is None else read_secret(database["password"])
    return Place(url, password, seconds(database["lease"]))


def _duration(of: float) -> str:
    """Seconds in words, to be read at a glance."""
    whole = max(0, round(of))
    return f"{whole} s" if whole < 120 else f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"


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
