"""A registry on an MLflow server: versions, tags and aliases where MLflow shows them, and a journal of how they came.

What there is, MLflow itself says: a version that was deleted there is gone, and an alias points where it points there.
What was registered, when, and how aliases moved, the journal says (`mlflow_journal`), which nobody can edit. So both
are compared, and what somebody did in MLflow's own pages shows. Datasets are in the journal alone: MLflow's registry
has none.

Numbers of versions are given by MLflow, which never gives one twice: ours follow them, and have gaps where it has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from mlc.drivers.registry import mlflow_versions
from mlc.drivers.registry.catalogue import Answer, Held, Revision
from mlc.drivers.registry.facts import CONFIG, MEMBER, PART, Both, Either, Fact, Wanted
from mlc.drivers.registry.facts import kept as kept_text
from mlc.drivers.registry.mlflow_files import BytesInArtifacts, Server
from mlc.drivers.registry.mlflow_journal import (
    Described,
    Done,
    Facts,
    Intent,
    Journal,
    Kept,
    Noted,
    Pointed,
    Removed,
    State,
    Taken,
    Version,
    What,
    nonce,
)
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.rules import registry_cannot, registry_unreachable
from mlc.store.mlflow import MISSING, MlflowError

_LEASE = 60.0  # seconds that a change may take, beside what its bytes take
_SLOWEST = 500_000  # bytes that go to the server in a second
_PATIENCE = 600.0  # seconds that others are waited for
_PAUSE = 0.1
_KEPT = (MEMBER, PART, CONFIG)
"""The facts that the journal holds: what lineage goes by. It is read as a whole, and the others would be most of it."""

_FEW = 5  # models that are asked for one by one


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
        models = [name for name in self._state.versions if not mlflow_versions.is_dataset(name)]
        if len(models) > _FEW:
            found = mlflow_versions.all_there(self._server)
            self._there |= {name: found.get(name, {}) for name in models}
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

    def seek(self, wanted: Wanted) -> frozenset[tuple[str, int]]:
        """By the few facts that the journal holds; whatever else is asked for, every version may fit."""
        return frozenset(
            (name, number)
            for name in self.names()
            for number in self.numbers(name)
            if _may_fit(wanted, name, number, self._state.versions[name][number].facts)
        )

    def told(self, path: str) -> tuple[tuple[str, int, str], ...]:
        return tuple(
            (name, number, text)
            for name in self.names()
            for number in self.numbers(name)
            for where, text in self._state.versions[name][number].facts or ()
            if where == path
        )

    def unnoted(self) -> tuple[tuple[str, int], ...]:
        return tuple(
            (name, number)
            for name in self.names()
            for number in self.numbers(name)
            if self._state.versions[name][number].facts is None
        )

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
        """Raises StepFailed (registry-cannot) for a number that is used up: who copies versions brings theirs."""
        highest = self.latest(name)
        if number <= highest:
            raise StepFailed(registry_cannot.used_up(name, number, highest))
        first, *more = held.revisions
        self.said.append(Version(name, number, msgspec.structs.replace(held, revisions=(first,))))
        self.said += [Described(name, number, revision) for revision in more]

    def add_revision(self, name: str, number: int, revision: Revision) -> None:
        self.said.append(Described(name, number, revision))

    def note(self, name: str, number: int, entry: str, facts: Sequence[Fact]) -> None:  # noqa: ARG002 - the last one
        kept = tuple((fact.path, fact.text) for fact in facts if fact.path in _KEPT)
        for nth, what in reversed([*enumerate(self.said)]):
            if isinstance(what, Version | Described) and (what.name, what.number) == (name, number):
                self.said[nth] = msgspec.structs.replace(what, facts=kept)
                return
        self.said.append(Noted(name, number, kept))

    def remove_version(self, name: str, number: int) -> None:
        self.said.append(Removed(name, number))

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


def _may_fit(wanted: Wanted, name: str, number: int, facts: Facts | None) -> bool:
    """Whether a version may be what is asked for: certain of the facts that are kept, and of others as good as true."""
    if isinstance(wanted, Both):
        return all(_may_fit(one, name, number, facts) for one in wanted.each)
    if isinstance(wanted, Either):
        return any(_may_fit(one, name, number, facts) for one in wanted.each)
    if wanted.operator != "=" or facts is None:
        return True
    if wanted.path == "name":
        return wanted.value == name
    if wanted.path == "number":
        return wanted.value == number
    return wanted.path not in _KEPT or (wanted.path, kept_text(str(wanted.value))) in facts


def _is_known(state: State, what: What) -> bool:
    """Whether what was intended was done, by whomever."""
    if isinstance(what, Version):
        kept = state.versions.get(what.name, {}).get(what.number)
        return kept is not None and kept.held.digest == what.held.digest
    if isinstance(what, Pointed):
        return what.line in state.log
    if isinstance(what, Removed):
        return what.number not in state.versions.get(what.name, {})
    kept = state.versions.get(what.name, {}).get(what.number)
    if isinstance(what, Noted):
        return kept is not None and kept.facts == what.facts
    return kept is not None and what.revision in kept.held.revisions
