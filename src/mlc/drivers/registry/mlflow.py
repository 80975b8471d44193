"""A registry on an MLflow server: versions, tags and aliases where MLflow shows them, and a journal of how they came.

What there is, MLflow itself says: a version that was deleted there is gone, and an alias points where it points there.
What was registered, when, and how aliases moved, the journal says (`mlflow_journal`), which nobody can edit. So both
are compared, and what somebody did in MLflow's own pages shows. Datasets are in the journal alone: MLflow's registry
has none.

Numbers of versions are given by MLflow, which never gives one twice: ours follow them, and have gaps where it has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from mlc.drivers.registry import mlflow_versions
from mlc.drivers.registry.catalogue import Answer, Held, Revision
from mlc.drivers.registry.files import Elsewhere
from mlc.drivers.registry.mlflow_journal import (
    Described,
    Done,
    Intent,
    Journal,
    Kept,
    Pointed,
    State,
    Taken,
    Version,
    What,
    nonce,
)
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.rules import registry_cannot, registry_unreachable
from mlc.store.mlflow import MISSING, Mlflow, MlflowError
from mlc.store.secrets import Secret

_LEASE = 60.0  # seconds that a change may take, beside what its bytes take
_SLOWEST = 500_000  # bytes that go to the server in a second
_PATIENCE = 600.0  # seconds that others are waited for
_PAUSE = 0.1


class Server(Struct, frozen=True):
    """Where the registry is: the address of an MLflow server and how it is reached, and an experiment's name."""

    uri: str
    experiment: str
    token: Secret | None = None
    user: str = ""
    password: Secret | None = None

    @contextmanager
    def reached(self) -> Iterator[Journal]:
        """Its journal. Raises StepFailed (registry-unreachable), without what is secret."""
        server = Mlflow(self.uri, self.token, self.user, self.password)
        try:
            yield Journal(server, self.experiment)
        except MlflowError as error:
            told = registry_unreachable.found(self.uri, str(error))
            raise StepFailed(told, passing=error.passing) from None
        finally:
            server.close()


class InMlflow(Struct, frozen=True):
    """A catalogue on an MLflow server. `files` is where the bytes lie that it names."""

    server: Server
    files: BytesInArtifacts

    @contextmanager
    def look(self) -> Iterator[MlflowView | None]:
        with self.server.reached() as journal:
            state = journal.read()
            yield None if state.next == 1 else MlflowView(journal, state, self.files)

    def change(self, doing: Callable[[MlflowChanges], Answer]) -> Answer:
        with self.server.reached() as journal:
            journal.made()
            deadline = time.monotonic() + _PATIENCE
            while time.monotonic() < deadline:
                state = journal.read()
                if state.pending is not None:
                    if journal.server.now >= state.until:
                        self._take_over(journal, state)
                    else:
                        time.sleep(_PAUSE)
                    continue
                changes = MlflowChanges(journal, state, self.files)
                answer = doing(changes)
                numbered = enumerate(changes.said)
                if all(self._do(journal, state.next + 2 * nth, what) for nth, what in numbered):
                    changes.mend()
                    return answer
            why = f"others have been changing it for {_PATIENCE:.0f} seconds"
            raise StepFailed(registry_unreachable.found(self.server.uri, why), passing=True)

    def _do(self, journal: Journal, number: int, what: What) -> bool:
        """Do one thing as the journal's record of a number. False where somebody else came first, or where MLflow gives
        a version another number: then all is looked at anew."""
        by = nonce()
        if not journal.add(number, Intent(what, by, self._until(journal, what))):
            return False
        try:
            done = mlflow_versions.projected(journal, self.files, what, by)
        except StepFailed:  # a file that it needs is damaged: nobody else could do it either
            journal.add(number + 1, Done(void=True))
            raise
        if not journal.add(number + 1, done):  # we took too long, and somebody did it in our place
            return _is_known(journal.read(), what)
        return not done.void

    def _take_over(self, journal: Journal, state: State) -> None:
        """Finish what another one began and did not come to an end with in time."""
        assert state.pending is not None
        what, by = state.pending.what, state.pending.by
        if journal.add(state.next, Taken(nonce(), self._until(journal, what))):
            try:
                done = mlflow_versions.projected(journal, self.files, what, by)
            except StepFailed:
                done = Done(void=True)
            journal.add(state.next + 1, done)

    def _until(self, journal: Journal, what: What) -> float:
        return journal.server.now + _LEASE + mlflow_versions.size(what, self.files) / _SLOWEST


class MlflowView:
    """The catalogue at one moment of the journal; what MLflow is asked, it is asked once."""

    def __init__(self, journal: Journal, state: State, files: BytesInArtifacts) -> None:
        self._journal = journal
        self._server = journal.server
        self._state = state
        self._files = files
        self._there: dict[str, dict[int, Mapping[str, Any]]] = {}
        self._aliases: dict[str, dict[str, int]] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(name for name in sorted(self._state.versions) if self.numbers(name))

    def numbers(self, name: str) -> tuple[int, ...]:
        return tuple(
            sorted(number for number in self._state.versions.get(name, {}) if self._is_there(name, number))
        )

    def latest(self, name: str) -> int:
        return max(self.numbers(name), default=0)

    def number_of(self, name: str, digest: str) -> int | None:
        known = self._state.versions.get(name, {})
        found = (number for number, kept in sorted(known.items()) if kept.held.digest == digest)
        return next((number for number in found if self._is_there(name, number)), None)

    def held(self, name: str, number: int) -> Held | None:
        kept = self._kept(name, number)
        return None if kept is None else kept.held

    def aliases(self, name: str) -> dict[str, int]:
        if mlflow_versions.is_dataset(name):
            return {}
        if name not in self._aliases:
            try:
                found = self._server.get("registered-models/get", name=name)["registered_model"]
            except MlflowError as error:
                if error.code != MISSING:
                    raise
                found = {}
            pointing = {one["alias"]: int(one["version"]) for one in found.get("aliases", [])}
            self._aliases[name] = dict(sorted(pointing.items()))
        return dict(self._aliases[name])

    def standing(self) -> dict[tuple[str, str], int]:
        names = {*self._state.versions, *(line.name for line in self._state.promotions())}
        return {
            (name, alias): number for name in sorted(names) for alias, number in self.aliases(name).items()
        }

    def log(self) -> tuple[Promotion, ...]:
        return self._state.promotions()

    def last_line(self, name: str = "", alias: str = "") -> Promotion | None:
        lines = self._state.promotions()
        if not name:
            return lines[-1] if lines else None
        return next((line for line in reversed(lines) if (line.name, line.alias) == (name, alias)), None)

    def referenced(self) -> tuple[str, ...]:
        # what a version had that was deleted in MLflow stays: the journal names it, and it may be asked for
        held = [kept.held for known in self._state.versions.values() for kept in known.values()]
        pending = self._state.pending.what if self._state.pending is not None else None
        if isinstance(pending, Version):
            held.append(pending.held)
        found = {digest for one in held for revision in one.revisions for digest in revision.files.values()}
        if isinstance(pending, Described):
            found |= {*pending.revision.files.values()}
        return tuple(sorted(found))

    def edited(self, name: str, number: int) -> tuple[str, ...]:
        """What of a version was edited in MLflow, in a few words each."""
        kept = self._kept(name, number)
        if kept is None or mlflow_versions.is_dataset(name):
            return ()
        return mlflow_versions.edited(self._server, self._files, kept, self._of_model(name)[number])

    def _kept(self, name: str, number: int) -> Kept | None:
        kept = self._state.versions.get(name, {}).get(number)
        return kept if kept is not None and self._is_there(name, number) else None

    def _is_there(self, name: str, number: int) -> bool:
        """A version of that number, which is the one that was registered."""
        if mlflow_versions.is_dataset(name):
            return True
        there = self._of_model(name).get(number)
        return there is not None and there.get("run_id") == self._state.versions[name][number].run

    def _of_model(self, name: str) -> dict[int, Mapping[str, Any]]:
        if name not in self._there:
            self._there[name] = mlflow_versions.there(self._server, name)
        return self._there[name]


class MlflowChanges(MlflowView):
    """The same, while something is said to it. What is said is done when all is said."""

    def __init__(self, journal: Journal, state: State, files: BytesInArtifacts) -> None:
        super().__init__(journal, state, files)
        self.said: list[What] = []
        self._looked_at: set[tuple[str, int]] = set()

    def latest(self, name: str) -> int:
        """The highest number that was ever given, also to what is gone and to what others made in MLflow."""
        others = () if mlflow_versions.is_dataset(name) else self._of_model(name)
        return max(self._state.highest(name), *others, 0)

    def held(self, name: str, number: int) -> Held | None:
        self._looked_at.add((name, number))
        return super().held(name, number)

    def add_version(self, name: str, number: int, held: Held) -> None:
        first, *more = held.revisions
        self.said.append(Version(name, number, msgspec.structs.replace(held, revisions=(first,))))
        self.said += [Described(name, number, revision) for revision in more]

    def add_revision(self, name: str, number: int, revision: Revision) -> None:
        self.said.append(Described(name, number, revision))

    def point(self, line: Promotion) -> None:
        """Raises StepFailed (registry-cannot) for what MLflow takes for no alias."""
        if registry_cannot.keeps(line.alias):
            raise StepFailed(registry_cannot.found(line.name, line.alias))
        self.said.append(Pointed(line))

    def mend(self) -> None:
        """Put back what was edited in MLflow of the versions that were looked at and not described anew."""
        if self.said:
            return
        for name, number in sorted(self._looked_at):
            kept = self._state.versions.get(name, {}).get(number)
            if kept is not None and not mlflow_versions.is_dataset(name) and self._is_there(name, number):
                mlflow_versions.mend(self._journal, self._files, name, number, kept)


class BytesInArtifacts(Elsewhere, frozen=True, kw_only=True):
    """Files as artifacts of the run that holds the journal, each in a folder of its own: `content`, and when it was put
    there, as MLflow does not say it."""

    server: Server

    def content(self, digest: str) -> bytes | None:
        with self.server.reached() as journal:
            place = self._folder(journal, digest)
            return None if place is None else journal.server.read(f"{place}/content")

    def keep(self, digest: str, content: bytes) -> None:
        with self.server.reached() as journal:
            journal.made()
            place = self._folder(journal, digest)
            journal.server.get("experiments/get-by-name", experiment_name=journal.name)  # for its clock
            journal.server.put(f"{place}/put-{journal.server.now:.0f}", b"")
            journal.server.put(f"{place}/content", content)

    def has(self, digest: str) -> bool:
        with self.server.reached() as journal:
            place = self._folder(journal, digest)
            return place is not None and ("content", False) in journal.server.listed(place)

    def place(self, digest: str) -> str:
        return f"{self.server.uri} (files/{self.valid(digest)} of the journal of {self.server.experiment})"

    def digests(self) -> Iterator[str]:
        with self.server.reached() as journal:
            root = journal.artifacts()
            listed = [] if root is None else journal.server.listed(f"{root}/files")
        return iter(sorted(name for name, is_folder in listed if is_folder and len(name) == 64))

    def remove(self, digest: str) -> bool:
        with self.server.reached() as journal:
            place = self._folder(journal, digest)
            there = [] if place is None else journal.server.listed(place)
            for name, _ in sorted(there):  # the content first: what is left says no more than when it came
                journal.server.remove(f"{place}/{name}")
            if there:
                journal.server.remove(str(place))
            return ("content", False) in there

    def age(self, digest: str) -> float:
        """By the server's clock."""
        with self.server.reached() as journal:
            place = self._folder(journal, digest)
            there = [] if place is None else journal.server.listed(place)
            put = [float(name.removeprefix("put-")) for name, _ in there if name.startswith("put-")]
            return max(0.0, journal.server.now - max(put)) if put else 0.0

    def _folder(self, journal: Journal, digest: str) -> str | None:
        root = journal.artifacts()
        return None if root is None else f"{root}/files/{self.valid(digest)}"


def _is_known(state: State, what: What) -> bool:
    """Whether what was intended was done, by whomever."""
    if isinstance(what, Version):
        kept = state.versions.get(what.name, {}).get(what.number)
        return kept is not None and kept.held.digest == what.held.digest
    if isinstance(what, Pointed):
        return what.line in state.log
    kept = state.versions.get(what.name, {}).get(what.number)
    return kept is not None and what.revision in kept.held.revisions
