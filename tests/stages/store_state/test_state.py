"""The state of one environment: what is put is there after a crash, and what is no state is left alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mlc.ir.operation import Outcome
from mlc.ir.state import EMPTY, VERSION, AppliedArtifact
from mlc.store.state import StateStore, StateUnreadable, opened, read_state

OUTCOME = Outcome(key="k", driver="files", made_from={}, outputs={"train": "0" * 64})
ARTIFACT = AppliedArtifact(digest="1" * 64, backend="docker", address="deployment.web")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "dev.db"


def connection_of(store: StateStore) -> sqlite3.Connection:
    connection: sqlite3.Connection = store._rows._connection  # type: ignore[attr-defined]
    return connection


def test_reading_makes_nothing(path: Path) -> None:
    assert read_state(path) == EMPTY
    assert not path.parent.exists()


def test_what_is_put_is_there(path: Path) -> None:
    with opened(path) as store:
        store.put_resource("model.churn", {"task": "binary_classification"})
        store.put_operation("model.churn/train", OUTCOME)
        store.put_artifact("a/Dockerfile", ARTIFACT)
        store.remove("resource", "model.churn")
        seen = store.read()
    state = read_state(path)
    assert state == seen
    assert (state.resources, state.operations) == ({}, {"model.churn/train": OUTCOME})
    assert state.artifacts == {"a/Dockerfile": ARTIFACT}
    assert state.serial == 4
    assert state.lineage


def test_it_is_private_and_synced_at_each_commit(path: Path) -> None:
    with opened(path) as store:
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        connection = connection_of(store)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_lineage_stays_and_is_another_one_elsewhere(path: Path, tmp_path: Path) -> None:
    lineages = []
    for file in (path, path, tmp_path / "other.db"):
        with opened(file) as store:
            lineages.append(store.read().lineage)
    assert lineages[0] == lineages[1] != lineages[2]


def test_an_empty_file_is_a_state_that_was_being_made(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert read_state(path) == EMPTY
    with opened(path) as store:
        assert store.read().lineage


def test_a_reader_is_not_in_the_way_of_the_writer(path: Path) -> None:
    with opened(path) as store, closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM state").fetchall()
        store.put_resource("model.churn", {})
        assert read_state(path).serial == 1


def _newer(path: Path) -> None:
    with opened(path):
        pass
    _execute(path, f"PRAGMA user_version = {VERSION + 1}")


def _foreign(path: Path) -> None:
    path.parent.mkdir()
    _execute(path, "CREATE TABLE theirs (it TEXT)")


def _noise(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database " * 500)


def _without_row(path: Path) -> None:
    with opened(path):
        pass
    _execute(path, "DELETE FROM state")


def _execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_newer, "written by a newer mlc"),
        (_foreign, "no state of mlc"),
        (_noise, "cannot be read: file is not a database"),
        (_without_row, "cannot be read"),
    ],
)
def test_what_is_no_state_is_told_and_left_as_it_is(path: Path, make: Any, words: str) -> None:
    """Rule state-unreadable."""
    make(path)
    before = path.read_bytes()
    with pytest.raises(StateUnreadable, match=words):
        read_state(path)
    with pytest.raises(StateUnreadable, match=words), opened(path) as store:
        store.read()
    assert path.read_bytes() == before


def test_a_full_disk_is_an_oserror_and_nothing_is_half_written(path: Path) -> None:
    with opened(path) as store:
        store.put_resource("model.churn", {})
        pages = connection_of(store).execute("PRAGMA page_count").fetchone()[0]
        connection_of(store).execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OSError, match="No space left on device") as caught:
            store.put_resource("model.big", {"text": "x" * 100_000})
        assert caught.value.filename == str(path)
        connection_of(store).execute("PRAGMA max_page_count = 1000000")
        store.put_resource("model.small", {})
    assert list(read_state(path).resources) == ["model.churn", "model.small"]
    assert read_state(path).serial == 2


def test_a_state_that_cannot_be_opened_is_closed_again(path: Path) -> None:
    _noise(path)
    with pytest.raises(StateUnreadable), opened(path):
        pass  # a connection left open would warn, and warnings are errors
