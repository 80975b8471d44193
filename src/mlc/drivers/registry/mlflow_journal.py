"""What an MLflow server cannot be told in its own words: the order in which a registry was changed, and by whom.

MLflow has no compare-and-swap: tags and aliases are simply overwritten. But a parameter of a run is written once, and
another value for it is refused. So the journal is the parameters of one run, `journal/00000001` and so on: who writes
the next number comes first, and everybody else looks anew. Nothing in it can be edited or taken out.

```
experiment NAME             a run for each version, and the run "journal of mlc"
experiment NAME/journal     its tag mlc.journal names that run; experiments are made once, by their names
```

A change is two parameters: what is going to be done, and that it was done. Between the two nobody else changes
anything, until a time that the first says, by the server's own clock; then whoever waits does it in the place of the
first.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from mlc.drivers.registry.catalogue import Held, Revision
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.rules import registry_unreachable
from mlc.store.mlflow import REFUSED, Mlflow, MlflowError, as_map

_KEY = "journal/"
_TAG = "mlc.journal"
_LONGEST = 6000  # characters; MLflow takes no more of a parameter


Facts = tuple[tuple[str, str], ...]
"""Paths and texts, of what lineage and letting go of versions go by. None: nobody has said them yet."""


class Version(Struct, frozen=True, tag="version", tag_field="kind"):
    """A version is going to be there."""

    name: str
    number: int
    held: Held
    facts: Facts | None = None


class Described(Struct, frozen=True, tag="revision", tag_field="kind"):
    """A version is described in other words."""

    name: str
    number: int
    revision: Revision
    facts: Facts | None = None


class Noted(Struct, frozen=True, tag="note", tag_field="kind"):
    """The facts of a version's last description, where they were not said with it."""

    name: str
    number: int
    facts: Facts


class Pointed(Struct, frozen=True, tag="point", tag_field="kind"):
    """An alias moves, as this line of the promotion log says."""

    line: Promotion


class Removed(Struct, frozen=True, tag="remove", tag_field="kind"):
    """A version is taken out, which need not be kept."""

    name: str
    number: int


What = Version | Described | Noted | Pointed | Removed


class Intent(Struct, frozen=True, tag="do", tag_field="record"):
    """Somebody is going to do something, until a time (seconds since 1970, by the server's clock)."""

    what: What
    by: str
    until: float


class Taken(Struct, frozen=True, tag="take", tag_field="record"):
    """Somebody else does it in the place of who did not come to it."""

    by: str
    until: float


class Done(Struct, frozen=True, tag="done", tag_field="record"):
    """It was done; or it could not be (`void`), and numbers up to `burnt` will never be given to a version.

    `run` is the run of a version."""

    run: str = ""
    void: bool = False
    burnt: int = 0


Record = Intent | Taken | Done


class Kept(Struct, frozen=True):
    """A version as the journal knows it."""

    held: Held
    run: str
    facts: Facts | None = None


class State:
    """What the journal's records come to."""

    def __init__(self, records: tuple[Record, ...]) -> None:
        self.next = len(records) + 1
        self.versions: dict[str, dict[int, Kept]] = {}
        self.burnt: dict[str, int] = {}
        self.log: list[Promotion] = []
        self.pending: Intent | None = None
        self.until = 0.0
        for record in records:
            self._take(record)

    def promotions(self) -> tuple[Promotion, ...]:
        """The promotion log. What is being done is going to be done, by whomever."""
        if self.pending is not None and isinstance(self.pending.what, Pointed):
            return (*self.log, self.pending.what.line)
        return tuple(self.log)

    def highest(self, name: str) -> int:
        """The highest number that was ever given, or can no more be given."""
        return max(self.burnt.get(name, 0), *self.versions.get(name, {}), 0)

    def _take(self, record: Record) -> None:
        if isinstance(record, Intent):
            self.pending, self.until = record, record.until
        elif isinstance(record, Taken):
            self.until = record.until
        elif self.pending is not None:
            self._settle(self.pending.what, record)
            self.pending = None

    def _settle(self, what: What, done: Done) -> None:
        if isinstance(what, Pointed):
            self.log.append(what.line)
        elif isinstance(what, Removed):
            self.versions[what.name].pop(what.number, None)
            self.burnt[what.name] = max(what.number, self.burnt.get(what.name, 0))
        elif done.void:
            self.burnt[what.name] = max(done.burnt, self.burnt.get(what.name, 0))
        elif isinstance(what, Version):
            self.versions.setdefault(what.name, {})[what.number] = Kept(what.held, done.run, what.facts)
        elif what.number in self.versions.get(what.name, {}):
            kept = self.versions[what.name][what.number]
            held = kept.held
            if isinstance(what, Described):
                held = msgspec.structs.replace(held, revisions=(*held.revisions, what.revision))
            self.versions[what.name][what.number] = Kept(held, kept.run, what.facts)


class Journal:
    """The journal of one registry, named by an experiment. Raises MlflowError."""

    def __init__(self, server: Mlflow, experiment: str) -> None:
        self.server = server
        self.name = experiment
        self._run: dict[str, Any] | None = None

    def run(self) -> dict[str, Any] | None:
        """The run that holds it, as it is now; None where there is no registry."""
        if self._run is None:
            anchor = self.server.known_experiment(f"{self.name}/journal")
            run_id = as_map(anchor.get("tags", [])).get(_TAG) if anchor is not None else None
            if run_id is None:
                return None
            self._run = self.server.run(run_id)
            if self._run is None:
                raise MlflowError(
                    "", f"the run {run_id}, which is the registry's journal, is not there any more"
                )
        return self._run

    def made(self) -> dict[str, Any]:
        """The run that holds it, which is made where there is none; of several who make one, one is taken."""
        found = self.run()
        if found is None:
            experiment = self.server.experiment(self.name)
            note = "What mlc's registry was changed by, in order. It is not to be deleted."
            run = self.server.create_run(
                experiment, "journal of mlc", {"mlc.role": "journal", "mlflow.note.content": note}
            )
            own = str(run["info"]["run_id"])
            about = "Names the run that is the journal of mlc's registry. It is not to be deleted."
            self.server.experiment(f"{self.name}/journal", {_TAG: own, "mlflow.note.content": about})
            found = self.run()
            assert found is not None, self.name
            if found["info"]["run_id"] != own:
                self.server.post("runs/delete", run_id=own)
        if found["info"]["lifecycle_stage"] != "active":
            self.server.post("runs/restore", run_id=found["info"]["run_id"])
            self._run = None
        return found

    def artifacts(self) -> str | None:
        """Where its artifacts lie; None where there is no registry."""
        run = self.run()
        return None if run is None else str(run["info"]["artifact_uri"])

    def read(self) -> State:
        """What it comes to now. Raises StepFailed (registry-unreachable) where a newer mlc wrote it."""
        self._run = None
        run = self.run()
        if run is None:
            return State(())
        params: dict[str, str] = as_map(run["data"].get("params", []))
        written = {int(key.removeprefix(_KEY)): text for key, text in params.items() if key.startswith(_KEY)}
        records: list[Record] = []
        for number in range(1, len(written) + 1):
            if number not in written:
                raise StepFailed(
                    registry_unreachable.found(self.server.uri, f"its journal has no record {number}")
                )
            records.append(self._decoded(number, written[number]))
        return State(tuple(records))

    def add(self, number: int, record: Record) -> bool:
        """Write the record of a number. False where somebody else has written it first."""
        text = msgspec.json.encode(record, order="sorted").decode()
        if len(text) > _LONGEST:
            raise MlflowError("", f"a record of {len(text):,} characters is longer than a parameter may be")
        run_id = self.made()["info"]["run_id"]
        try:
            self.server.post("runs/log-parameter", run_id=run_id, key=f"{_KEY}{number:08}", value=text)
        except MlflowError as error:
            if error.code != REFUSED:
                raise
            return False
        return True

    def _decoded(self, number: int, text: str) -> Record:
        try:
            record: Record = msgspec.json.decode(text, type=Record)
        except msgspec.MsgspecError as error:
            why = f"record {number} of its journal is not of this mlc: {error}"
            raise StepFailed(registry_unreachable.found(self.server.uri, why)) from None
        return record


def nonce() -> str:
    """Tells two writers of the same apart."""
    return secrets.token_hex(8)


def tags_of(what: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a version or a run as MLflow tells them."""
    return as_map(what.get("tags", []))
