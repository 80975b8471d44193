"""What every shape of registry has to do: imported by a test module that says which shapes it has (`shape`)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from mlc.drivers.registry import (
    Registered,
    Registry,
    aliases,
    collect,
    head,
    list_models,
    log,
    open_registry,
    remove_alias,
    set_alias,
    show,
    stood_at,
    stood_before,
    verify,
    verify_files,
    versions,
)
from mlc.drivers.registry.relational import BytesInDatabase
from mlc.drivers.registry.search import search
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Entry, Summary, Version
from mlc.store.catalogue_tables import PREFIX
from stages.registry.making import NOON, cause, put, rule_of


class Shape(NamedTuple):
    """A registry in a project's folder. `overwrite` puts other bytes in the place of a file, behind mlc's back."""

    root: Path
    spec: dict[str, Any]
    overwrite: Callable[[Registry, str, bytes], None]

    def put(self, onnx: bytes, **facts: Any) -> Registered:
        return put(self.root, onnx, spec=self.spec, **facts)

    def show(self, reference: str) -> Version:
        return show(self.root, self.spec, reference)

    def models(self) -> tuple[Summary, ...]:
        return list_models(self.root, self.spec)

    def verify(self) -> tuple[Diagnostic, ...]:
        return verify(self.root, self.spec)

    def damage(self, digest: str, content: bytes) -> None:
        self.overwrite(open_registry(self.root, self.spec), digest, content)


def overwrite_file(registry: Registry, digest: str, content: bytes) -> None:
    """Where the bytes are files of this machine."""
    path = Path(registry.files.place(digest))
    path.chmod(0o600)
    path.write_bytes(content)


def overwrite_row(registry: Registry, digest: str, content: bytes) -> None:
    """Where the bytes are rows of a database."""
    files = registry.files
    assert isinstance(files, BytesInDatabase)
    files.database.changing(
        lambda ask: ask(
            f"UPDATE {PREFIX}pieces SET content = :content WHERE digest = :digest",
            {"content": content, "digest": digest},
        )
    )


OVERWRITING = {"hybrid": overwrite_file, "filesystem": overwrite_file, "database": overwrite_row}


@pytest.fixture
def registry(shape: Shape) -> Registry:
    return open_registry(shape.root, shape.spec)


def test_versions_count_per_name(shape: Shape) -> None:
    assert [shape.put(onnx).entry.number for onnx in (b"a", b"b", b"c")] == [1, 2, 3]
    assert shape.put(b"a", name="fraud").entry.number == 1
    assert [model.name for model in shape.models()] == ["churn", "fraud"]
    assert [model.versions for model in shape.models()] == [3, 1]


def test_the_same_model_again_is_the_same_version(shape: Shape, registry: Registry) -> None:
    first, second, other = shape.put(b"a"), shape.put(b"a"), shape.put(b"b")
    assert (first.already, first.revised) == (False, True)
    assert (second.already, second.revised, second.entry) == (True, False, first.entry)
    assert other.entry.number == 2
    assert len(versions(registry, "churn")) == 2
    assert shape.verify() == ()


def test_other_metrics_of_the_same_model_are_a_revision(shape: Shape, registry: Registry) -> None:
    shape.put(b"a", accuracy=0.9)
    again = shape.put(b"a", accuracy=0.8)
    assert (again.entry.number, again.already, again.revised) == (1, True, True)
    shape.put(b"a", accuracy=0.9)
    (version,) = versions(registry, "churn")
    assert len(version.revisions) == 3
    assert version.revisions[0] == version.revisions[2] != version.revisions[1]
    assert version.entry.metrics["accuracy"].value == 0.9
    older = msgspec.json.decode(registry.files.read(version.revisions[1]), type=Entry)
    assert older.metrics["accuracy"].value == 0.8


def test_an_entry_fits_its_schema_and_holds_no_time(shape: Shape, registry: Registry) -> None:
    import jsonschema

    shape.put(b"a")
    (version,) = versions(registry, "churn")
    content = registry.files.read(version.revisions[-1])
    schema = msgspec.json.schema(Entry)
    jsonschema.Draft202012Validator(schema).validate(msgspec.json.decode(content))
    assert NOON.encode() not in content
    assert version.created == NOON
    broken = {**msgspec.json.decode(content), "digest": "../../etc/passwd"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(broken)


def test_a_version_is_named_in_three_ways(shape: Shape, registry: Registry) -> None:
    for onnx in (b"a", b"b", b"c"):
        shape.put(onnx)
    set_alias(registry, "churn", "production", 2, expected=None, cause=cause())
    assert shape.show("churn").entry.number == 3
    assert shape.show("churn:1").entry.number == 1
    assert shape.show("churn@production").entry.number == 2
    assert shape.show("churn:2").aliases == ("production",)


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
    shape: Shape, registry: Registry, reference: str, says: str
) -> None:
    shape.put(b"a")
    set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    with pytest.raises(StepFailed) as failed:
        shape.show(reference)
    assert rule_of(failed) == "unknown-version"
    found = failed.value.diagnostics[0]
    assert says in f"{found.detail} {found.help}"


def test_reading_makes_nothing(shape: Shape, registry: Registry) -> None:
    assert shape.models() == ()
    assert not log(registry) + shape.verify() + collect(registry, older_than=0)
    assert head(registry) == (0, "0" * 64)
    assert not remove_alias(registry, "churn", "production", expected=1, cause=cause())
    with pytest.raises(StepFailed) as failed:
        shape.show("churn")
    assert "Nothing is registered yet" in failed.value.diagnostics[0].help
    assert list(shape.root.iterdir()) == []


def test_aliases_move_by_compare_and_swap(shape: Shape, registry: Registry) -> None:
    for onnx in (b"a", b"b", b"c"):
        shape.put(onnx)
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
    assert shape.verify() == ()


def test_damaged_files_are_found_and_not_shown(shape: Shape, registry: Registry) -> None:
    entry = shape.put(b"a").entry
    shape.damage(entry.files["card"], b"Card")
    registry.files.remove(entry.digest)
    assert sorted(found.rule for found in verify_files(registry)) == ["content-damaged", "content-missing"]
    (version,) = versions(registry, "churn")
    revision = registry.files.read(version.revisions[-1])
    shape.damage(version.revisions[-1], revision.replace(b"0.9", b"1.0"))
    with pytest.raises(StepFailed) as failed:
        versions(registry, "churn")
    assert rule_of(failed) == "content-damaged"


def test_collect_removes_only_what_nothing_names(shape: Shape, registry: Registry) -> None:
    shape.put(b"a", accuracy=0.9)
    shape.put(b"a", accuracy=0.8)
    orphan = registry.files.put(b"orphan")
    assert collect(registry, pretend=True, older_than=0) == (orphan,)
    assert registry.files.has(orphan)
    assert collect(registry, older_than=0) == (orphan,)
    assert not registry.files.has(orphan)
    assert shape.verify() == ()


def test_processes_that_register_the_same_model_get_one_version(shape: Shape, registry: Registry) -> None:
    """Eight processes at once, each three models in its own order, from no registry at all."""
    program = f"""
import sys
from pathlib import Path
from stages.registry.making import put
turn = int(sys.argv[1])
sys.stdin.readline()
for step in range(3):
    print(put(Path({str(shape.root)!r}), b"%d" % ((turn + step) % 3), spec={shape.spec!r}).entry.number)
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
    assert shape.verify() == ()
    collect(
        registry, older_than=0
    )  # who came second has left an entry, where rows and bytes are in two places
    assert collect(registry, older_than=0) == ()
    assert shape.verify() == ()


def test_versions_are_found_by_what_is_known_of_them(shape: Shape, registry: Registry) -> None:
    assert search(registry, "number > 0") == ()
    shape.put(b"a", accuracy=0.9, owner="risk-ml")
    shape.put(b"b", accuracy=0.7, owner="risk-ml")
    shape.put(b"a", accuracy=0.95, name="fraud")
    set_alias(registry, "churn", "production", 2, expected=None, cause=cause())

    def found(asked: str) -> list[str]:
        return [f"{one.entry.name}:{one.entry.number}" for one in search(registry, asked)]

    assert found("number > 0") == ["churn:1", "churn:2", "fraud:1"]
    assert found('metrics.accuracy.low > 0.75 and owner = "risk-ml"') == ["churn:1"]
    assert found('alias = "production"') == ["churn:2"]
    shape.put(b"a", accuracy=0.5, owner="risk-ml")
    assert found("metrics.accuracy.value >= 0.9") == ["fraud:1"], "the last description is in force"
