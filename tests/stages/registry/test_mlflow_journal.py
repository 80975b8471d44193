"""What the journal of a registry on MLflow comes to; `tests/platforms` has it on MLflow's own server."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mlc.drivers.registry.catalogue import Held, Revision
from mlc.drivers.registry.facts import Both, Either, Is, Wanted
from mlc.drivers.registry.mlflow import _may_fit
from mlc.drivers.registry.mlflow_journal import (
    Described,
    Done,
    Intent,
    Journal,
    Noted,
    Pointed,
    Record,
    Removed,
    State,
    Taken,
    Version,
)
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.store.mlflow import REFUSED, Mlflow, MlflowError

LINE = Promotion(
    sequence=1,
    name="churn",
    alias="production",
    number=1,
    former=None,
    environment="prod",
    deployment="web",
    at="2026-01-01T12:00:00+00:00",
    previous="0" * 64,
    digest="1" * 64,
)


def version(number: int, digest: str = "a" * 64) -> Intent:
    held = Held(digest, "2026-01-01T12:00:00+00:00", (Revision({"entry": "e" * 64}, "then"),))
    return Intent(Version("churn", number, held), f"by {number}", 60.0)


def test_what_was_begun_and_not_done_is_pending() -> None:
    state = State((version(1),))
    assert state.pending == version(1)
    assert state.versions == {}
    assert (state.next, state.until) == (2, 60.0)
    taken = State((version(1), Taken("other", 120.0)))
    assert (taken.pending, taken.until, taken.next) == (version(1), 120.0, 3)


def test_what_was_done_is_there() -> None:
    described = Intent(Described("churn", 1, Revision({"entry": "f" * 64}, "later")), "x", 1.0)
    state = State((version(1), Done("run 1"), described, Done(), Intent(Pointed(LINE), "y", 1.0), Done()))
    assert state.pending is None
    kept = state.versions["churn"][1]
    assert kept.run == "run 1"
    assert [one.created for one in kept.held.revisions] == ["then", "later"]
    assert state.promotions() == (LINE,)
    assert state.highest("churn") == 1


def test_an_alias_that_is_being_moved_is_in_the_log() -> None:
    """Whoever comes next moves it, if who began does not."""
    assert State((Intent(Pointed(LINE), "y", 1.0),)).promotions() == (LINE,)


def test_what_could_not_be_done_uses_up_numbers() -> None:
    state = State((version(1), Done("run 1"), version(2), Done(void=True, burnt=7)))
    assert list(state.versions["churn"]) == [1]
    assert state.highest("churn") == 7
    described = Intent(Described("churn", 1, Revision({"entry": "f" * 64}, "later")), "x", 1.0)
    state = State((version(1), Done("run 1"), described, Done(void=True)))
    assert len(state.versions["churn"][1].held.revisions) == 1


def test_facts_are_of_the_last_description() -> None:
    told = Intent(Version("churn", 1, version(1).what.held, (("member", "base:1"),)), "x", 1.0)  # type: ignore[union-attr]
    described = Intent(Described("churn", 1, Revision({"entry": "f" * 64}, "later")), "y", 1.0)
    noted = Intent(Noted("churn", 1, (("config", "c"),)), "z", 1.0)
    assert State((told, Done("run"))).versions["churn"][1].facts == (("member", "base:1"),)
    assert State((told, Done("run"), described, Done())).versions["churn"][1].facts is None
    state = State((told, Done("run"), described, Done(), noted, Done()))
    assert state.versions["churn"][1].facts == (("config", "c"),)
    assert len(state.versions["churn"][1].held.revisions) == 2


def test_what_was_taken_out_is_gone_and_its_number_stays_used() -> None:
    state = State((version(1), Done("run 1"), Intent(Removed("churn", 1), "x", 1.0), Done()))
    assert state.versions["churn"] == {}
    assert state.highest("churn") == 1


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Is("member", "=", "base:1"), True),
        (Is("member", "=", "base:2"), False),
        (Is("metrics.roc_auc.low", ">", 0.9), True),
        (Is("name", "=", "fraud"), False),
        (Is("number", "=", 1), True),
        (Both((Is("member", "=", "base:1"), Is("number", "=", 2))), False),
        (Either((Is("member", "=", "base:2"), Is("owner", "=", "x"))), True),
    ],
)
def test_an_index_finds_too_much_and_never_too_little(wanted: Wanted, fits: bool) -> None:
    assert _may_fit(wanted, "churn", 1, (("member", "base:1"),)) is fits
    assert _may_fit(Is("member", "=", "base:2"), "churn", 1, None), "of what is not noted anything may be"


class Kept(Mlflow):
    """A server that keeps the parameters of one run, each once, as MLflow does."""

    def __init__(self) -> None:
        super().__init__("http://nowhere.example")
        self.params: dict[str, str] = {}

    def known_experiment(self, name: str) -> dict[str, Any]:
        return {"tags": [{"key": "mlc.journal", "value": "run"}]}

    def run(self, run_id: str) -> dict[str, Any]:
        params = [{"key": key, "value": value} for key, value in self.params.items()]
        info = {"run_id": run_id, "lifecycle_stage": "active", "artifact_uri": "mlflow-artifacts:/1"}
        return {"info": info, "data": {"params": params}}

    def post(self, what: str, **body: Any) -> dict[str, Any]:
        assert what == "runs/log-parameter"
        if self.params.setdefault(body["key"], body["value"]) != body["value"]:
            raise MlflowError(REFUSED, "Changing param values is not allowed")
        return {}


def test_who_writes_a_number_first_comes_first() -> None:
    server = Kept()
    one, other = Journal(server, "registry"), Journal(server, "registry")
    assert one.add(1, version(1))
    assert not other.add(1, version(1, "b" * 64))
    assert other.read().pending == version(1)
    assert other.add(2, Done("run 1"))
    assert one.read().versions["churn"][1].held.digest == "a" * 64


def test_a_journal_that_lacks_a_record_is_not_gone_by() -> None:
    server = Kept()
    journal = Journal(server, "registry")
    journal.add(1, version(1))
    journal.add(3, Done("run 1"))
    with pytest.raises(StepFailed, match="no record 2"):
        journal.read()
    server.params = {"journal/00000001": '{"record": "of a newer mlc"}', "other": "x"}
    with pytest.raises(StepFailed, match="not of this mlc"):
        journal.read()


def test_a_record_that_is_longer_than_a_parameter_is_refused() -> None:
    many = {f"role-{number}": "d" * 64 for number in range(80)}
    intent = Intent(Version("churn", 1, Held("a" * 64, "then", (Revision(many, "then"),))), "x", 1.0)
    with pytest.raises(MlflowError, match="longer than a parameter"):
        Journal(Kept(), "registry").add(1, intent)


@pytest.mark.parametrize("record", [version(3), Taken("me", 1.5), Done("run", void=True, burnt=2)])
def test_records_are_read_as_they_were_written(record: Record) -> None:
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
