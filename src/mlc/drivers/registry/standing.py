"""What a registry holds of some versions, looked at once for all of them: for plans and drift, which only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

from mlc.drivers.registry.database import reading
from mlc.drivers.registry.places import Registry
from mlc.ir.registry import Promotion


class Standing(Struct, frozen=True):
    """A version as it is: the digest of its model ("" where there is no such version), and its files by role
    that are gone or are not what they were.
    """

    digest: str = ""
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def standing(registry: Registry, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Standing]:
    """Each version wanted (name, number); every file of its latest revision is hashed.

    Raises StepFailed (registry-unreadable).
    """
    wanted = tuple(dict.fromkeys(wanted))
    with reading(registry.database) as rows:
        if rows is None:
            return {one: Standing() for one in wanted}
        files = {one: _files(rows, *one) for one in wanted}
    return {one: _standing(registry, *files[one]) for one in wanted}


def pointing(
    registry: Registry, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int | None, Promotion | None]]:
    """Where each alias wanted (name, alias) points (None: nowhere), and the last line of the log about it.

    Raises StepFailed (registry-unreadable).
    """
    wanted = tuple(dict.fromkeys(wanted))
    with reading(registry.database) as rows:
        if rows is None:
            return dict.fromkeys(wanted, (None, None))
        return {one: (_number(rows, *one), _last(rows, *one)) for one in wanted}


def _files(rows: sqlite3.Connection, name: str, number: int) -> tuple[str, dict[str, str]]:
    found = rows.execute("SELECT digest FROM versions WHERE name=? AND number=?", (name, number)).fetchone()
    if found is None:
        return "", {}
    of_latest = (
        "SELECT role, digest FROM files WHERE name=?1 AND number=?2 AND revision="
        "(SELECT max(revision) FROM revisions WHERE name=?1 AND number=?2) ORDER BY role"
    )
    return found["digest"], {row["role"]: row["digest"] for row in rows.execute(of_latest, (name, number))}


def _standing(registry: Registry, digest: str, files: dict[str, str]) -> Standing:
    gone = tuple(role for role, file in files.items() if not registry.files.has(file))
    there = {role: file for role, file in files.items() if role not in gone}
    changed = tuple(role for role, file in there.items() if not registry.files.is_intact(file))
    return Standing(digest, gone, changed)


def _number(rows: sqlite3.Connection, name: str, alias: str) -> int | None:
    found = rows.execute("SELECT number FROM aliases WHERE name=? AND alias=?", (name, alias)).fetchone()
    return None if found is None else int(found["number"])


def _last(rows: sqlite3.Connection, name: str, alias: str) -> Promotion | None:
    query = "SELECT * FROM promotions WHERE name=? AND alias=? ORDER BY sequence DESC LIMIT 1"
    found = rows.execute(query, (name, alias)).fetchone()
    return None if found is None else Promotion(**found)


class Pointed(Struct, frozen=True):
    """A version that an alias points to: its number, and the digest of its model."""

    number: int
    digest: str


def champions(registry: Registry, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Pointed | None]:
    """The version that each alias wanted (name, alias) points to, or None. No file is read.

    Raises StepFailed (registry-unreadable).
    """
    wanted = tuple(dict.fromkeys(wanted))
    query = (
        "SELECT versions.number, versions.digest FROM aliases JOIN versions USING (name, number) "
        "WHERE aliases.name=? AND aliases.alias=?"
    )
    with reading(registry.database) as rows:
        if rows is None:
            return dict.fromkeys(wanted)
        found = {one: rows.execute(query, one).fetchone() for one in wanted}
    return {one: None if row is None else Pointed(row["number"], row["digest"]) for one, row in found.items()}
