"""A catalogue in the tables of a database, whichever that is: the questions are written once, in SQL that all know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import structs

from mlc.drivers.registry.catalogue import ENTRY, Held, Revision
from mlc.drivers.registry.fact_rows import FactRows
from mlc.drivers.registry.facts import Fact, Wanted
from mlc.ir.registry import Promotion

Ask = Callable[[str, Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""Runs a statement with its values, `:name` in the text; gives the rows, of which a change has none."""


class Rows:
    """The catalogue within one transaction. `prefix` is what the names of its tables begin with.

    As it was before there was an index: whoever only looks at such a one can do without.
    """

    def __init__(self, ask: Ask, prefix: str = "") -> None:
        self.ask = with_tables(ask, prefix)

    def names(self) -> tuple[str, ...]:
        return tuple(row["name"] for row in self._ask("SELECT name FROM {models} ORDER BY name"))

    def numbers(self, name: str) -> tuple[int, ...]:
        found = self._ask("SELECT number FROM {versions} WHERE name = :name ORDER BY number", name=name)
        return tuple(int(row["number"]) for row in found)

    def latest(self, name: str) -> int:
        found = self._ask("SELECT max(number) AS number FROM {versions} WHERE name = :name", name=name)
        return int(found[0]["number"] or 0)

    def number_of(self, name: str, digest: str) -> int | None:
        found = self._ask(
            "SELECT number FROM {versions} WHERE name = :name AND digest = :digest", name=name, digest=digest
        )
        return int(found[0]["number"]) if found else None

    def held(self, name: str, number: int) -> Held | None:
        found = self._ask(
            "SELECT digest, created FROM {versions} WHERE name = :name AND number = :number",
            name=name,
            number=number,
        )
        if not found:
            return None
        files: dict[int, dict[str, str]] = {}
        rows = self._ask(
            "SELECT revision, role, digest FROM {files} WHERE name = :name AND number = :number "
            "ORDER BY revision, role",
            name=name,
            number=number,
        )
        for row in rows:
            files.setdefault(int(row["revision"]), {})[row["role"]] = row["digest"]
        revisions = self._ask(
            "SELECT revision, entry, created FROM {revisions} WHERE name = :name AND number = :number "
            "ORDER BY revision",
            name=name,
            number=number,
        )
        return Held(
            digest=found[0]["digest"],
            created=found[0]["created"],
            revisions=tuple(
                Revision({**files.get(int(row["revision"]), {}), ENTRY: row["entry"]}, row["created"])
                for row in revisions
            ),
        )

    def aliases(self, name: str) -> dict[str, int]:
        found = self._ask("SELECT alias, number FROM {aliases} WHERE name = :name ORDER BY alias", name=name)
        return {row["alias"]: int(row["number"]) for row in found}

    def standing(self) -> dict[tuple[str, str], int]:
        found = self._ask("SELECT name, alias, number FROM {aliases} ORDER BY name, alias")
        return {(row["name"], row["alias"]): int(row["number"]) for row in found}

    def log(self) -> tuple[Promotion, ...]:
        return tuple(map(_line, self._ask("SELECT * FROM {promotions} ORDER BY sequence")))

    def last_line(self, name: str = "", alias: str = "") -> Promotion | None:
        if not name:
            found = self._ask("SELECT * FROM {promotions} ORDER BY sequence DESC LIMIT 1")
        else:
            found = self._ask(
                "SELECT * FROM {promotions} WHERE name = :name AND alias = :alias "
                "ORDER BY sequence DESC LIMIT 1",
                name=name,
                alias=alias,
            )
        return _line(found[0]) if found else None

    def referenced(self) -> tuple[str, ...]:
        return tuple(
            row["digest"] for row in self._ask("SELECT DISTINCT digest FROM {files} ORDER BY digest")
        )

    def add_version(self, name: str, number: int, held: Held) -> None:
        if not self._ask("SELECT name FROM {models} WHERE name = :name", name=name):
            self._ask("INSERT INTO {models} (name) VALUES (:name)", name=name)
        self._ask(
            "INSERT INTO {versions} (name, number, digest, created) VALUES (:name, :number, :digest, :created)",
            name=name,
            number=number,
            digest=held.digest,
            created=held.created,
        )
        for nth, revision in enumerate(held.revisions, start=1):
            self._add_revision(name, number, nth, revision)

    def add_revision(self, name: str, number: int, revision: Revision) -> None:
        last = self._ask(
            "SELECT max(revision) AS revision FROM {revisions} WHERE name = :name AND number = :number",
            name=name,
            number=number,
        )
        self._add_revision(name, number, int(last[0]["revision"] or 0) + 1, revision)

    def _add_revision(self, name: str, number: int, nth: int, revision: Revision) -> None:
        self._ask(
            "INSERT INTO {revisions} (name, number, revision, entry, created) "
            "VALUES (:name, :number, :revision, :entry, :created)",
            name=name,
            number=number,
            revision=nth,
            entry=revision.files[ENTRY],
            created=revision.created,
        )
        for role, digest in sorted(revision.files.items()):
            self._ask(
                "INSERT INTO {files} (name, number, revision, role, digest) "
                "VALUES (:name, :number, :revision, :role, :digest)",
                name=name,
                number=number,
                revision=nth,
                role=role,
                digest=digest,
            )

    def point(self, line: Promotion) -> None:
        self._ask(
            "DELETE FROM {aliases} WHERE name = :name AND alias = :alias", name=line.name, alias=line.alias
        )
        # where history is copied, a line may tell of a version that is no longer kept
        if line.number is not None and self._has(line.name, line.number):
            self._ask(
                "INSERT INTO {aliases} (name, alias, number) VALUES (:name, :alias, :number)",
                name=line.name,
                alias=line.alias,
                number=line.number,
            )
        self._ask(
            "INSERT INTO {promotions} "
            "(sequence, name, alias, number, former, environment, deployment, at, previous, digest) VALUES "
            "(:sequence, :name, :alias, :number, :former, :environment, :deployment, :at, :previous, :digest)",
            **structs.asdict(line),
        )

    def _has(self, name: str, number: int) -> bool:
        return bool(
            self._ask(
                "SELECT number FROM {versions} WHERE name = :name AND number = :number",
                name=name,
                number=number,
            )
        )

    def _ask(self, statement: str, **values: Any) -> Sequence[Mapping[str, Any]]:
        return self.ask(statement, values)


class IndexedRows(Rows):
    """The catalogue with its index of facts, in the same transaction."""

    def __init__(self, ask: Ask, prefix: str = "") -> None:
        super().__init__(ask, prefix)
        self._facts = FactRows(self.ask)

    def add_version(self, name: str, number: int, held: Held) -> None:
        super().add_version(name, number, held)
        self._facts.miss(name, number)

    def add_revision(self, name: str, number: int, revision: Revision) -> None:
        super().add_revision(name, number, revision)
        self._facts.miss(name, number)

    def remove_version(self, name: str, number: int) -> None:
        self._facts.forget(name, number)
        for table in ("{files}", "{revisions}", "{versions}"):
            self.ask(
                f"DELETE FROM {table} WHERE name = :name AND number = :number",  # noqa: S608 - names of ours
                {"name": name, "number": number},
            )

    def note(self, name: str, number: int, entry: str, facts: Sequence[Fact]) -> None:
        self._facts.note(name, number, entry, facts)

    def seek(self, wanted: Wanted) -> frozenset[tuple[str, int]]:
        return self._facts.seek(wanted)

    def told(self, path: str) -> tuple[tuple[str, int, str], ...]:
        return self._facts.told(path)

    def unnoted(self) -> tuple[tuple[str, int], ...]:
        return self._facts.unnoted()


def with_tables(ask: Ask, prefix: str) -> Ask:
    """Statements may name a table in braces, whatever it is called in the database."""
    tables = _Tables(prefix)
    return lambda statement, values: ask(statement.format_map(tables), values)


class _Tables(dict[str, str]):
    """Gives a table's name in the database for its name here."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def __missing__(self, name: str) -> str:
        return self._prefix + name


def _line(row: Mapping[str, Any]) -> Promotion:
    return Promotion(**{field: row[field] for field in Promotion.__struct_fields__})
