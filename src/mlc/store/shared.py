"""The state of many environments in one database, for everybody who reaches it: the one door of SQLAlchemy.

Who writes holds a lease: a row with its holder, the time at which it runs out unless it is renewed, and a token
that is one higher with each holder. Every change names its token, and the database itself refuses one that is
not the newest, in the same transaction: a writer that was paused and comes back cannot write. All times are
the database's.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, CursorResult, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from mlc.ir.operation import StepFailed
from mlc.ir.state import EMPTY, State
from mlc.rules import lease_lost, state_unreachable
from mlc.store.databases import NOW, TABLES, VERSION, engine_of, is_missing, shown
from mlc.store.lock import LockHeld
from mlc.store.records import Edit, Identity, Owner, StateStore, StateUnreadable, decoded
from mlc.store.secrets import Secret

_Answer = TypeVar("_Answer")

PATIENCE = (0.3, 1.0, 3.0)
"""Seconds to wait before a change is tried again whose connection was lost."""


class Place(Struct, frozen=True):
    """A database, and how long (in seconds) a lock outlasts a holder that says nothing any more."""

    url: str
    password: Secret | None = None
    lease: float = 60.0


class LeaseHeld(LockHeld):
    """Somebody else holds the lease. `lock` is its id; `held` and `left` are seconds."""

    def __init__(self, holder: str, lock: str, held: float, left: float) -> None:
        super().__init__(holder)
        self.lock, self.held, self.left = lock, held, left


def read_shared(place: Place, owner: Owner) -> State:
    """The state, or an empty one where there is none. Never creates anything.

    Raises StateUnreadable, and StepFailed (state-unreachable).
    """
    if is_missing(place.url):
        return EMPTY
    with _opened(place) as engine, _told(place), engine.connect() as connection:
        return _read(connection, owner, place)


@contextmanager
def leased(place: Place, owner: Owner) -> Iterator[tuple[StateStore, bool]]:
    """The state, open for writing, for as long as the lease is held; and whether its last holder left it behind.

    Raises LeaseHeld at once rather than wait, StateUnreadable, and StepFailed (state-unreachable).
    """
    with _opened(place) as engine:
        with _told(place):
            _make_tables(engine, place)
            lease, abandoned = _acquire(engine, place, owner)
        rows = _Leased(engine, place, owner, lease)
        store = StateStore(rows)
        try:
            yield store, abandoned
        finally:
            store.close()


def unlock_shared(place: Place, owner: Owner, lock: str) -> LeaseHeld | None:
    """Take a lease from its holder, whose changes are refused from now on. Gives what was taken.

    None where nobody holds one. Raises LeaseHeld where another one is held than `lock`, and StepFailed.
    """
    if is_missing(place.url):
        return None
    with _opened(place) as engine, _told(place), engine.begin() as connection:
        if not inspect(connection).has_table("mlc_state"):
            return None
        held = _holding(connection, owner)
        if held is None:
            return None
        if held.lock != lock:
            raise held
        connection.execute(
            text(
                "UPDATE mlc_state SET holder = NULL, token = token + 1, expires = 0 "
                "WHERE project = :project AND environment = :environment AND token = :token"
            ),
            {**_key(owner), "token": int(lock.rpartition("-")[2])},
        )
        return held


class _Leased:
    """The records of an environment in a database, written under one lease, which a thread renews."""

    def __init__(self, engine: Engine, place: Place, owner: Owner, token: int) -> None:
        self._engine, self._place, self._owner = engine, place, owner
        self._fence = {**_key(owner), "token": token, "lease": int(place.lease * 1000)}
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewing.start()

    def read(self) -> State:
        with _told(self._place), self._engine.connect() as connection:
            return _read(connection, self._owner, self._place)

    def change(self, edits: Sequence[Edit], become: Identity | None = None) -> None:
        with _told(self._place):
            self._again(lambda: self._change(edits, become))

    def close(self) -> None:
        """Let go of the lease, where it can be reached; else it runs out by itself."""
        self._ended.set()
        self._renewing.join()
        with suppress(SQLAlchemyError), self._engine.begin() as connection:
            _fenced(connection, self._fence, "holder = NULL, expires = 0")

    def _change(self, edits: Sequence[Edit], become: Identity | None) -> None:
        with self._engine.begin() as connection:
            counted = "serial = serial + 1" if become is None else "lineage = :lineage, serial = :serial"
            fence = {**self._fence, **({} if become is None else msgspec.structs.asdict(become))}
            if not _fenced(connection, fence, f"{counted}, expires = {_now(connection)} + :lease"):
                holding = _holding(connection, self._owner)
                lock = _lock(self._owner, self._fence["token"])
                raise StepFailed(
                    lease_lost.found(self._owner.environment, lock, "" if holding is None else holding.holder)
                )
            state = connection.execute(
                text("SELECT id FROM mlc_state WHERE project = :project AND environment = :environment"),
                _key(self._owner),
            ).scalar_one()
            for entry_type, name, value in edits:
                key = {
                    "state": state,
                    "type": entry_type,
                    "digest": hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest(),
                }
                connection.execute(
                    text("DELETE FROM mlc_entry WHERE state = :state AND type = :type AND digest = :digest"),
                    key,
                )
                if value is not None:
                    connection.execute(
                        text("INSERT INTO mlc_entry VALUES (:state, :type, :digest, :name, :value)"),
                        {**key, "name": name, "value": value},
                    )

    def _again(self, change: Callable[[], None]) -> None:
        """A change is the same done twice, so one whose connection was lost is tried again."""
        for seconds in PATIENCE:
            try:
                return change()
            except DBAPIError as error:
                if not error.connection_invalidated and not _cannot_connect(error):
                    raise
                time.sleep(seconds)
        return change()

    def _renew(self) -> None:
        while not self._ended.wait(self._place.lease / 3):
            # What cannot be renewed now may be next time; until it has run out, nobody takes it.
            with suppress(SQLAlchemyError), self._engine.begin() as connection:
                if not _fenced(connection, self._fence, f"expires = {_now(connection)} + :lease"):
                    return


def _acquire(engine: Engine, place: Place, owner: Owner) -> tuple[int, bool]:
    """The token of a new lease, and whether the one before was left behind. Raises LeaseHeld."""
    with suppress(IntegrityError), engine.begin() as connection:
        found = text("SELECT id FROM mlc_state WHERE project = :project AND environment = :environment")
        if connection.execute(found, _key(owner)).first() is None:
            connection.execute(
                text(
                    "INSERT INTO mlc_state (project, environment, lineage, serial, token, since, expires) "
                    "VALUES (:project, :environment, :lineage, 0, 0, 0, 0)"
                ),
                {**_key(owner), "lineage": str(uuid4())},
            )
    with engine.begin() as connection:
        now = _now(connection)
        before = connection.execute(
            text("SELECT holder FROM mlc_state WHERE project = :project AND environment = :environment"),
            _key(owner),
        ).scalar_one()
        taken = connection.execute(
            text(
                f"UPDATE mlc_state SET token = token + 1, holder = :holder, since = {now}, "  # noqa: S608
                f"expires = {now} + :lease WHERE project = :project AND environment = :environment "
                f"AND (holder IS NULL OR expires <= {now})"
            ),
            {**_key(owner), "holder": holder(), "lease": int(place.lease * 1000)},
        )
        if not taken.rowcount:
            held = _holding(connection, owner)
            raise held or LeaseHeld("somebody who has just let go of it", _lock(owner, 0), 0, 0)
        token = connection.execute(
            text("SELECT token FROM mlc_state WHERE project = :project AND environment = :environment"),
            _key(owner),
        ).scalar_one()
    return int(token), before is not None


def holder() -> str:
    """Who this is, for others to read."""
    return f"process {os.getpid()} on {socket.gethostname()}"[:250]


def _fenced(connection: Connection, fence: dict[str, Any], assignments: str) -> bool:
    """Change the row of the state if the token is still the newest. Says whether it was."""
    done: CursorResult[Any] = connection.execute(
        text(
            f"UPDATE mlc_state SET {assignments} WHERE project = :project "  # noqa: S608 - ours, no value in it
            "AND environment = :environment AND token = :token AND holder IS NOT NULL"
        ),
        fence,
    )
    return done.rowcount == 1


def _holding(connection: Connection, owner: Owner) -> LeaseHeld | None:
    """Who holds the lease, also one that has run out and that nobody has taken since."""
    row = connection.execute(
        text(
            f"SELECT holder, token, {_now(connection)} - since AS held, "  # noqa: S608
            f"expires - {_now(connection)} AS remaining FROM mlc_state "
            "WHERE project = :project AND environment = :environment"
        ),
        _key(owner),
    ).first()
    if row is None or row.holder is None:
        return None
    return LeaseHeld(row.holder, _lock(owner, row.token), row.held / 1000, row.remaining / 1000)


def _read(connection: Connection, owner: Owner, place: Place) -> State:
    """One statement, so that all of it is of one moment."""
    if not inspect(connection).has_table("mlc_state"):
        return EMPTY
    _refuse_newer(connection, place)
    rows = connection.execute(
        text(
            "SELECT s.lineage, s.serial, e.type, e.name, e.value FROM mlc_state s "
            "LEFT JOIN mlc_entry e ON e.state = s.id WHERE s.project = :project AND s.environment = :environment"
        ),
        _key(owner),
    ).all()
    if not rows:
        return EMPTY
    try:
        records = [(row.type, row.name, bytes(row.value)) for row in rows if row.type is not None]
        return decoded(Identity(rows[0].lineage, rows[0].serial), owner, records)
    except (TypeError, ValueError, msgspec.DecodeError) as error:
        raise StateUnreadable(
            f"The state of {owner.environment} in {shown(place.url)} cannot be read: {error}. Restore it from a "
            "copy with `mlc state push --force FILE`."
        ) from error


def _make_tables(engine: Engine, place: Place) -> None:
    """The tables, where they are missing. Two may do so at once: who comes second finds them there."""
    with engine.connect() as connection:
        there = inspect(connection).has_table("mlc_version")
        found = connection.execute(text("SELECT number FROM mlc_version")).scalar() if there else None
        if found is not None:
            _refuse_newer(connection, place)
            if found < VERSION:  # so that an older mlc does not meet what it does not know
                connection.execute(text("UPDATE mlc_version SET number = :number"), {"number": VERSION})
                connection.commit()
            return
    try:
        TABLES.create_all(engine)
    except DBAPIError:
        time.sleep(0.2)
        TABLES.create_all(engine)
    with suppress(IntegrityError), engine.begin() as connection:
        connection.execute(
            text("INSERT INTO mlc_version (only_row, number) VALUES (1, :number)"), {"number": VERSION}
        )


def _refuse_newer(connection: Connection, place: Place) -> None:
    version = connection.execute(text("SELECT number FROM mlc_version")).scalar() or VERSION
    if version > VERSION:
        raise StateUnreadable(
            f"The tables in {shown(place.url)} have version {version}, and this mlc knows versions up to {VERSION}. "
            "They were written by a newer mlc; use that one. Nothing was changed."
        )


@contextmanager
def _opened(place: Place) -> Iterator[Engine]:
    engine = engine_of(place.url, place.password)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _told(place: Place) -> Iterator[None]:
    """What the database or the way to it did becomes a finding, without the password."""
    try:
        yield
    except DBAPIError as error:
        why = str(error.orig)
        why = why if place.password is None else place.password.hidden_in(why)
        raise StepFailed(state_unreachable.found(shown(place.url), why)) from None


def _cannot_connect(error: DBAPIError) -> bool:
    """Whether an error came before there was a statement: a pool that connects anew and finds nobody."""
    return error.statement is None


def _now(connection: Connection) -> str:
    return NOW[connection.dialect.name]


def _key(owner: Owner) -> dict[str, Any]:
    return {"project": owner.project, "environment": owner.environment}


def _lock(owner: Owner, token: int) -> str:
    return f"{owner.environment}-{token}"
