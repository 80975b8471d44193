"""`mlc registry gc` where the registry says what is to be kept: first what would go and why, then that."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from faults.small import make_project, write
from mlc import data
from mlc.cli.main import run
from mlc.drivers.registry import open_registry, set_alias, versions
from stages.registry.making import cause, put

SPEC = {"type": "filesystem", "path": "kept"}
KEEP = "type: filesystem\npath: kept\nkeep: {last: 1, days: null, promoted_days: 3650}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = make_project(tmp_path / "small")
    write(root, "registry/main.yaml", KEEP)
    for onnx in (b"a", b"b", b"c"):
        put(root, onnx, spec=SPEC)
    set_alias(open_registry(root, SPEC), "churn", "production", 1, expected=None, cause=cause())
    return root


def numbers(root: Path) -> list[int]:
    return [one.entry.number for one in versions(open_registry(root, SPEC), "churn")]


def test_what_would_go_is_said_first_and_done_when_agreed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["-C", str(project), "registry", "gc"]
    assert run([*asked, "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("- churn:2 ")
    assert "it is not among the last 1" in said[0]
    assert any("stays: churn@production points to it" in line for line in said)
    assert numbers(project) == [1, 2, 3]
    assert run(asked) == 1, "nobody can be asked here"
    assert "consent-missing" in capsys.readouterr().err
    assert numbers(project) == [1, 2, 3]
    assert run([*asked, "--yes", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, json.loads(data.path("schemas", "registry-gc.json").read_text()))
    assert [(one["name"], one["number"]) for one in told["going"]] == [("churn", 2)]
    assert len(told["files"]) == 2, "its model and its description; the card is that of the others too"
    assert numbers(project) == [1, 3]
    assert run([*asked, "--yes"]) == 0
    assert run(["-C", str(project), "registry", "verify"]) == 0


def test_what_is_kept_is_no_reason_to_register_again(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The field changes what `gc` may do, and nothing that a plan does."""
    assert run(["-C", str(project), "apply", "--yes"]) == 0
    write(project, "registry/main.yaml", KEEP.replace("last: 1", "last: 5"))
    capsys.readouterr()
    assert run(["-C", str(project), "plan"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].split()[:4] == ["~", "registry.main", "none", "keep.last"]
    assert said[2].startswith("Plan: 0 to add, 1 to change, 0 to destroy")


def test_documents_fit_their_schemas(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "registry/archive.yaml", "type: database\ndatabase: sqlite:///.mlc/all.db\n")
    for name, words in (
        ("registry-lineage", ["lineage", "churn@production"]),
        ("registry-copy", ["copy", "main", "archive"]),
        ("registry-copy", ["copy", "main", "archive", "--dry-run"]),
    ):
        assert run(["-C", str(project), "registry", *words, "--format", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        jsonschema.validate(told, json.loads(data.path("schemas", f"{name}.json").read_text()))


def test_a_destination_that_went_on_is_told_line_by_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "registry/archive.yaml", "type: database\ndatabase: sqlite:///.mlc/all.db\n")
    archive = {"type": "database", "database": "sqlite:///.mlc/all.db"}
    assert run(["-C", str(project), "registry", "copy", "main", "archive"]) == 0
    put(project, b"other", spec=archive)
    put(project, b"ours", spec=SPEC)
    capsys.readouterr()
    assert run(["-C", str(project), "registry", "copy", "main", "archive"]) == 1
    said = capsys.readouterr().err
    assert "churn:4 is another version in the destination" in " ".join(said.split())
    assert run(["-C", str(project), "registry", "copy", "main", "archive", "--verify"]) == 1
