"""What every state does, wherever it is kept: threads share it, it is replaced whole, and it is one document."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from mlc import states
from mlc.ir.operation import Outcome
from mlc.ir.state import AppliedArtifact, Name, State, belonging, entries, without
from mlc.kinds import _schemas
from mlc.store.records import Identity, Owner, document
from mlc.store.state import opened, read_state

STATE = State(
    version=2,
    lineage="here",
    serial=7,
    resources={"model.b": {"z": 1, "a": 2}, "model.a": {}},
    operations={"model.a/train": Outcome("k", "sklearn_train", {}, {"model": "0" * 64})},
    artifacts={"a/README.md": AppliedArtifact("1" * 64, "model_card", "model.a")},
)


def test_threads_share_it(tmp_path: Path) -> None:
    with opened(tmp_path / "dev.db") as store, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: store.put_resource(f"model.m{n}", {"n": n}), range(100)))
    state = read_state(tmp_path / "dev.db")
    assert (state.serial, len(state.resources)) == (100, 100)


def test_replacing_is_one_change(tmp_path: Path) -> None:
    with opened(tmp_path / "dev.db", Owner("shop", "dev")) as store:
        store.put_resource("model.old", {})
        store.replace(STATE)
        state = store.read()
        assert (state.serial, entries(state)) == (2, entries(STATE))
        store.replace(STATE, Identity("there", 40))
    state = read_state(tmp_path / "dev.db")
    assert (state.lineage, state.serial, state.project, state.environment) == ("there", 40, "shop", "dev")
    assert entries(state) == entries(STATE)


def test_the_same_state_is_the_same_document() -> None:
    other = msgspec.structs.replace(STATE, resources=dict(reversed(STATE.resources.items())))
    text = document(STATE)
    assert text == document(other)
    assert msgspec.json.decode(text, type=State) == STATE
    properties = _schemas.read("state")["$defs"]["State"]["properties"]
    assert set(msgspec.json.decode(text)) == set(properties)


def test_what_goes_by_a_name() -> None:
    everything: tuple[Name, ...] = (
        ("artifact", "a/README.md"),
        ("operation", "model.a/train"),
        ("resource", "model.a"),
    )
    assert belonging(STATE, "model.a") == everything
    assert belonging(STATE, "model.a/train") == (("operation", "model.a/train"),)
    assert belonging(STATE, "a/README.md") == (("artifact", "a/README.md"),)
    assert belonging(STATE, "model") == ()
    assert list(entries(without(STATE, everything))) == [("resource", "model.b")]


def test_the_last_few_are_kept(tmp_path: Path) -> None:
    for serial in range(5, 25):
        states.keep(tmp_path, "dev", msgspec.structs.replace(STATE, serial=serial))
    states.keep(tmp_path, "prod", STATE)
    kept = sorted(path.name for path in (tmp_path / ".mlc/state/previous").iterdir())
    assert kept == sorted([*(f"dev-{serial}.json" for serial in range(15, 25)), "prod-7.json"])
    path = tmp_path / ".mlc/state/previous/dev-24.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert msgspec.json.decode(path.read_bytes(), type=State).serial == 24


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_state_says_whose_it_is(tmp_path: Path, environment: str) -> None:
    (tmp_path / "mlc.yaml").write_text("mlc: 1\nproject: shop\nenvironments: [dev, prod]\n")
    with states.held(tmp_path, environment) as held:
        state = held.store.read()
    assert (state.project, state.environment) == ("shop", environment)
