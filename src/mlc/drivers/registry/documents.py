"""A catalogue in documents of MongoDB, and the bytes of registered files beside it: the one door of pymongo.

```
mlc_registry_versions    a document each, with its revisions and the facts of the last, as `noted` says; unique by name
                         and number, and by name and digest
mlc_registry_log         the promotion log; a line's sequence is its key
mlc_registry_aliases     where each alias points, and the line of the log that says so
mlc_registry_contents    the digests there are; mlc_registry_pieces their bytes
```

No transaction over several documents is needed, so that a server of its own will do: a version and a line of the log
are one document each, and these are the commit points. Who comes second meets a key that is there already, and looks
anew. An alias that its writer did not get to is moved by who writes next, and seen as moved by who looks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from weakref import finalize

import pymongo
from msgspec import Struct, field, structs
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, InvalidURI, PyMongoError

from mlc.drivers.registry.catalogue import Answer, Held, Revision
from mlc.drivers.registry.facts import Both, Either, Fact, Wanted, kept
from mlc.drivers.registry.files import Elsewhere
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.rules import registry_unreachable
from mlc.store.secrets import Secret

PREFIX = "mlc_registry_"
_TRIES = 40
_OPERATORS = {"=": "$eq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_PIECE = 8 << 20  # bytes; a document may have 16 MiB
_Documents = Mapping[str, Collection[dict[str, Any]]]


class Clients:
    """The client of one MongoDB, made when it is first reached, and closed when nobody can reach it by this any more.
    A process that was forked makes its own."""

    def __init__(self) -> None:
        self._client: pymongo.MongoClient[dict[str, Any]] | None = None
        self._process = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Clients)  # they are no part of which database it is

    def __hash__(self) -> int:
        return 0

    def opened(self, url: str, password: Secret | None) -> pymongo.MongoClient[dict[str, Any]]:
        if self._client is None or self._process != os.getpid():
            extra: dict[str, Any] = {} if password is None else {"password": password.reveal()}
            # a write is done when it is in the journal of most servers: that is what "durable" means here
            self._client = pymongo.MongoClient(
                url, w="majority", journal=True, serverSelectionTimeoutMS=10_000, **extra
            )
            self._process = os.getpid()
            finalize(self, self._client.close)
        return self._client


class Mongo(Struct, frozen=True):
    """A MongoDB by its URL, and the password of the user that it names."""

    url: str
    password: Secret | None = None
    clients: Clients = field(default_factory=Clients)

    @contextmanager
    def reached(self) -> Iterator[_Documents]:
        """Its collections. Raises StepFailed (registry-unreachable), without the password."""
        try:
            client = self.clients.opened(self.url, self.password)
        except (PyMongoError, InvalidURI, ValueError) as error:
            raise StepFailed(registry_unreachable.bad_url(self.shown(), self._hidden(error))) from None
        try:
            yield _Collections(client.get_default_database("mlc"))
        except PyMongoError as error:
            passing = isinstance(error, pymongo.errors.ConnectionFailure)
            told = registry_unreachable.found(self.shown(), self._hidden(error))
            raise StepFailed(told, passing=passing) from None

    def shown(self) -> str:
        """Without its options, which may hold what is secret."""
        return self.url.partition("?")[0]

    def _hidden(self, error: Exception) -> str:
        return str(error) if self.password is None else self.password.hidden_in(str(error))


class InDocuments(Struct, frozen=True):
    """A catalogue in the documents of a MongoDB."""

    mongo: Mongo

    @contextmanager
    def look(self) -> Iterator[Documents | None]:
        with self.mongo.reached() as collections:
            is_there = collections["versions"].find_one({}, {"_id": 1}) is not None
            yield Documents(collections) if is_there else None

    def change(self, doing: Callable[[Documents], Answer]) -> Answer:
        with self.mongo.reached() as collections:
            _make_indexes(collections)
            for attempt in range(_TRIES):
                try:
                    documents = Documents(collections)
                    documents.make_up()
                    return doing(documents)
                except DuplicateKeyError:
                    time.sleep(0.01 * attempt)
            raise StepFailed(
                registry_unreachable.found(self.mongo.shown(), f"others came first {_TRIES} times")
            )


class Documents:
    """The catalogue as it is; what is said to it is done at once, each time as one document."""

    def __init__(self, collections: _Documents) -> None:
        self._versions, self._log, self._aliases = (
            collections[name] for name in ("versions", "log", "aliases")
        )
        self._last = self._newest({})

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._versions.distinct("name")))

    def numbers(self, name: str) -> tuple[int, ...]:
        found = self._versions.find({"name": name}, {"number": 1}).sort("number", 1)
        return tuple(one["number"] for one in found)

    def latest(self, name: str) -> int:
        found = list(self._versions.find({"name": name}, {"number": 1}).sort("number", -1).limit(1))
        return found[0]["number"] if found else 0

    def number_of(self, name: str, digest: str) -> int | None:
        found = self._versions.find_one({"name": name, "digest": digest}, {"number": 1})
        return None if found is None else int(found["number"])

    def held(self, name: str, number: int) -> Held | None:
        found = self._versions.find_one({"name": name, "number": number})
        if found is None:
            return None
        revisions = tuple(Revision(dict(one["files"]), one["created"]) for one in found["revisions"])
        return Held(found["digest"], found["created"], revisions)

    def aliases(self, name: str) -> dict[str, int]:
        return {alias: number for (one, alias), number in self.standing().items() if one == name}

    def standing(self) -> dict[tuple[str, str], int]:
        found = {(one["name"], one["alias"]): one["number"] for one in self._aliases.find({})}
        if self._last is not None:
            found[self._last.name, self._last.alias] = self._last.number
        return {place: number for place, number in sorted(found.items()) if number is not None}

    def log(self) -> tuple[Promotion, ...]:
        return tuple(map(_line, self._log.find({}).sort("_id", 1)))

    def last_line(self, name: str = "", alias: str = "") -> Promotion | None:
        return self._newest({"name": name, "alias": alias}) if name else self._last

    def referenced(self) -> tuple[str, ...]:
        found = self._versions.find({})
        return tuple(
            sorted(
                {digest for one in found for each in one["revisions"] for digest in each["files"].values()}
            )
        )

    def add_version(self, name: str, number: int, held: Held) -> None:
        self._versions.insert_one(
            {
                "_id": f"{name}:{number}",
                "name": name,
                "number": number,
                "digest": held.digest,
                "created": held.created,
                "revisions": [structs.asdict(one) for one in held.revisions],
            }
        )

    def add_revision(self, name: str, number: int, revision: Revision) -> None:
        held = self.held(name, number)
        assert held is not None, (name, number)
        done = self._versions.update_one(
            {"name": name, "number": number, "revisions": {"$size": len(held.revisions)}},
            {
                "$set": {
                    "revisions": [structs.asdict(one) for one in (*held.revisions, revision)],
                    "noted": None,
                }
            },
        )
        if not done.matched_count:
            raise DuplicateKeyError("somebody else described it first")

    def remove_version(self, name: str, number: int) -> None:
        self._versions.delete_one({"name": name, "number": number})

    def note(self, name: str, number: int, entry: str, facts: Sequence[Fact]) -> None:
        self._versions.update_one(
            {"name": name, "number": number},
            {"$set": {"noted": entry, "facts": [fact._asdict() for fact in facts]}},
        )

    def seek(self, wanted: Wanted) -> frozenset[tuple[str, int]]:
        fitting = self._keys({"$or": [{"noted": None}, _asked(wanted)]})
        return frozenset(fitting)

    def told(self, path: str) -> tuple[tuple[str, int, str], ...]:
        found = self._versions.find({"facts.path": path}, {"name": 1, "number": 1, "facts": 1})
        return tuple(
            (one["name"], one["number"], fact["text"])
            for one in found
            for fact in one["facts"]
            if fact["path"] == path
        )

    def unnoted(self) -> tuple[tuple[str, int], ...]:
        return self._keys({"noted": None})

    def _keys(self, where: dict[str, Any]) -> tuple[tuple[str, int], ...]:
        found = self._versions.find(where, {"name": 1, "number": 1})
        return tuple(sorted((one["name"], one["number"]) for one in found))

    def point(self, line: Promotion) -> None:
        self._log.insert_one({"_id": line.sequence, **structs.asdict(line)})
        self._move(line)

    def make_up(self) -> None:
        """Move the alias of the log's last line, whose writer may not have got to it."""
        if self._last is not None:
            self._move(self._last)

    def _move(self, line: Promotion) -> None:
        place = {"_id": f"{line.name}@{line.alias}"}
        moved = {"name": line.name, "alias": line.alias, "number": line.number, "sequence": line.sequence}
        with suppress(DuplicateKeyError):  # it is there, and as new or newer
            self._aliases.update_one(
                {**place, "sequence": {"$lt": line.sequence}}, {"$set": moved}, upsert=True
            )

    def _newest(self, where: dict[str, str]) -> Promotion | None:
        found = list(self._log.find(where).sort("_id", -1).limit(1))
        return _line(found[0]) if found else None


class BytesInDocuments(Elsewhere, frozen=True, kw_only=True):
    """Files as documents, in pieces. The document that says how many there are is written last."""

    mongo: Mongo

    def content(self, digest: str) -> bytes | None:
        with self.mongo.reached() as collections:
            whole = collections["contents"].find_one({"_id": self.valid(digest)})
            if whole is None:
                return None
            pieces = collections["pieces"].find({"digest": digest}).sort("nth", 1)
            return b"".join(bytes(one["content"]) for one in pieces)

    def keep(self, digest: str, content: bytes) -> None:
        pieces = [content[at : at + _PIECE] for at in range(0, len(content), _PIECE)]
        with self.mongo.reached() as collections:
            for nth, piece in enumerate(pieces):
                collections["pieces"].update_one(
                    {"_id": f"{digest}.{nth}"},
                    {"$set": {"digest": digest, "nth": nth, "content": piece}},
                    upsert=True,
                )
            collections["pieces"].delete_many({"digest": digest, "nth": {"$gte": len(pieces)}})
            collections["contents"].update_one(
                {"_id": digest}, {"$set": {"pieces": len(pieces), "created": time.time()}}, upsert=True
            )

    def has(self, digest: str) -> bool:
        with self.mongo.reached() as collections:
            return collections["contents"].find_one({"_id": self.valid(digest)}) is not None

    def place(self, digest: str) -> str:
        return f"{self.mongo.shown()} ({PREFIX}contents {self.valid(digest)})"

    def digests(self) -> Iterator[str]:
        with self.mongo.reached() as collections:
            return iter([one["_id"] for one in collections["contents"].find({}, {"_id": 1}).sort("_id", 1)])

    def remove(self, digest: str) -> bool:
        with self.mongo.reached() as collections:
            gone = collections["contents"].delete_one({"_id": self.valid(digest)})
            collections["pieces"].delete_many({"digest": digest})
            return gone.deleted_count > 0

    def age(self, digest: str) -> float:
        """By this machine's clock and that of who put it there."""
        with self.mongo.reached() as collections:
            found = collections["contents"].find_one({"_id": digest}, {"created": 1})
        return 0.0 if found is None else time.time() - float(found["created"])


class _Collections(dict[str, Collection[dict[str, Any]]]):
    def __init__(self, database: Database[dict[str, Any]]) -> None:
        super().__init__()
        self._database = database

    def __missing__(self, name: str) -> Collection[dict[str, Any]]:
        return self._database[PREFIX + name]


def _make_indexes(collections: _Documents) -> None:
    collections["versions"].create_index([("name", 1), ("number", 1)], unique=True)
    collections["versions"].create_index([("name", 1), ("digest", 1)], unique=True)
    for value in ("text", "value"):
        collections["versions"].create_index([("facts.path", 1), (f"facts.{value}", 1)])
    collections["pieces"].create_index([("digest", 1), ("nth", 1)])


def _asked(wanted: Wanted) -> dict[str, Any]:
    """What an index is asked, as a query."""
    if isinstance(wanted, Either):
        return {"$or": [_asked(one) for one in wanted.each]}
    if isinstance(wanted, Both):
        return {"$and": [_asked(one) for one in wanted.each]}
    value = kept(wanted.value) if isinstance(wanted.value, str) else wanted.value
    compared = {_OPERATORS[wanted.operator]: value}
    if wanted.path in ("name", "number"):
        return {wanted.path: compared}
    what = "text" if isinstance(wanted.value, str) else "value"
    return {"facts": {"$elemMatch": {"path": kept(wanted.path), what: compared}}}


def _line(document: Mapping[str, Any]) -> Promotion:
    return Promotion(**{field: document[field] for field in Promotion.__struct_fields__})
