"""The embedded registry, an SQLite database: what happens when something breaks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlc.drivers.registry import (
    Registry,
    collect,
    list_models,
    open_registry,
    register,
    set_alias,
    show,
    verify,
    versions,
)
from mlc.drivers.registry.database import InSQLite, writing
from mlc.drivers.registry.files import InFolder
from mlc.drivers.registry.rows import Rows
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Entry
from stages.registry.making import NOON, SPEC, SPECS, cause, described, put, rule_of


def database_of(registry: Registry) -> Path:
    assert isinstance(registry.catalogue, InSQLite)
    return registry.catalogue.path


def folder_of(registry: Registry) -> InFolder:
    assert isinstance(registry.files, InFolder)
    return registry.files


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return open_registry(tmp_path, SPEC)


def test_the_database_is_private_and_syncs_fully(tmp_path: Path, registry: Registry) -> None:
    put(tmp_path, b"a")
    assert database_of(registry).stat().st_mode & 0o777 == 0o600
    assert folder_of(registry).root.stat().st_mode & 0o777 == 0o700
    with writing(database_of(registry)) as rows:
        assert rows.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
        assert rows.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    with sqlite3.connect(database_of(registry)) as rows:
        assert rows.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        for table in ("models", "versions", "revisions", "files"):
            with pytest.raises(sqlite3.IntegrityError, match="only adds"):
                rows.execute(f"DELETE FROM {table}")
    rows.close()


def test_a_read_only_registry_is_read(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, b"a")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert show(tmp_path, SPEC, "churn").entry.number == 1
    with writing(database_of(registry)) as rows, sqlite3.connect(database_of(registry)) as reader:
        reader.execute("SELECT * FROM models").fetchall()  # keeps the log from being folded in at the end
        rows.execute("INSERT INTO versions VALUES ('churn', 2, 'b', ?)", (NOON,))
        rows.execute("INSERT INTO revisions SELECT name, 2, revision, entry, created FROM revisions")
        rows.execute("COMMIT")
        rows.execute("BEGIN")
        assert len(versions(registry, "churn")) == 2, "what is in the log only is seen too"
    reader.close()


KILLED_WHILE_WRITING = """
import os, sqlite3, sys
rows = sqlite3.connect(sys.argv[1], isolation_level=None)
rows.execute("PRAGMA journal_mode = DELETE")
rows.execute("PRAGMA cache_size = 1")
rows.execute("BEGIN")
rows.executemany("INSERT INTO models VALUES (?)", ((f"half {number:0500}",) for number in range(500)))
os._exit(9)
"""


def test_what_a_killed_process_left_half_written_is_taken_back_by_who_reads(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, b"a")
    subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(database_of(registry))], check=False)
    journal = database_of(registry).with_name("registry.db-journal")
    assert journal.stat().st_size, "there is something to take back"
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)  # nobody may: then it is not overlooked either
        with pytest.raises(StepFailed) as failed:
            list_models(tmp_path, SPEC)
        assert rule_of(failed) == "registry-unreadable"
    assert [one.name for one in list_models(tmp_path, SPEC)] == ["churn"]
    assert verify(tmp_path, SPEC) == ()
    assert not journal.exists()


@pytest.mark.parametrize(
    ("forgery", "says"),
    [
        ("UPDATE promotions SET number = 3 WHERE sequence = 2", "it was changed"),
        ("UPDATE promotions SET at = '2020' WHERE sequence = 1", "it was changed"),
        ("UPDATE promotions SET digest = previous WHERE sequence = 2", "Line 2"),
        ("DELETE FROM promotions WHERE sequence = 2", "Line 2 of the promotion log is missing"),
        ("DELETE FROM promotions WHERE sequence = 3", "cut off"),
        ("UPDATE aliases SET number = 2", "moved past the log"),
        ("DELETE FROM aliases", "does not exist"),
    ],
)
def test_a_forged_log_shows(tmp_path: Path, registry: Registry, forgery: str, says: str) -> None:
    for number, onnx in enumerate((b"a", b"b", b"c"), start=1):
        put(tmp_path, onnx)
        set_alias(registry, "churn", "production", number, expected=number - 1 or None, cause=cause())
    assert verify(tmp_path, SPEC) == ()
    with sqlite3.connect(database_of(registry)) as rows:
        rows.execute("DROP TRIGGER promotions_update")
        rows.execute("DROP TRIGGER promotions_delete")
        assert rows.execute(forgery).rowcount == 1
    rows.close()
    (found,) = verify(tmp_path, SPEC)
    assert found.rule == "promotion-log-broken"
    assert says in found.detail


@pytest.mark.parametrize("verb", ["UPDATE promotions SET number = 1", "DELETE FROM promotions"])
def test_the_log_only_grows(tmp_path: Path, registry: Registry, verb: str) -> None:
    put(tmp_path, b"a")
    set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    with (
        sqlite3.connect(database_of(registry)) as rows,
        pytest.raises(sqlite3.IntegrityError, match="only adds"),
    ):
        rows.execute(verb)
    rows.close()


@pytest.mark.parametrize(
    "field",
    [
        {"database": "sqlite:///../registry.db"},
        {"database": "sqlite:////tmp/registry.db"},
        {"database": "sqlite:///"},
        {"database": "sqlite:///link/registry.db"},
        {"files": "../files"},
        {"files": "/tmp/files"},
        {"files": "link"},
        {"files": "."},
    ],
)
def test_a_registry_lies_within_the_project(
    tmp_path_factory: pytest.TempPathFactory, field: dict[str, str]
) -> None:
    root, outside = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("outside")
    (root / "link").symlink_to(outside)
    with pytest.raises(StepFailed) as failed:
        open_registry(root, {**SPEC, **field})
    assert rule_of(failed) == "path-outside-project"


def test_a_newer_registry_is_left_alone(tmp_path: Path, registry: Registry) -> None:
    put(tmp_path, b"a")
    with sqlite3.connect(database_of(registry)) as rows:
        rows.execute("PRAGMA user_version = 7")
    rows.close()
    for attempt in (lambda: put(tmp_path, b"b"), lambda: list_models(tmp_path, SPEC)):
        with pytest.raises(StepFailed) as failed:
            attempt()
        assert rule_of(failed) == "registry-unreadable"
        assert "a newer mlc wrote it" in failed.value.diagnostics[0].detail


def test_what_is_no_registry_is_left_alone(tmp_path: Path, registry: Registry) -> None:
    database_of(registry).parent.mkdir(parents=True)
    with sqlite3.connect(database_of(registry)) as rows:
        rows.execute("CREATE TABLE theirs (x)")
    rows.close()
    before = database_of(registry).read_bytes()
    with pytest.raises(StepFailed) as failed:
        list_models(tmp_path, SPEC)
    assert "not a registry of mlc" in failed.value.diagnostics[0].detail
    database_of(registry).write_bytes(b"no database at all" * 100)
    for attempt in (lambda: put(tmp_path, b"b"), lambda: list_models(tmp_path, SPEC)):
        with pytest.raises(StepFailed) as failed:
            attempt()
        assert "SQLite cannot use" in failed.value.diagnostics[0].detail
    assert before


def test_a_crash_between_file_and_row_leaves_an_orphan_only(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, b"a")

    def broken(*_: Any) -> bool:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Rows, "_add_revision", broken)
        with pytest.raises(OSError, match="the disk is gone"):
            put(tmp_path, b"b")
    assert len(versions(registry, "churn")) == 1
    assert len(collect(registry)) == 2  # the model and its entry; the card is the first version's too
    assert put(tmp_path, b"b").entry.number == 2


@pytest.mark.parametrize(
    "shape", ["hybrid", "filesystem"]
)  # a database keeps descriptions in the change itself
def test_who_comes_first_has_the_number_that_was_expected(tmp_path: Path, shape: str) -> None:
    """Somebody registers between the keeping of the files, the description among them, and the change."""
    spec = SPECS[shape]
    put(tmp_path, b"a", spec=spec)
    told = described()
    asked: list[int] = []

    def describe(number: int, digests: dict[str, str]) -> Entry:
        if not asked:
            put(tmp_path, b"first", spec=spec)
        asked.append(number)
        return told(number, digests)

    registry = open_registry(tmp_path, spec)
    done = register(registry, "churn", {"onnx": b"second"}, describe, NOON)
    assert done.entry.number == 3
    assert [one.entry.number for one in versions(registry, "churn")] == [1, 2, 3]
    assert verify(tmp_path, spec) == ()
    again = register(registry, "churn", {"onnx": b"second"}, told, NOON)
    assert (again.already, again.revised, again.entry.number) == (True, False, 3)
    collect(registry)
    assert verify(tmp_path, spec) == ()
    assert collect(registry, older_than=0.0) == ()
