"""What the commands do when something goes wrong that no file can bring about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import mlc.edit
from mlc.cli import _files
from mlc.cli.main import run
from mlc.edit import FormattingFailed


def test_a_file_that_the_formatter_fails_on_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(text: str, file: str, read: object) -> str:
        raise FormattingFailed("a comment would be lost")

    monkeypatch.setattr(mlc.edit, "format_text", fail)
    (tmp_path / "a.yaml").write_text("a:   1\n", encoding="utf-8")
    assert run(["-C", str(tmp_path), "fmt", "a.yaml"]) == 1
    said = capsys.readouterr().err
    assert "error[formatting-failed]" in said
    assert "a comment would be lost" in said
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == "a:   1\n"


def test_several_files_are_written_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of three files cannot take its place: the first is put back, the third never changes."""
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text("old", encoding="utf-8")
    (tmp_path / "a").chmod(0o640)
    renamed: list[str] = []
    rename = os.rename

    def failing(source: str, target: Path) -> None:
        if target.name == "b":
            raise OSError(28, "No space left on device")
        renamed.append(target.name)
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="No space"):
        _files.write(tmp_path, {"a": "new", "b": "new", "c": None, "d": "new"})
    assert renamed == ["a", "a"]  # there and back
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "a": "old",
        "b": "old",
        "c": "old",
    }
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_written_file_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old", encoding="utf-8")
    (tmp_path / "a").chmod(0o600)
    _files.write(tmp_path, {"a": None, "folder/b": "new"})
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "b"]
    assert (tmp_path / "folder/b").stat().st_mode & 0o777 == 0o600


def test_links_out_of_the_project_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("a: 1\n", encoding="utf-8")
    root = tmp_path / "project"
    (root / "env").mkdir(parents=True)
    (root / "env/out.yaml").symlink_to(tmp_path / "outside.yaml")
    (root / "env/in.yaml").write_text("a: 1\n", encoding="utf-8")
    assert _files.config_files(root) == ("env/in.yaml",)
