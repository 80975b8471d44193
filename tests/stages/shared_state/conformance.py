"""What every place that keeps a state must do. A test module derives from these classes and gives the `Backend`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from mlc.ir.operation import Outcome, StepFailed
from mlc.ir.state import AppliedArtifact, Move, State, entries, renamed
from mlc.store.databases import VERSION, engine_of
from mlc.store.lock import LockHeld, locked
from mlc.store.records import Identity, Owner, StateStore
from mlc.store.secrets import Secret
from mlc.store.shared import LeaseHeld, Place, leased, read_shared, unlock_shared
from mlc.store.state import opened, read_state

NAMES = ("model.a", "model.b", "dataset.ü", "model.a/train", "x" * 900)
SPECS = st.dictionaries(st.sampled_from(["n", "text"]), st.integers() | st.text(max_size=20), max_size=2)
_numbers = count()


class Backend(msgspec.Struct, frozen=True):
    """How to open and to read the state of an owner; `closed` is what opening raises while another holds it."""

    open: Callable[[Owner], AbstractContextManager[StateStore]]
    read: Callable[[Owner], State]


def local(folder: Path) -> Backend:
    """Files on this machine."""

    @contextmanager
    def open_(owner: Owner) -> Iterator[StateStore]:
        path = folder / f"{owner.environment}.db"
        with locked(path.with_suffix(".lock")), opened(path, owner) as store:
            yield store

    return Backend(open_, lambda owner: read_state(folder / f"{owner.environment}.db"))


def shared(url: str, password: str | None = None, lease: float = 60.0) -> Backend:
    """A database."""
    where = place(url, password, lease)

    @contextmanager
    def open_(owner: Owner) -> Iterator[StateStore]:
        with leased(where, owner) as (store, _):
            yield store

    return Backend(open_, lambda owner: read_shared(where, owner))


def place(url: str, password: str | None, lease: float = 60.0) -> Place:
    return Place(url, None if password is None else Secret(password), lease)


def somebody() -> Owner:
    """An environment that no test has used before."""
    return Owner("shop", f"env{os.getpid()}-{next(_numbers)}")


class Conformance:
    """Every state, local or shared."""

    def test_reading_makes_nothing(self, backend: Backend) -> None:
        state = backend.read(somebody())
        assert (state.lineage, state.serial, entries(state)) == ("", 0, {})

    def test_it_does_what_a_dictionary_would(self, backend: Backend) -> None:
        class Here(Machine):
            def __init__(self) -> None:
                super().__init__(backend)

        run_state_machine_as_test(
            Here,
            settings=settings(
                max_examples=12,
                stateful_step_count=15,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )

    def test_two_environments_do_not_know_each_other(self, backend: Backend) -> None:
        one, other = somebody(), somebody()
        with backend.open(one) as first, backend.open(other) as second:
            first.put_resource("model.a", {"n": 1})
            second.put_resource("model.a", {"n": 2})
        assert [backend.read(each).resources["model.a"]["n"] for each in (one, other)] == [1, 2]
        assert backend.read(one).lineage != backend.read(other).lineage
        assert (backend.read(one).project, backend.read(one).environment) == (one.project, one.environment)

    def test_one_writer_at_a_time(self, backend: Backend) -> None:
        owner = somebody()
        with backend.open(owner) as store:
            store.put_resource("model.a", {})
            with pytest.raises(LockHeld) as refused, backend.open(owner):
                pass
            assert f"process {os.getpid()} on " in refused.value.holder
            assert backend.read(owner).serial == 1  # who only reads is not in the way
        with backend.open(owner) as store:
            assert store.read().serial == 1

    def test_what_is_large_is_kept(self, backend: Backend) -> None:
        owner = somebody()
        with backend.open(owner) as store:
            store.put_resource("model.a", {"text": "ü" * 400_000})
        assert backend.read(owner).resources["model.a"]["text"] == "ü" * 400_000

    def test_a_change_that_fails_changes_nothing(self, backend: Backend) -> None:
        owner = somebody()
        with backend.open(owner) as store:
            store.put_resource("model.a", {})
            before = store.read()
            with pytest.raises(Exception, match=r"."):
                store._rows.change([("resource", "model.b", b"{}"), ("resource", None, b"{}")])  # type: ignore[list-item]
            assert store.read() == before


class Machine(RuleBasedStateMachine):
    """Random changes, and the same ones on a plain value."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend, self.owner = backend, somebody()
        self.model = State(2, "", 0)

    @initialize()
    def start(self) -> None:
        self._open()
        self.lineage = self.store.read().lineage
        assert self.lineage

    @rule(name=st.sampled_from(NAMES), spec=SPECS)
    def put_resource(self, name: str, spec: dict[str, Any]) -> None:
        self.store.put_resource(name, spec)
        self._count(resources={**self.model.resources, name: spec})

    @rule(name=st.sampled_from(NAMES), key=st.text(max_size=5))
    def put_operation(self, name: str, key: str) -> None:
        outcome = Outcome(key, "files", {"spec": key}, {"out": key}, accepted=key)
        self.store.put_operation(name, outcome)
        self._count(operations={**self.model.operations, name: outcome})

    @rule(name=st.sampled_from(NAMES), address=st.sampled_from(NAMES))
    def put_artifact(self, name: str, address: str) -> None:
        artifact = AppliedArtifact("0" * 64, "docker", address)
        self.store.put_artifact(name, artifact)
        self._count(artifacts={**self.model.artifacts, name: artifact})

    @rule(kind=st.sampled_from(["resource", "operation", "artifact"]), name=st.sampled_from(NAMES))
    def remove(self, kind: str, name: str) -> None:
        self.store.remove(kind, name)
        held = {other: entry for other, entry in getattr(self.model, f"{kind}s").items() if other != name}
        self._count(**{f"{kind}s": held})

    @rule(
        names=st.permutations(["model.a", "model.b", "model.c"]), operations=st.sampled_from([(), ("train",)])
    )
    def move(self, names: list[str], operations: tuple[str, ...]) -> None:
        was, now, other = names
        assume(now not in self.model.resources and f"{now}/train" not in self.model.operations)
        move = Move(was, now, operations, {other: {"was": was}})
        self.store.move(move)
        self.model = renamed(self.model, move)
        self._count()

    @rule()
    def empty(self) -> None:
        self.store.replace(State(2, "", 0))
        self._count(resources={}, operations={}, artifacts={})

    @rule(by=st.integers(1, 9))
    def become(self, by: int) -> None:
        state = msgspec.structs.replace(self.model, artifacts={})
        self.store.replace(state, Identity(self.lineage, self.model.serial + by))
        self.model = msgspec.structs.replace(state, serial=self.model.serial + by)

    @rule()
    def reopen(self) -> None:
        self._held.__exit__(None, None, None)
        self._open()

    @invariant()
    def is_as_expected(self) -> None:
        for state in (self.store.read(), self.backend.read(self.owner)):
            assert entries(state) == entries(self.model)
            assert (state.serial, state.lineage) == (self.model.serial, self.lineage)

    def teardown(self) -> None:
        self._held.__exit__(None, None, None)

    def _open(self) -> None:
        self._held = self.backend.open(self.owner)
        self.store = self._held.__enter__()

    def _count(self, **changed: Any) -> None:
        self.model = msgspec.structs.replace(self.model, serial=self.model.serial + 1, **changed)


HOLDER = """
import sys, time
from mlc.store.records import Owner
from mlc.store.secrets import Secret
from mlc.store import shared
url, password, environment, lease, point = sys.argv[1:]
place = shared.Place(url, Secret(password) if password else None, float(lease))
real = shared._fenced
def fenced(connection, fence, assignments):
    done = real(connection, fence, assignments)
    if "serial" in assignments and fence["token"] and point == "within":
        print("within", flush=True)
        time.sleep(60)
    return done
with shared.leased(place, Owner("shop", environment)) as (store, abandoned):
    if point == "between":
        store.put_resource("model.a", {})
        print("between", flush=True)
        time.sleep(60)
    shared._fenced = fenced
    store.put_resource("model.b", {})
"""


class SharedConformance(Conformance):
    """A state in a database. `url` and `password` are fixtures of the module."""

    @pytest.fixture
    def backend(self, url: str, password: str | None) -> Backend:
        return shared(url, password)

    def test_the_lease_says_who_holds_it(self, url: str, password: str | None) -> None:
        owner, where = somebody(), place(url, password)
        with leased(where, owner) as (_, abandoned):
            assert not abandoned
            with pytest.raises(LeaseHeld) as refused, leased(where, owner):
                pass
        held = refused.value
        assert held.lock == f"{owner.environment}-1"
        assert 0 <= held.held < 60
        assert 0 < held.left <= 60
        with leased(where, owner) as (_, abandoned):
            assert not abandoned

    def test_tables_of_version_1_are_read_and_taken_further(self, url: str, password: str | None) -> None:
        """They are the same tables; an mlc of that version may not meet entries that it does not know."""
        owner, where = somebody(), place(url, password)
        with leased(where, owner) as (store, _):
            store.put_resource("model.a", {"n": 1})
        engine = engine_of(url, where.password)
        with engine.begin() as connection:
            connection.execute(text("UPDATE mlc_version SET number = 1"))
        assert sorted(read_shared(where, owner).resources) == ["model.a"]
        with engine.connect() as connection:
            assert connection.execute(text("SELECT number FROM mlc_version")).scalar() == 1, (
                "reading changes nothing"
            )
        with leased(where, owner) as (store, _):
            store.put_resource("model.b", {}, {"n": "model/b.yaml:1:4"})
        with engine.connect() as connection:
            assert connection.execute(text("SELECT number FROM mlc_version")).scalar() == VERSION
        engine.dispose()
        assert read_shared(where, owner).origins == {"model.b": {"n": "model/b.yaml:1:4"}}
        assert sorted(read_shared(where, owner).resources) == ["model.a", "model.b"]

    @pytest.mark.parametrize("point", ["within", "between"])
    def test_a_killed_writer_leaves_a_whole_state_and_a_lease_that_runs_out(
        self, url: str, password: str | None, point: str
    ) -> None:
        owner, where = somebody(), place(url, password, 1.5)
        command = [sys.executable, "-c", HOLDER, url, password or "", owner.environment, "1.5", point]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == point.encode() + b"\n"
            holder.send_signal(signal.SIGKILL)
            holder.wait()
        with self._as_soon_as_it_may(where, owner) as (store, abandoned):
            assert abandoned
            assert sorted(store.read().resources) == (["model.a"] if point == "between" else [])
            store.put_resource("model.c", {})
        assert "model.b" not in read_shared(where, owner).resources

    def test_a_paused_writer_cannot_write_when_it_comes_back(self, url: str, password: str | None) -> None:
        """Rule lease-lost."""
        owner, where = somebody(), place(url, password, 0.5)
        with leased(where, owner) as (paused, _):
            paused.put_resource("model.a", {"by": "the first"})
            rows: Any = paused._rows
            rows._ended.set()  # no thread renews it any more, as in a process that is stopped
            rows._renewing.join()
            with self._as_soon_as_it_may(where, owner) as (second, abandoned):
                assert abandoned
                second.put_resource("model.a", {"by": "the second"})
                changes: tuple[Callable[[], None], ...] = (
                    lambda: paused.put_resource("model.a", {"by": "the first again"}),
                    lambda: paused.remove("resource", "model.a"),
                    lambda: paused.replace(State(2, "", 0)),
                )
                for change in changes:
                    with pytest.raises(StepFailed) as refused:
                        change()
                    assert [one.rule for one in refused.value.diagnostics] == ["lease-lost"]
                assert f"process {os.getpid()} on " in str(refused.value)
                second.put_resource("model.b", {})
            held = read_shared(where, owner).resources
            assert held == {"model.a": {"by": "the second"}, "model.b": {}}
            with pytest.raises(StepFailed):  # nor once the second has let go
                paused.put_resource("model.a", {})
        with leased(where, owner) as (third, abandoned):
            assert not abandoned
            third.put_resource("model.c", {})

    def test_a_lease_is_renewed_while_its_holder_lives(self, url: str, password: str | None) -> None:
        owner, where = somebody(), place(url, password, 0.9)
        with leased(where, owner) as (store, _):
            until = time.monotonic() + 2.5
            while time.monotonic() < until:
                with pytest.raises(LeaseHeld), leased(where, owner):
                    pass
                time.sleep(0.1)
            store.put_resource("model.a", {})
        assert read_shared(where, owner).serial == 1

    def test_one_that_nobody_took_may_still_be_written(self, url: str, password: str | None) -> None:
        owner, where = somebody(), place(url, password, 0.2)
        with leased(where, owner) as (store, _):
            rows: Any = store._rows
            rows._ended.set()
            rows._renewing.join()
            time.sleep(0.5)
            store.put_resource("model.a", {})
        assert read_shared(where, owner).serial == 1

    def test_a_lock_is_taken_away_by_its_id(self, url: str, password: str | None) -> None:
        owner, where = somebody(), place(url, password)
        assert unlock_shared(where, owner, "nothing-1") is None
        with leased(where, owner) as (first, _):
            lock = f"{owner.environment}-1"
            with pytest.raises(LeaseHeld) as refused:
                unlock_shared(where, owner, f"{owner.environment}-7")
            assert refused.value.lock == lock
            taken = unlock_shared(where, owner, lock)
            assert taken is not None
            assert taken.holder.startswith(f"process {os.getpid()} on ")
            assert unlock_shared(where, owner, lock) is None
            with leased(where, owner) as (second, abandoned):
                assert not abandoned
                second.put_resource("model.a", {})
                with pytest.raises(StepFailed):
                    first.put_resource("model.b", {})
        assert list(read_shared(where, owner).resources) == ["model.a"]

    def test_many_who_want_it_at_once(self, url: str, password: str | None) -> None:
        """Each writes a number one higher than it finds; none is lost."""
        program = """
import sys, time
from mlc.store import shared
from mlc.store.records import Owner
from mlc.store.secrets import Secret
url, password, environment = sys.argv[1:]
place, owner = shared.Place(url, Secret(password) if password else None, 20.0), Owner("shop", environment)
for _ in range(3):
    while True:
        try:
            with shared.leased(place, owner) as (store, _):
                number = store.read().resources.get("counter", {"n": 0})["n"]
                store.put_resource("counter", {"n": number + 1})
            break
        except shared.LeaseHeld:
            time.sleep(0.02)
"""
        owner = somebody()
        command = [sys.executable, "-c", program, url, password or "", owner.environment]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        running = [subprocess.Popen(command, env=environment) for _ in range(4)]
        assert [one.wait() for one in running] == [0] * 4
        state = read_shared(place(url, password), owner)
        assert (state.resources, state.serial) == ({"counter": {"n": 12}}, 12)

    @contextmanager
    def _as_soon_as_it_may(self, where: Place, owner: Owner) -> Iterator[tuple[StateStore, bool]]:
        """A lease of our own, once the other's has run out."""
        deadline = time.monotonic() + 60
        while True:
            try:
                with leased(msgspec.structs.replace(where, lease=60.0), owner) as held:
                    yield held
                return
            except LeaseHeld:
                assert time.monotonic() < deadline
                time.sleep(0.05)
