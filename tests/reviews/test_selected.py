"""`mlc diff --select` and `--exclude`: what was chosen, and a note on what was left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlc.cli.main import run
from reviews import repository

REQUESTS = Path(__file__).parent / "requests"


def proposed(tmp_path: Path, name: str) -> Path:
    shop = repository.made(tmp_path / "repository")
    return repository.proposed(shop, REQUESTS / name / "script", tmp_path / "copy")


def asked(copy: Path, *words: str) -> int:
    return run(["-C", str(copy / repository.FOLDER), "diff", "main...proposal", *words])


def found(copy: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert asked(copy, "--format", "json", *words) == 0
    review: dict[str, Any] = json.loads(capsys.readouterr().out)
    return review


def addresses(review: dict[str, Any]) -> set[str]:
    return {one["address"] for one in review["resources"]}


def test_a_shared_layer_for_one_team(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = proposed(tmp_path, "shared_layer")
    whole = found(copy, capsys)
    review = found(copy, capsys, "--select", "model.churn+")
    assert addresses(review) == {"model.churn", "deployment.churn_online"}
    assert review["resources"] == [one for one in whole["resources"] if "churn" in one["address"]]
    assert review["notes"] == [
        "4 affected resources left out by --select: model.upsell, model.winback, deployment.upsell_online and "
        "deployment.winback_online."
    ]
    assert addresses(found(copy, capsys, "--exclude", "model")) == {
        "deployment.churn_online",
        "deployment.upsell_online",
        "deployment.winback_online",
    }
    assert asked(copy, "--select", "model.churn", "--exclude", "model.churn", "--detailed-exitcode") == 0
    assert "Diff: nothing differs · 0 resources alike" in capsys.readouterr().out
    assert asked(copy, "--select", "model.churn", "--detailed-exitcode") == 2
    assert "left out by --select" in capsys.readouterr().out


def test_what_differs_itself_and_what_follows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = proposed(tmp_path, "shared_layer")
    modified = found(copy, capsys, "--select", "state:modified")
    assert {address.partition(".")[0] for address in addresses(modified)} == {"model"}
    assert addresses(found(copy, capsys, "--select", "state:modified+")) == addresses(found(copy, capsys))


def test_what_is_removed_can_be_selected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = proposed(tmp_path, "deletion")
    removed = {one["address"] for one in found(copy, capsys)["resources"] if one["action"] == "removed"}
    assert removed
    assert addresses(found(copy, capsys, "--select", "state:removed")) == removed
    for address in removed:
        assert addresses(found(copy, capsys, "--select", address)) == {address}


def test_a_loosened_gate_is_shown_to_whom_it_concerns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = proposed(tmp_path, "loosened_gate")
    whole = found(copy, capsys)["guards"]
    assert {one["address"] for one in whole} > {"gate.quality"}
    for guard in found(copy, capsys, "--select", "model.winback")["guards"]:
        assert guard in whole
        assert "model.winback" in (guard["address"], *guard["concerns"])


def test_a_name_that_neither_revision_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = proposed(tmp_path, "deletion")
    assert asked(copy, "--select", "model.chrun") == 1
    told = capsys.readouterr().err
    assert "error[bad-selection]" in told
    assert "1 | model.chrun" in told
    assert 'Did you mean "model.churn"?' in told
    assert asked(copy, "--select", "sate:new") == 1
    assert "error[bad-selection]" in capsys.readouterr().err
