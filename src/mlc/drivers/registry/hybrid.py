"""Registering versions and asking for them.

Files go first and are on the disk before the row that names them; the row is the commit point. A crash
between the two leaves files that nothing names, which `collect` removes, and never a version without its
files. A version is known by the digest of its ONNX file: registering that again, from however many
processes, gives the same number.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mlc.drivers.registry.database import reading, writing
from mlc.drivers.registry.places import Registry
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Entry, Summary, Version
from mlc.rules import content_damaged, content_missing, unknown_version
from mlc.store.asked import is_file
from mlc.store.content import Content, digest_of
from mlc.store.files import make_folder

MODEL = "onnx"
"""The role of the file that says which model it is."""

ENTRY = "entry"


class Registered(Struct, frozen=True):
    """What `register` did. `already`: the version was there; `revised`: its entry is a new one."""

    entry: Entry
    already: bool
    revised: bool


def register(
    registry: Registry,
    name: str,
    files: Mapping[str, Path | bytes],
    describe: Callable[[int, dict[str, str]], Entry],
    now: str,
) -> Registered:
    """Make a version of the model `name` from its files by role; `files["onnx"]` identifies it.

    `describe(number, digests)` gives its entry once the number is known. `now` is UTC, ISO 8601. Where the
    version exists, its number stays, and a changed entry (other metrics, another owner) becomes its latest
    revision. Raises StepFailed (registry-unreadable), OSError where the disk fails.
    """
    with locked(registry.files, fcntl.LOCK_SH):
        digests = {role: registry.files.put(source) for role, source in sorted(files.items())}
        with writing(registry.database) as rows:
            known = _one(rows, "SELECT number FROM versions WHERE name=? AND digest=?", name, digests[MODEL])
            number = known or 1 + (_one(rows, "SELECT max(number) FROM versions WHERE name=?", name) or 0)
            entry = describe(number, digests)
            content = msgspec.json.format(msgspec.json.encode(entry, order="deterministic"), indent=2) + b"\n"
            placed = digests | {ENTRY: registry.files.put(content)}
            if not known:
                rows.execute("INSERT OR IGNORE INTO models VALUES (?)", (name,))
                rows.execute("INSERT INTO versions VALUES (?,?,?,?)", (name, number, digests[MODEL], now))
            revised = _revise(rows, name, number, placed, now)
    return Registered(entry, already=bool(known), revised=revised)


def models(registry: Registry) -> tuple[Summary, ...]:
    """Every model, by name."""
    with reading(registry.database) as rows:
        if rows is None:
            return ()
        return tuple(_summary(registry, rows, name) for name in _names(rows))


def versions(registry: Registry, name: str) -> tuple[Version, ...]:
    """Every version of a model, oldest first. Raises StepFailed (unknown-version) where there is none."""
    with reading(registry.database) as rows:
        found = [] if rows is None else _numbers(rows, name)
        if rows is None or not found:
            raise StepFailed(unknown_version.no_model(name, () if rows is None else _names(rows)))
        return tuple(_version(registry, rows, name, number) for number in found)


def version(registry: Registry, name: str, which: int | str | None = None) -> Version:
    """One version: by its number, by an alias, or the latest. Raises StepFailed (unknown-version)."""
    with reading(registry.database) as rows:
        numbers = [] if rows is None else _numbers(rows, name)
        if rows is None or not numbers:
            raise StepFailed(unknown_version.no_model(name, () if rows is None else _names(rows)))
        number = numbers[-1] if which is None else which
        if isinstance(which, str):
            pointed = _aliases(rows, name)
            if which not in pointed:
                raise StepFailed(unknown_version.no_alias(name, which, pointed))
            number = pointed[which]
        if number not in numbers:
            raise StepFailed(unknown_version.no_number(name, int(number), numbers))
        return _version(registry, rows, name, int(number))


def aliases(registry: Registry, name: str) -> dict[str, int]:
    """The aliases of a model and the versions they point to; empty where there is no such model."""
    with reading(registry.database) as rows:
        return {} if rows is None else _aliases(rows, name)


def verify_files(registry: Registry, digests: Iterable[str] | None = None) -> tuple[Diagnostic, ...]:
    """Hash files again, every version's or some: which are damaged or missing (content-damaged, content-missing)."""
    found = []
    for digest in _referenced(registry) if digests is None else sorted(digests):
        path = registry.files.location(digest)
        if not is_file(path):
            found.append(content_missing.found(digest, path))
        elif (now := digest_of(path)) != digest:
            found.append(content_damaged.found(digest, now, path))
    return tuple(found)


def collect(registry: Registry, *, pretend: bool = False) -> tuple[str, ...]:
    """Remove the files that no version names, and what killed writers left. Gives the digests removed.

    Waits for registrations that are under way, whose files are there before their row.
    """
    if not registry.files.root.is_dir():
        return ()
    with locked(registry.files, fcntl.LOCK_EX):
        wanted = set(_referenced(registry))
        orphans = tuple(digest for digest in registry.files.digests() if digest not in wanted)
        if not pretend:
            for digest in orphans:
                registry.files.remove(digest)
            registry.files.sweep()
    return orphans


def _revise(rows: sqlite3.Connection, name: str, number: int, files: Mapping[str, str], now: str) -> bool:
    """Add a revision unless the last one says the same. Says whether it did."""
    last = _revisions(rows, name, number)
    if last and last[-1] == files[ENTRY]:
        return False
    revision = len(last) + 1
    rows.execute("INSERT INTO revisions VALUES (?,?,?,?,?)", (name, number, revision, files[ENTRY], now))
    for role, digest in sorted(files.items()):
        rows.execute("INSERT INTO files VALUES (?,?,?,?,?)", (name, number, revision, role, digest))
    return True


def _summary(registry: Registry, rows: sqlite3.Connection, name: str) -> Summary:
    numbers = _numbers(rows, name)
    latest = _version(registry, rows, name, numbers[-1])
    return Summary(name=name, versions=len(numbers), latest=latest, aliases=_aliases(rows, name))


def _version(registry: Registry, rows: sqlite3.Connection, name: str, number: int) -> Version:
    revisions = _revisions(rows, name, number)
    pointing = tuple(alias for alias, at in _aliases(rows, name).items() if at == number)
    return Version(
        entry=msgspec.json.decode(registry.files.read(revisions[-1]), type=Entry),
        created=_one(rows, "SELECT created FROM versions WHERE name=? AND number=?", name, number),
        aliases=pointing,
        revisions=revisions,
    )


def _names(rows: sqlite3.Connection) -> tuple[str, ...]:
    # what has a / in its name is a dataset (`registry.datasets`)
    found = rows.execute("SELECT name FROM models WHERE name NOT LIKE '%/%' ORDER BY name")
    return tuple(row["name"] for row in found)


def _numbers(rows: sqlite3.Connection, name: str) -> list[int]:
    found = rows.execute("SELECT number FROM versions WHERE name=? ORDER BY number", (name,))
    return [row["number"] for row in found]


def _revisions(rows: sqlite3.Connection, name: str, number: int) -> tuple[str, ...]:
    query = "SELECT entry FROM revisions WHERE name=? AND number=? ORDER BY revision"
    return tuple(row["entry"] for row in rows.execute(query, (name, number)))


def _aliases(rows: sqlite3.Connection, name: str) -> dict[str, int]:
    found = rows.execute("SELECT alias, number FROM aliases WHERE name=? ORDER BY alias", (name,))
    return {row["alias"]: row["number"] for row in found}


def _referenced(registry: Registry) -> tuple[str, ...]:
    with reading(registry.database) as rows:
        if rows is None:
            return ()
        return tuple(
            row["digest"] for row in rows.execute("SELECT DISTINCT digest FROM files ORDER BY digest")
        )


def _one(rows: sqlite3.Connection, query: str, *values: str | int) -> Any:
    found = rows.execute(query, values).fetchone()
    return None if found is None else found[0]


@contextmanager
def locked(files: Content, kind: int) -> Iterator[None]:
    """Held together by those who register, alone by who collects; a process that dies lets go of it."""
    make_folder(files.root, 0o700)
    handle = os.open(files.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)
