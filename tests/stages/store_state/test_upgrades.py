"""States of older versions: `version1.db` and `version2.db` were each written by the mlc of that version."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mlc.ir.state import VERSION, AppliedArtifact, State
from mlc.store import upgrades
from mlc.store.records import Owner
from mlc.store.state import opened, read_state

OWNER = Owner("shop", "dev")
LINEAGE = "96247e41-c7fd-404f-b9f4-d5e516c1dd34"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(Path(__file__).with_name("version1.db"), tmp_path / "dev.db"))


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return version


def test_every_older_version_has_a_way_to_this_one() -> None:
    assert list(upgrades.CHAIN) == list(range(1, VERSION))


def test_reading_an_old_state_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    state = read_state(path)
    assert (state.version, state.lineage, state.serial) == (VERSION, LINEAGE, 28)
    assert state.operations["model.churn/train"].driver == "sklearn_train"
    assert state.artifacts["generated/dev/models/churn/README.md"].address == "model.churn"
    assert len(state.resources) == 9
    assert (path.read_bytes(), list(path.parent.iterdir())) == (before, [path])


def test_writing_upgrades_it_and_keeps_the_old_one(path: Path) -> None:
    before, old = path.read_bytes(), read_state(path)
    with opened(path, OWNER) as store:
        state = store.read()
        assert _same(state, old)
        assert (state.project, state.environment) == ("shop", "dev")
        store.put_artifact("a", AppliedArtifact("1", "docker", "model.churn", accepted="absent"))
    assert version_of(path) == VERSION
    assert read_state(path).serial == old.serial + 1
    assert read_state(path).artifacts["a"].accepted == "absent"

    kept = path.with_name("dev.version1.db")
    assert version_of(kept) == 1
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.replace(path)  # going back is putting it in its place
    assert _same(read_state(path), old)
    assert len(before) == path.stat().st_size
    with opened(path, OWNER) as store:
        assert _same(store.read(), old)


def test_of_version_2_nothing_is_known_of_origins(tmp_path: Path) -> None:
    path = Path(shutil.copy(Path(__file__).with_name("version2.db"), tmp_path / "dev.db"))
    old = read_state(path)
    assert (old.version, old.serial, len(old.resources), old.origins) == (VERSION, 28, 9, {})
    assert version_of(path) == 2
    with opened(path, OWNER) as store:
        assert _same(store.read(), old)
        store.put_resource("model.churn", {"a": 1}, {"a": "model/churn.yaml:1:4"})
    assert version_of(path) == VERSION
    assert version_of(path.with_name("dev.version2.db")) == 2
    assert read_state(path).origins == {"model.churn": {"a": "model/churn.yaml:1:4"}}
    assert read_state(path).serial == old.serial + 1


@pytest.mark.parametrize("at", range(14))
def test_stopped_anywhere_it_is_of_one_version_or_the_other(
    path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = read_state(path)
    monkeypatch.setattr(sqlite3, "connect", _stopping(sqlite3.connect, at))
    with pytest.raises(KeyboardInterrupt), opened(path, OWNER):
        raise KeyboardInterrupt  # it was done before the interrupt came
    monkeypatch.undo()
    assert version_of(path) in range(1, VERSION + 1)
    assert _same(read_state(path), old)
    with opened(path, OWNER) as store:
        assert _same(store.read(), old)
        assert store.read().project == "shop"


_CHANGING = ("ALTER", "BEGIN", "COMMIT", "CREATE", "DROP", "INSERT", "PRAGMA user_version =", "UPDATE")


def _stopping(real: Callable[..., sqlite3.Connection], at: int) -> Callable[..., sqlite3.Connection]:
    seen = 0

    class Stopping(sqlite3.Connection):
        def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:
            nonlocal seen
            if sql.startswith(_CHANGING):
                seen += 1
                if seen == at + 1:
                    raise KeyboardInterrupt
            return super().execute(sql, *arguments)  # type: ignore[arg-type]

    def connected(*arguments: object, **named: object) -> sqlite3.Connection:
        return real(*arguments, factory=Stopping, **named)

    return connected


def _same(one: State, other: State) -> bool:
    return (one.lineage, one.serial, one.resources, one.operations, one.artifacts) == (
        other.lineage,
        other.serial,
        other.resources,
        other.operations,
        other.artifacts,
    )
