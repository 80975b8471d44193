"""A registry in readable folders: what people see in it, and what happens when something breaks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlc.drivers.registry import (
    Registry,
    aliases,
    collect,
    list_models,
    log,
    open_registry,
    set_alias,
    verify,
    versions,
)
from mlc.ir.operation import StepFailed
from stages.registry.making import SPECS, cause, put, rule_of

SPEC = SPECS["filesystem"]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    for onnx in (b"a", b"b"):
        put(tmp_path, onnx, spec=SPEC)
    registry = open_registry(tmp_path, SPEC)
    set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    set_alias(registry, "churn", "production", 2, expected=1, cause=cause())
    return registry


def test_people_can_read_it(tmp_path: Path, registry: Registry) -> None:
    root = tmp_path / "registry"
    first = root / "models/churn/versions/1"
    assert sorted(path.name for path in first.iterdir()) == [
        "1.json",
        "card",
        "entry",
        "onnx",
        "version.json",
    ]
    assert (first / "onnx").read_bytes() == b"a"
    assert json.loads((first / "entry").read_bytes())["metrics"]["accuracy"]["value"] == 0.9
    assert json.loads((root / "models/churn/aliases/production.json").read_bytes())["number"] == 2
    assert len((root / "log.jsonl").read_text().splitlines()) == 2
    assert versions(registry, "churn")[0].aliases == ()


def test_a_line_that_was_cut_off_was_never_said(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "registry/log.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[0][:40])
    assert len(log(registry)) == 2
    assert verify(tmp_path, SPEC) == ()
    set_alias(registry, "churn", "production", 1, expected=2, cause=cause())
    assert [line.number for line in log(registry)] == [1, 2, 1]
    assert verify(tmp_path, SPEC) == ()


def test_an_alias_whose_writer_was_killed_stands_where_the_log_says(
    tmp_path: Path, registry: Registry
) -> None:
    path = tmp_path / "registry/models/churn/aliases/production.json"
    path.unlink()
    assert aliases(registry, "churn") == {"production": 2}
    assert verify(tmp_path, SPEC) == ()
    put(tmp_path, b"c", spec=SPEC)
    assert path.exists(), "who writes next makes up for it"


def test_a_version_that_was_not_indexed_is_found_by_its_digest(tmp_path: Path, registry: Registry) -> None:
    folder = tmp_path / "registry/models/churn"
    entry = versions(registry, "churn")[-1].entry
    (folder / "digests" / entry.digest).unlink()
    (folder / "latest").write_text("1\n")
    assert put(tmp_path, b"b", spec=SPEC).already
    assert put(tmp_path, b"c", spec=SPEC).entry.number == 3
    assert put(tmp_path, b"b", spec=SPEC).already
    (folder / "latest").write_text("900\n")
    assert put(tmp_path, b"d", spec=SPEC).entry.number == 4, "a hint that is wrong is none"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"number":2,', '"number":3,', "it was changed"),
        ('"sequence":2', '"sequence":7', "Line 2"),
    ],
)
def test_a_forged_log_shows(tmp_path: Path, registry: Registry, before: str, after: str, says: str) -> None:
    path = tmp_path / "registry/log.jsonl"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    found = verify(tmp_path, SPEC)
    assert {one.rule for one in found} == {"promotion-log-broken"}
    assert says in found[0].detail
    path.write_text("".join(text.splitlines(keepends=True)[:1]))
    assert aliases(registry, "churn") == {"production": 1}, "the log decides"


def test_an_alias_that_was_moved_by_hand_shows(tmp_path: Path, registry: Registry) -> None:
    put(tmp_path, b"a", name="fraud", spec=SPEC)
    set_alias(registry, "fraud", "production", 1, expected=None, cause=cause())
    path = tmp_path / "registry/models/churn/aliases/production.json"
    path.write_text(path.read_text().replace('"number": 2', '"number": 1'))
    (found,) = verify(tmp_path, SPEC)
    assert found.rule == "promotion-log-broken"
    assert "moved past the log" in found.detail


@pytest.mark.parametrize(
    "file", ["log.jsonl", "models/churn/versions/1/1.json", "models/churn/aliases/production.json"]
)
def test_what_cannot_be_understood_is_said(tmp_path: Path, registry: Registry, file: str) -> None:
    put(tmp_path, b"a", name="fraud", spec=SPEC)
    set_alias(registry, "fraud", "production", 1, expected=None, cause=cause())
    path = tmp_path / "registry" / file
    path.write_text("{not what it was\n")
    with pytest.raises(StepFailed) as failed:
        for _ in versions(registry, "churn"), aliases(registry, "churn"), log(registry):
            pass
    assert rule_of(failed) == "registry-unreadable"
    assert str(path) in failed.value.diagnostics[0].detail


@pytest.mark.parametrize("place", [".mlc-tmp-2", ".mlc-tmp-3", "versions/.mlc-tmp-3"])
def test_a_folder_that_was_half_made_is_none(tmp_path: Path, registry: Registry, place: str) -> None:
    (tmp_path / "registry/models/churn/.mlc-tmp-00ff").write_text("half a hint, of an earlier mlc")
    half = tmp_path / "registry/models/churn" / place
    half.mkdir()
    (half / "version.json").write_text("{")
    assert len(versions(registry, "churn")) == 2
    put(tmp_path, b"c", spec=SPEC)
    assert not half.exists()
    assert not list((tmp_path / "registry/models/churn").glob(".mlc-tmp-*"))
    assert collect(registry) == ()
    assert list_models(tmp_path, SPEC)[0].versions == 3


def test_it_may_be_read_where_nobody_may_write(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    for name in ("mkdir", "rename"):
        monkeypatch.setattr(f"os.{name}", refuse)
    assert len(versions(registry, "churn")) == 2
    with pytest.raises(StepFailed) as failed:
        set_alias(registry, "churn", "production", 1, expected=2, cause=cause())
    assert rule_of(failed) == "registry-unreadable"
