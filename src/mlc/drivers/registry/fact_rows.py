"""An index of facts in the tables of a database, whichever that is.

`facts` has a row for each, and one with the path "" for each version that is indexed; its text is the digest of the
description that was. `unnoted` are versions whose facts nobody has told yet: they are always found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mlc.drivers.registry.facts import Both, Either, Fact, Is, Wanted, kept

Key = tuple[str, int]
"""A version: its name and number."""

TABLES_IN_SQLITE = (
    """CREATE TABLE facts (
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        path TEXT NOT NULL,
        nth INTEGER NOT NULL,
        text TEXT NOT NULL,
        value REAL,
        PRIMARY KEY (name, number, path, nth)
    ) STRICT, WITHOUT ROWID""",
    """CREATE INDEX facts_found ON facts (path, text, value)""",
    """CREATE TABLE unnoted (
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (name, number)
    ) STRICT, WITHOUT ROWID""",
)

_FEW = 500
"""Versions so few that it does not matter which of two facts is looked up first."""

_AT_ONCE = 200  # rows of one statement


class FactRows:
    """The index within one transaction; `ask` runs a statement that names its tables in braces."""

    def __init__(self, ask: Any) -> None:
        self._ask = ask

    def note(self, name: str, number: int, entry: str, facts: Sequence[Fact]) -> None:
        """The facts of a version, in the place of those of an earlier description."""
        key = {"name": name, "number": number}
        self._ask("DELETE FROM {facts} WHERE name = :name AND number = :number", key)
        rows = [Fact("", entry), *facts]
        for start in range(0, len(rows), _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, len(rows)))
            places = ", ".join(
                f"(:name, :number, :path{nth}, {nth}, :text{nth}, :value{nth})" for nth in some
            )
            values: dict[str, Any] = dict(key)
            for nth in some:
                fact = rows[nth]
                values |= {f"path{nth}": fact.path, f"text{nth}": fact.text, f"value{nth}": fact.value}
            self._ask(
                "INSERT INTO {facts} (name, number, path, nth, text, value) VALUES " + places,  # noqa: S608
                values,
            )
        self._ask("DELETE FROM {unnoted} WHERE name = :name AND number = :number", key)

    def miss(self, name: str, number: int) -> None:
        """A version has a description whose facts are not known yet."""
        key = {"name": name, "number": number}
        self._ask("DELETE FROM {unnoted} WHERE name = :name AND number = :number", key)
        self._ask("INSERT INTO {unnoted} (name, number) VALUES (:name, :number)", key)

    def forget(self, name: str, number: int) -> None:
        for table in ("{facts}", "{unnoted}"):
            self._ask(
                f"DELETE FROM {table} WHERE name = :name AND number = :number",  # noqa: S608
                {"name": name, "number": number},
            )

    def unnoted(self) -> tuple[Key, ...]:
        return _keys(self._ask("SELECT name, number FROM {unnoted} ORDER BY name, number", {}))

    def seek(self, wanted: Wanted) -> frozenset[Key]:
        """At least the versions that fit, and never one that was removed."""
        return self._fitting(wanted).union(self.unnoted())

    def told(self, path: str) -> tuple[tuple[str, int, str], ...]:
        """The texts at a path, of every version that is indexed."""
        rows = self._ask("SELECT name, number, text FROM {facts} WHERE path = :path", {"path": path})
        return tuple((row["name"], int(row["number"]), row["text"]) for row in rows)

    def noted(self, name: str) -> dict[int, str]:
        """The digests of the descriptions that are indexed, by number."""
        rows = self._ask(
            "SELECT number, text FROM {facts} WHERE path = '' AND name = :name",
            {"name": name},
        )
        return {int(row["number"]): row["text"] for row in rows}

    def _fitting(self, wanted: Wanted) -> frozenset[Key]:
        if isinstance(wanted, Either):
            return frozenset().union(*map(self._fitting, wanted.each))
        each = wanted.each if isinstance(wanted, Both) else (wanted,)
        plain = [one for one in each if isinstance(one, Is)]
        if not plain:
            return frozenset.intersection(*map(self._fitting, each))
        # what else is asked for is left to whoever looks at what was found
        first, *others = sorted(plain, key=self._count) if len(plain) > 1 else plain
        values: dict[str, Any] = {}
        same = "SELECT 1 FROM {facts} b WHERE b.name = a.name AND b.number = a.number AND "
        further = "".join(
            f" AND EXISTS ({same}{_condition('b', nth, one, values)})"
            for nth, one in enumerate(others, start=1)
        )
        condition = _condition("a", 0, first, values)
        return frozenset(
            _keys(
                self._ask(
                    "SELECT DISTINCT a.name AS name, a.number AS number FROM {facts} a "  # noqa: S608
                    f"WHERE {condition}{further}",
                    values,
                )
            )
        )

    def _count(self, one: Is) -> int:
        """How many versions fit, up to a few: the rarest is looked up first."""
        values: dict[str, Any] = {}
        rows = self._ask(
            "SELECT count(*) AS found FROM (SELECT a.number FROM {facts} a "  # noqa: S608
            f"WHERE {_condition('a', 0, one, values)} LIMIT {_FEW}) few",
            values,
        )
        return int(rows[0]["found"])


def _condition(table: str, nth: int, one: Is, values: dict[str, Any]) -> str:
    """What a row of a table has to be; its values are added to `values`."""
    if one.operator not in ("=", "<", "<=", ">", ">="):
        raise ValueError(one.operator)
    if one.path in ("name", "number"):
        values[f"v{nth}"] = kept(one.value) if isinstance(one.value, str) else one.value
        return f"{table}.path = '' AND {table}.{one.path} {one.operator} :v{nth}"
    values[f"p{nth}"] = kept(one.path)
    if isinstance(one.value, str):
        values[f"v{nth}"] = kept(one.value)
        return f"{table}.path = :p{nth} AND {table}.text = :v{nth}"
    values[f"v{nth}"] = float(one.value)
    return f"{table}.path = :p{nth} AND {table}.text = '' AND {table}.value {one.operator} :v{nth}"


def _keys(rows: Iterator[Any] | Sequence[Any]) -> tuple[Key, ...]:
    return tuple((row["name"], int(row["number"])) for row in rows)
