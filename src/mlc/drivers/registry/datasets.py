"""Versions of datasets: by their content, numbered 1, 2, 3 per name. The rows themselves are not kept here.

They stand in the tables of models under a name that no model can have.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from mlc.drivers.registry.database import reading, writing
from mlc.drivers.registry.hybrid import ENTRY, locked
from mlc.drivers.registry.places import Registry
from mlc.ir.operation import StepFailed
from mlc.ir.profile import DatasetEntry, DatasetVersion
from mlc.rules import unknown_version

PREFIX = "dataset/"
PROFILE = "profile"


def register(
    registry: Registry,
    name: str,
    content: str,
    files: Mapping[str, Path],
    describe: Callable[[int, dict[str, str]], DatasetEntry],
    now: str,
) -> tuple[DatasetEntry, bool]:
    """Make a version of the dataset `name`, known by the digest of its content; and whether it was there already.

    Like `hybrid.register`: files first, the row commits, and other words for the same content are a revision.
    Raises StepFailed (registry-unreadable), OSError where the disk fails.
    """
    stored = PREFIX + name
    with locked(registry.files, fcntl.LOCK_SH):
        digests = {role: registry.files.put(source) for role, source in sorted(files.items())}
        with writing(registry.database) as rows:
            known = rows.execute(
                "SELECT number FROM versions WHERE name=? AND digest=?", (stored, content)
            ).fetchone()
            last = rows.execute("SELECT max(number) FROM versions WHERE name=?", (stored,)).fetchone()[0]
            number = known[0] if known else 1 + (last or 0)
            entry = describe(number, digests)
            written = msgspec.json.format(msgspec.json.encode(entry, order="deterministic"), indent=2) + b"\n"
            placed = digests | {ENTRY: registry.files.put(written)}
            if not known:
                rows.execute("INSERT OR IGNORE INTO models VALUES (?)", (stored,))
                rows.execute("INSERT INTO versions VALUES (?,?,?,?)", (stored, number, content, now))
            held = rows.execute(
                "SELECT entry FROM revisions WHERE name=? AND number=? ORDER BY revision", (stored, number)
            ).fetchall()
            if not held or held[-1][0] != placed[ENTRY]:
                revision = (stored, number, len(held) + 1)
                rows.execute("INSERT INTO revisions VALUES (?,?,?,?,?)", (*revision, placed[ENTRY], now))
                rows.executemany(
                    "INSERT INTO files VALUES (?,?,?,?,?)",
                    [(*revision, *one) for one in sorted(placed.items())],
                )
    return entry, bool(known)


def versions(registry: Registry, name: str) -> tuple[DatasetVersion, ...]:
    """Every version, oldest first. Raises StepFailed (unknown-version) where there is none."""
    with reading(registry.database) as rows:
        query = (
            "SELECT v.number, v.created, (SELECT entry FROM revisions r WHERE r.name=v.name AND r.number=v.number "
            "ORDER BY revision DESC LIMIT 1) AS entry FROM versions v WHERE v.name=? ORDER BY v.number"
        )
        found = [] if rows is None else rows.execute(query, (PREFIX + name,)).fetchall()
        if not found:
            raise StepFailed(unknown_version.no_dataset(name, names(registry)))
        return tuple(
            DatasetVersion(
                entry=msgspec.json.decode(registry.files.read(row["entry"]), type=DatasetEntry),
                created=row["created"],
            )
            for row in found
        )


def names(registry: Registry) -> tuple[str, ...]:
    """The datasets that have a version, by name."""
    with reading(registry.database) as rows:
        if rows is None:
            return ()
        found = rows.execute("SELECT name FROM models WHERE name LIKE ? ORDER BY name", (PREFIX + "%",))
        return tuple(row["name"].removeprefix(PREFIX) for row in found)
