"""A catalogue in a database that many reach, and the bytes of registered files beside it where they are kept there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from mlc.drivers.registry.catalogue import Answer, Changes
from mlc.drivers.registry.files import Elsewhere
from mlc.drivers.registry.rows import Ask, IndexedRows, Rows, with_tables
from mlc.store.catalogue_tables import PREFIX, Database
from mlc.store.databases import shown

_PIECE = 4 << 20  # bytes; MySQL takes 16 MiB in one packet


class InDatabase(Struct, frozen=True):
    """A catalogue in the tables of a database."""

    database: Database

    @contextmanager
    def look(self) -> Iterator[Rows | None]:
        with self.database.looking() as ask:
            if ask is None:
                yield None
            else:
                yield (IndexedRows if self.database.version_of(ask) > 1 else Rows)(ask, PREFIX)

    def change(self, doing: Callable[[IndexedRows], Answer]) -> Answer:
        return self.database.changing(lambda ask: doing(IndexedRows(ask, PREFIX)))


class BytesInDatabase(Elsewhere, frozen=True, kw_only=True):
    """Files as rows, in pieces."""

    database: Database

    def put_during(self, changes: Changes, content: bytes) -> str:
        if not isinstance(changes, Rows):
            return self.put(content)
        digest = hashlib.sha256(content).hexdigest()
        if _content(changes.ask, digest) != content:
            self._keep(changes.ask, digest, content)
        return digest

    def content(self, digest: str) -> bytes | None:
        with self.database.looking() as ask:
            return None if ask is None else _content(with_tables(ask, PREFIX), self.valid(digest))

    def keep(self, digest: str, content: bytes) -> None:
        self.database.changing(lambda ask: self._keep(with_tables(ask, PREFIX), digest, content))

    def has(self, digest: str) -> bool:
        return bool(self._rows("SELECT digest FROM {contents} WHERE digest = :digest", self.valid(digest)))

    def place(self, digest: str) -> str:
        return f"{shown(self.database.url)} ({PREFIX}contents {self.valid(digest)})"

    def digests(self) -> Iterator[str]:
        return iter([row["digest"] for row in self._rows("SELECT digest FROM {contents} ORDER BY digest")])

    def remove(self, digest: str) -> bool:
        there = self.has(digest)
        self.database.changing(lambda ask: _forget(with_tables(ask, PREFIX), digest))
        return there

    def age(self, digest: str) -> float:
        with self.database.looking() as ask:
            if ask is None:
                return 0.0
            found = with_tables(ask, PREFIX)(
                "SELECT created FROM {contents} WHERE digest = :digest", {"digest": digest}
            )
            return (self.database.now(ask) - found[0]["created"]) / 1000 if found else 0.0

    def _keep(self, ask: Ask, digest: str, content: bytes) -> None:
        _forget(ask, digest)
        pieces = [content[at : at + _PIECE] for at in range(0, len(content), _PIECE)]
        ask(
            "INSERT INTO {contents} (digest, pieces, created) VALUES (:digest, :pieces, :created)",
            {"digest": digest, "pieces": len(pieces), "created": self.database.now(ask)},
        )
        for nth, piece in enumerate(pieces):
            ask(
                "INSERT INTO {pieces} (digest, nth, content) VALUES (:digest, :nth, :content)",
                {"digest": digest, "nth": nth, "content": piece},
            )

    def _rows(self, statement: str, digest: str = "") -> Sequence[Mapping[str, Any]]:
        with self.database.looking() as ask:
            return () if ask is None else with_tables(ask, PREFIX)(statement, {"digest": digest})


def _content(ask: Ask, digest: str) -> bytes | None:
    if not ask("SELECT digest FROM {contents} WHERE digest = :digest", {"digest": digest}):
        return None
    rows = ask("SELECT content FROM {pieces} WHERE digest = :digest ORDER BY nth", {"digest": digest})
    return b"".join(bytes(row["content"]) for row in rows)


def _forget(ask: Ask, digest: str) -> None:
    ask("DELETE FROM {pieces} WHERE digest = :digest", {"digest": digest})
    ask("DELETE FROM {contents} WHERE digest = :digest", {"digest": digest})
