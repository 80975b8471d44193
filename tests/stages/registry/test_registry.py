"""The hybrid registry: versions, revisions, aliases, and what happens when something breaks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlc.drivers.registry import (
    Cause,
    Registered,
    Registry,
    aliases,
    collect,
    head,
    list_models,
    log,
    open_registry,
    register,
    remove_alias,
    set_alias,
    show,
    stood_at,
    stood_before,
    verify,
    verify_files,
    versions,
)
from mlc.drivers.registry.database import writing
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Entry, LearnedFrom, Metric, Signature

SPEC = {
    "type": "hybrid",
    "database": "sqlite:///.mlc/registry/registry.db",
    "files": ".mlc/registry/files",
}
NOON = "2026-01-01T12:00:00+00:00"


def put(
    root: Path, onnx: bytes, *, name: str = "churn", accuracy: float = 0.9, owner: str = ""
) -> Registered:
    def describe(number: int, digests: dict[str, str]) -> Entry:
        return Entry(
            project="lending",
            name=name,
            number=number,
            digest=digests["onnx"],
            owner=owner,
            task="binary_classification",
            estimator="sklearn.linear_model.LogisticRegression",
            data=LearnedFrom(dataset="loans"),
            signature=Signature(inputs=[], outputs=[]),
            metrics={"accuracy": Metric(value=accuracy, low=accuracy - 0.1, high=accuracy + 0.1)},
            config="0" * 64,
            files=digests,
        )

    return register(open_registry(root, SPEC), name, {"onnx": onnx, "card": b"card"}, describe, NOON)


def cause(at: str = NOON) -> Cause:
    return Cause(environment="prod", deployment="web", at=at)


def rule_of(failed: pytest.ExceptionInfo[StepFailed]) -> str:
    return failed.value.diagnostics[0].rule


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return open_registry(tmp_path, SPEC)


def test_versions_count_per_name(tmp_path: Path) -> None:
    assert [put(tmp_path, onnx).entry.number for onnx in (b"a", b"b", b"c")] == [1, 2, 3]
    assert put(tmp_path, b"a", name="fraud").entry.number == 1
    assert [model.name for model in list_models(tmp_path, SPEC)] == ["churn", "fraud"]
    assert [model.versions for model in list_models(tmp_path, SPEC)] == [3, 1]


def test_the_same_model_again_is_the_same_version(tmp_path: Path, registry: Registry) -> None:
    first, second, other = put(tmp_path, b"a"), put(tmp_path, b"a"), put(tmp_path, b"b")
    assert (first.already, first.revised) == (False, True)
    assert (second.already, second.revised, second.entry) == (True, False, first.entry)
    assert other.entry.number == 2
    assert len(versions(registry, "churn")) == 2
    assert verify(tmp_path, SPEC) == ()


def test_other_metrics_of_the_same_model_are_a_revision(tmp_path: Path, registry: Registry) -> None:
    put(tmp_path, b"a", accuracy=0.9)
    again = put(tmp_path, b"a", accuracy=0.8)
    assert (again.entry.number, again.already, again.revised) == (1, True, True)
    put(tmp_path, b"a", accuracy=0.9)
    (version,) = versions(registry, "churn")
    assert len(version.revisions) == 3
    assert version.revisions[0] == version.revisions[2] != version.revisions[1]
    assert version.entry.metrics["accuracy"].value == 0.9
    older = msgspec.json.decode(registry.files.read(version.revisions[1]), type=Entry)
    assert older.metrics["accuracy"].value == 0.8


def test_an_entry_fits_its_schema_and_holds_no_time(tmp_path: Path, registry: Registry) -> None:
    import jsonschema

    put(tmp_path, b"a")
    (version,) = versions(registry, "churn")
    content = registry.files.read(version.revisions[-1])
    schema = msgspec.json.schema(Entry)
    jsonschema.Draft202012Validator(schema).validate(msgspec.json.decode(content))
    assert NOON.encode() not in content
    assert version.created == NOON
    broken = {**msgspec.json.decode(content), "digest": "../../etc/passwd"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(broken)


def test_a_version_is_named_in_three_ways(tmp_path: Path, registry: Registry) -> None:
    for onnx in (b"a", b"b", b"c"):
        put(tmp_path, onnx)
    set_alias(registry, "churn", "production", 2, expected=None, cause=cause())
    assert show(tmp_path, SPEC, "churn").entry.number == 3
    assert show(tmp_path, SPEC, "churn:1").entry.number == 1
    assert show(tmp_path, SPEC, "churn@production").entry.number == 2
    assert show(tmp_path, SPEC, "churn:2").aliases == ("production",)


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("chrun", 'Did you mean "churn"?'),
        ("churn:9", "no version 9. Its versions are 1."),
        ("churn@prodction", 'Did you mean "production"?'),
        ("churn@", "is written NAME"),
        ("churn:0", "is written NAME"),
        ("../churn", "is written NAME"),
        ("churn'; DROP TABLE models", "is written NAME"),
    ],
)
def test_what_is_not_there_is_said_kindly(
    tmp_path: Path, registry: Registry, reference: str, says: str
) -> None:
    put(tmp_path, b"a")
    set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    with pytest.raises(StepFailed) as failed:
        show(tmp_path, SPEC, reference)
    assert rule_of(failed) == "unknown-version"
    found = failed.value.diagnostics[0]
    assert says in f"{found.detail} {found.help}"


def test_reading_makes_nothing(tmp_path: Path, registry: Registry) -> None:
    assert list_models(tmp_path, SPEC) == ()
    assert not log(registry) + verify(tmp_path, SPEC) + collect(registry)
    assert head(registry) == (0, "0" * 64)
    assert not remove_alias(registry, "churn", "production", expected=1, cause=cause())
    with pytest.raises(StepFailed) as failed:
        show(tmp_path, SPEC, "churn")
    assert "Nothing is registered yet" in failed.value.diagnostics[0].help
    assert list(tmp_path.iterdir()) == []


def test_the_database_is_private_and_syncs_fully(tmp_path: Path, registry: Registry) -> None:
    put(tmp_path, b"a")
    assert registry.database.stat().st_mode & 0o777 == 0o600
    assert registry.files.root.stat().st_mode & 0o777 == 0o700
    with writing(registry.database) as rows:
        assert rows.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
        assert rows.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    with sqlite3.connect(registry.database) as rows:
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
    with writing(registry.database) as rows, sqlite3.connect(registry.database) as reader:
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
    subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(registry.database)], check=False)
    journal = registry.database.with_name("registry.db-journal")
    assert journal.stat().st_size, "there is something to take back"
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)  # nobody may: then it is not overlooked either
        with pytest.raises(StepFailed) as failed:
            list_models(tmp_path, SPEC)
        assert rule_of(failed) == "registry-unreadable"
    assert [one.name for one in list_models(tmp_path, SPEC)] == ["churn"]
    assert verify(tmp_path, SPEC) == ()
    assert not journal.exists()


def test_aliases_move_by_compare_and_swap(tmp_path: Path, registry: Registry) -> None:
    for onnx in (b"a", b"b", b"c"):
        put(tmp_path, onnx)
    assert set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    assert not set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    assert set_alias(registry, "churn", "production", 2, expected=1, cause=cause("2026-02-01T00:00:00+00:00"))
    with pytest.raises(StepFailed) as failed:
        set_alias(registry, "churn", "production", 3, expected=1, cause=cause())
    assert rule_of(failed) == "alias-moved"
    assert aliases(registry, "churn") == {"production": 2}
    with pytest.raises(StepFailed) as failed:
        set_alias(registry, "churn", "production", 4, expected=2, cause=cause())
    assert rule_of(failed) == "unknown-version"
    assert [(line.former, line.number) for line in log(registry, "churn")] == [(None, 1), (1, 2)]
    assert stood_at(registry, "churn", "production", "2026-01-15T00:00:00+00:00") == 1
    assert stood_at(registry, "churn", "production", "2026-03-01T00:00:00+00:00") == 2
    assert stood_at(registry, "churn", "production", "2025-01-01T00:00:00+00:00") is None
    assert stood_before(registry, "churn", "production") == 1
    assert stood_before(registry, "churn", "staging") is None
    assert remove_alias(registry, "churn", "production", expected=2, cause=cause())
    assert aliases(registry, "churn") == {}
    assert log(registry)[-1].number is None
    assert verify(tmp_path, SPEC) == ()


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
    with sqlite3.connect(registry.database) as rows:
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
    with sqlite3.connect(registry.database) as rows, pytest.raises(sqlite3.IntegrityError, match="only adds"):
        rows.execute(verb)
    rows.close()


def test_damaged_files_are_found_and_not_shown(tmp_path: Path, registry: Registry) -> None:
    entry = put(tmp_path, b"a").entry
    path = registry.files.location(entry.files["card"])
    path.chmod(0o600)
    path.write_bytes(b"Card")
    registry.files.remove(entry.digest)
    assert sorted(found.rule for found in verify_files(registry)) == ["content-damaged", "content-missing"]
    (version,) = versions(registry, "churn")
    revision = registry.files.location(version.revisions[-1])
    revision.chmod(0o600)
    revision.write_bytes(revision.read_bytes().replace(b"0.9", b"1.0"))
    with pytest.raises(StepFailed) as failed:
        versions(registry, "churn")
    assert rule_of(failed) == "content-damaged"


def test_collect_removes_only_what_nothing_names(tmp_path: Path, registry: Registry) -> None:
    put(tmp_path, b"a", accuracy=0.9)
    put(tmp_path, b"a", accuracy=0.8)
    orphan = registry.files.put(b"orphan")
    assert collect(registry, pretend=True) == (orphan,)
    assert registry.files.has(orphan)
    assert collect(registry) == (orphan,)
    assert not registry.files.has(orphan)
    assert verify(tmp_path, SPEC) == ()


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
    with sqlite3.connect(registry.database) as rows:
        rows.execute("PRAGMA user_version = 7")
    rows.close()
    for attempt in (lambda: put(tmp_path, b"b"), lambda: list_models(tmp_path, SPEC)):
        with pytest.raises(StepFailed) as failed:
            attempt()
        assert rule_of(failed) == "registry-unreadable"
        assert "a newer mlc wrote it" in failed.value.diagnostics[0].detail


def test_what_is_no_registry_is_left_alone(tmp_path: Path, registry: Registry) -> None:
    registry.database.parent.mkdir(parents=True)
    with sqlite3.connect(registry.database) as rows:
        rows.execute("CREATE TABLE theirs (x)")
    rows.close()
    before = registry.database.read_bytes()
    with pytest.raises(StepFailed) as failed:
        list_models(tmp_path, SPEC)
    assert "not a registry of mlc" in failed.value.diagnostics[0].detail
    registry.database.write_bytes(b"no database at all" * 100)
    for attempt in (lambda: put(tmp_path, b"b"), lambda: list_models(tmp_path, SPEC)):
        with pytest.raises(StepFailed) as failed:
            attempt()
        assert "SQLite cannot use" in failed.value.diagnostics[0].detail
    assert before


def test_a_crash_between_file_and_row_leaves_an_orphan_only(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlc.drivers.registry.hybrid as hybrid

    put(tmp_path, b"a")

    def broken(*_: Any) -> bool:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(hybrid, "_revise", broken)
        with pytest.raises(OSError, match="the disk is gone"):
            put(tmp_path, b"b")
    assert len(versions(registry, "churn")) == 1
    assert len(collect(registry)) == 2  # the model and its entry; the card is the first version's too
    assert put(tmp_path, b"b").entry.number == 2


def test_processes_that_register_the_same_model_get_one_version(tmp_path: Path, registry: Registry) -> None:
    """Eight processes at once, each three models in its own order, from no registry at all."""
    program = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_registry import put
turn = int(sys.argv[1])
sys.stdin.readline()
for step in range(3):
    print(put(Path({str(tmp_path)!r}), b"%d" % ((turn + step) % 3)).entry.number)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(turn)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for turn in range(8)
    ]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    told = [worker.communicate()[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 8
    assert all(sorted(numbers) == ["1", "2", "3"] for numbers in told)
    assert [found.entry.number for found in versions(registry, "churn")] == [1, 2, 3]
    assert all(len(found.revisions) == 1 for found in versions(registry, "churn"))
    assert verify(tmp_path, SPEC) == ()
    assert collect(registry) == ()
