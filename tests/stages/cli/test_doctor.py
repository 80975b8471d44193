"""`mlc doctor` and `mlc render --verify`: what is installed, and what official checkers say."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from mlc import data
from mlc.cli.main import run

LENDING = str(data.path("examples", "lending"))


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    """The JSON of a command, which its schema describes."""
    assert run([*words, "--format", "json"]) == code
    found: dict[str, Any] = msgspec.json.decode(capsys.readouterr().out)
    name = "doctor" if "doctor" in words else "render"
    jsonschema.validate(found, msgspec.json.decode(data.path("schemas", f"{name}.json").read_bytes()))
    return found


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any program beside Python's own folder, which is empty."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def test_what_is_installed_and_in_which_version(capsys: pytest.CaptureFixture[str]) -> None:
    found = {(one["group"], one["name"]): one for one in said(capsys, "doctor")["found"]}
    assert found["package", "lightgbm"]["version"] == version("lightgbm")
    assert found["checker", "zizmor"]["version"] == version("zizmor")
    assert found["checker", "json-schema"]["version"] == version("check-jsonschema")
    assert found["checker", "hadolint"]["what_for"] == "artifacts of docker"
    assert ("platform", "kubectl") in found
    assert all(one["get"] and one["what_for"] for one in found.values())


def test_what_is_missing_and_how_to_get_it(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(bare, "hadolint", "echo 'Haskell Dockerfile Linter 9.8.7'")
    program(bare, "docker", "echo nothing to tell; exit 3")
    found = {one["name"]: one["version"] for one in said(capsys, "doctor")["found"]}
    assert (found["hadolint"], found["docker"]) == ("9.8.7", "unknown")
    assert found["zizmor"] == found["actionlint"] == found["kubectl"] == ""
    assert run(["doctor"]) == 0
    told = capsys.readouterr().out
    (line,) = [line for line in told.splitlines() if " zizmor " in line]
    assert line.startswith("○ checker")
    assert line.endswith("artifacts of github_actions  (pip install zizmor)")


def test_artifacts_are_verified(capsys: pytest.CaptureFixture[str]) -> None:
    artifacts = said(capsys, "-C", LENDING, "render", "--verify")["artifacts"]
    checks = {one["path"]: one["checks"] for one in artifacts}
    (workflow,) = [path for path in checks if path.startswith(".github/workflows/")]
    assert [(one["checker"], one["outcome"]) for one in checks[workflow]] == [
        ("actionlint", "ok"),
        ("zizmor", "ok"),
        ("json-schema vendor.github-workflows", "ok"),
    ]
    assert all("checks" not in one for one in said(capsys, "-C", LENDING, "render")["artifacts"])


def test_a_rejection_is_told_with_what_was_found(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(bare, "hadolint", 'echo "$4:4 DL3000 Use absolute WORKDIR"; exit 1')
    program(bare, "actionlint", "exit 0")
    artifacts = said(capsys, "-C", LENDING, "render", "--verify", code=1)["artifacts"]
    outcomes = {
        (check["checker"].partition(" ")[0], check["outcome"]) for one in artifacts for check in one["checks"]
    }
    assert {("actionlint", "ok"), ("zizmor", "skipped"), ("hadolint", "rejected")} <= outcomes
    (origins,) = {
        tuple(place["file"] for place in check["origins"][0])
        for one in artifacts
        for check in one["checks"]
        if check["checker"] == "hadolint"
    }
    assert origins == ("deployment/risk_container.yaml",)
    assert run(["-C", LENDING, "render", "--verify"]) == 1
    told = capsys.readouterr()
    assert "      from deployment/risk_container.yaml:1:1\n" in told.out
    assert "  rejected  hadolint\n" in told.out
    assert "DL3000 Use absolute WORKDIR" in told.out
    assert "  skipped  zizmor\n    Not checked: zizmor is not installed.\n" in told.out
    assert " rejected" in told.err
