"""What `mlc modules` does: update, install, list.

Sources are read first, and only when every one of them gave what is wanted is anything written: the modules, each in a
folder of its own that does not replace another version's, and then the lock. Killed anywhere, the lock is the old one
or the new one, and what it names is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.module import (
    LARGEST_LOCK,
    LOCK,
    Declared,
    Folder,
    Git,
    Lock,
    Locked,
    Package,
    Resolved,
    folder_of,
    read_lock,
    tree_digest,
    write_lock,
)
from mlc.ir.operation import StepFailed
from mlc.modules import packages, placing, repositories
from mlc.modules.trees import Fetched, read_folder
from mlc.rules import bad_lock, module_differs, module_not_locked, module_outdated, module_unreachable
from mlc.store.files import write_if_changed

State = Literal["installed", "changed", "not installed", "not locked", "outdated"]


class Updated(Struct, frozen=True):
    """A module before and after; None where it was not locked, or is no more."""

    name: str
    before: Locked | None
    after: Locked | None


class Installed(Struct, frozen=True):
    """A module that is there now; `is_new` where it was not before, or not as it should be."""

    name: str
    locked: Locked
    is_new: bool


class Row(Struct, frozen=True):
    """How it stands with a module. `available` is what its source would give now, empty where that is what is locked;
    None where nobody looked or `problem` says why it is not known."""

    declared: Declared
    state: State
    locked: Locked | None
    available: str | None = None
    problem: Diagnostic | None = None


def update(root: Path, declared: Sequence[Declared], names: Sequence[str]) -> tuple[Updated, ...]:
    """Fetch modules (all where none is named), place them, and lock them. What is declared no more leaves the lock.

    Raises StepFailed with all that is wrong, and nothing has changed then; OSError where the disk says no.
    """
    fetched: dict[str, tuple[Locked, Fetched]] = {}
    found: list[Diagnostic] = []
    for one in declared:
        if names and one.name not in names:
            continue
        try:
            tree = _fetch(root, one)
        except StepFailed as failure:
            found += failure.diagnostics
            continue
        fetched[one.name] = (_locked(one, tree), tree)
    if found:
        raise StepFailed(*found)
    with placing.alone(root):
        before = _read(root, is_needed=bool(names))
        after = {one.name: before.modules[one.name] for one in declared if one.name in before.modules}
        for name, (locked, tree) in fetched.items():
            placing.place(root, name, locked, tree.files)
            after[name] = locked
        write_if_changed(root / LOCK, write_lock(Lock(modules=after)), 0o644)
    gone = [name for name in before.modules if name not in after]
    return tuple(
        Updated(name, before.modules.get(name), after.get(name)) for name in (*sorted(fetched), *sorted(gone))
    )


def install(
    root: Path, declared: Sequence[Declared], names: Sequence[str], content: bytes | None
) -> tuple[Installed, ...]:
    """Bring what a lock says, and nothing else. `content` is the lock's, which another revision may have.

    Raises StepFailed and OSError as `update` does.
    """
    lock = _lock(content, is_needed=True)
    wanted = [one for one in declared if not names or one.name in names]
    found: list[Diagnostic] = []
    trees: dict[str, Fetched | None] = {}
    for one in wanted:
        locked = lock.modules.get(one.name)
        if locked is None:
            found.append(module_not_locked.found(one.name, one.span))
        elif not locked.fits(one):
            found.append(module_outdated.found(one, locked))
        elif placing.is_intact(root, one.name, locked):
            trees[one.name] = None
        else:
            try:
                trees[one.name] = _fetch_locked(root, one, locked)
            except StepFailed as failure:
                found += failure.diagnostics
    if found:
        raise StepFailed(*found)
    with placing.alone(root):
        for name, tree in trees.items():
            if tree is not None:
                placing.place(root, name, lock.modules[name], tree.files)
    return tuple(Installed(name, lock.modules[name], tree is not None) for name, tree in trees.items())


def listed(root: Path, declared: Sequence[Declared], content: bytes | None, *, look: bool) -> tuple[Row, ...]:
    """Every module. With `look`, also what its source would give now. Raises StepFailed for a lock that is none."""
    lock = _lock(content, is_needed=True)
    return tuple(_row(root, one, lock.modules.get(one.name), look=look) for one in declared)


def _row(root: Path, one: Declared, locked: Locked | None, *, look: bool) -> Row:
    state: State = "not locked"
    if locked is not None and not locked.fits(one):
        state = "outdated"
    elif locked is not None and placing.is_intact(root, one.name, locked):
        state = "installed"
    elif locked is not None:
        there = (root / folder_of(one.name, locked.digest)).is_dir()
        state = "changed" if there else "not installed"
    if not look:
        return Row(one, state, locked)
    try:
        return Row(one, state, locked, _available(root, one, locked))
    except StepFailed as failure:
        return Row(one, state, locked, problem=failure.diagnostics[0])


def _available(root: Path, one: Declared, locked: Locked | None) -> str:
    """What a source would give now; empty where that is what is locked."""
    if isinstance(one.origin, Git):
        resolved = repositories.resolve(one, one.origin, root)
        is_same = locked is not None and resolved.commit == locked.resolved.commit
        return "" if is_same else str(resolved)
    tree = _fetch(root, one)
    if locked is not None and tree_digest(tree.digests()) == locked.digest:
        return ""
    return str(tree.resolved) or "other files"


def _fetch(root: Path, one: Declared) -> Fetched:
    """What a source gives now."""
    if isinstance(one.origin, Package):
        return packages.fetch(one, one.origin)
    if isinstance(one.origin, Git):
        return repositories.fetch(one, one.origin, root)
    return _fetch_folder(root, one, one.origin)


def _fetch_folder(root: Path, one: Declared, origin: Folder) -> Fetched:
    folder = root / origin.path / one.path
    if not folder.is_dir():
        where = "/".join(part for part in (origin.path, one.path) if part)
        raise StepFailed(module_unreachable.found(one.name, one.span, f"there is no folder {where}"))
    return read_folder(one, folder, Resolved())


def _fetch_locked(root: Path, one: Declared, locked: Locked) -> Fetched:
    """What the lock says, from its source. Raises StepFailed where the source gives anything else."""
    help_text = ""
    if isinstance(one.origin, Git):
        tree = repositories.fetch_commit(one, one.origin, root, locked.resolved)
        reason = f"the commit {locked.resolved.commit[:12]} holds other files than mlc.lock says"
    elif isinstance(one.origin, Package):
        tree = packages.fetch(one, one.origin, any_version=True)
        was, now = locked.resolved, tree.resolved
        reason = f"{now.package} {now.version} is installed, and mlc.lock holds {was.package} {was.version}"
        help_text = f"Install what is locked: pip install '{was.package}=={was.version}'."
        if was == now:
            reason, help_text = f"{now.package} {now.version} has other files than when it was locked", ""
    else:
        tree = _fetch_folder(root, one, one.origin)
        reason = f"the files in {one.source} are not those that were locked"
    if tree_digest(tree.digests()) != locked.digest:
        raise StepFailed(module_differs.found(one.name, one.span, reason, help_text))
    return tree


def _locked(one: Declared, tree: Fetched) -> Locked:
    files = tree.digests()
    return Locked(
        source=one.source,
        digest=tree_digest(files),
        files=files,
        resolved=tree.resolved,
        version=one.version,
        revision=one.revision,
        path=one.path,
    )


def _read(root: Path, *, is_needed: bool) -> Lock:
    """The lock as it stands on the disk now."""
    if not (root / LOCK).is_file():
        return Lock()
    with (root / LOCK).open("rb") as file:
        return _lock(file.read(LARGEST_LOCK + 1), is_needed=is_needed)


def _lock(content: bytes | None, *, is_needed: bool) -> Lock:
    """The lock; an empty one where there is none, or none that is needed. Raises StepFailed."""
    lock = Lock() if content is None else read_lock(content)
    if isinstance(lock, Lock):
        return lock
    if is_needed:
        raise StepFailed(bad_lock.found(lock))
    return Lock()
