"""How the words of a command line find their command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.script import environment
from mlc.cli import main
from rules.project import lay


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = lay(tmp_path / "shop", {"registry/main.yaml": "type: hybrid\n"})
    monkeypatch.chdir(tmp_path)
    return root


def test_every_command_says_what_it_does_and_takes_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in main.commands():
        with pytest.raises(SystemExit) as exit_:
            main.run([name, "--help"])
        assert exit_.value.code == 0
        said = capsys.readouterr().out
        assert said.startswith(f"usage: mlc {name}")
        assert "everywhere:" in said
    assert main.run(["--help"]) == 0
    overview = capsys.readouterr().out
    assert all(f"\n  {name} " in overview for name in main.commands())


def test_help_before_a_command_is_help_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.run(["help", "plan"])
    assert capsys.readouterr().out.startswith("usage: mlc plan")
    assert main.run(["help"]) == 0
    assert capsys.readouterr().out.startswith("usage: mlc COMMAND")


@pytest.mark.parametrize(
    "words", [["-C", "shop", "validate"], ["validate", "-C", "shop"], ["-q", "-C", "shop", "validate"]]
)
def test_options_stand_before_or_after_the_command(
    words: list[str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(words) == 0
    assert capsys.readouterr().err == ""


def test_a_folder_may_be_called_like_a_command(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project.rename("registry")
    assert main.run(["-C", "registry", "validate"]) == 0
    assert main.run(["-C", "registry", "registry", "list"]) == 0
    assert main.run(["validate", "-C", "registry/registry"]) == 0
    assert "Nothing is registered yet." in capsys.readouterr().err


def test_a_usage_error_is_1_and_says_which_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["validate", "--frobnicate"]) == 1
    assert "--frobnicate" in capsys.readouterr().err
    assert main.run(["paln"]) == 1
    assert 'Did you mean "plan"?' in capsys.readouterr().err
    assert main.run([]) == 1


def test_a_fault_of_ours_is_said_to_be_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlc import pipeline

    def broken(_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(pipeline, "validate", broken)
    assert main.run(["-C", "shop", "validate"]) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "mistake in mlc" in said
    assert "Traceback" not in said
    monkeypatch.setenv("MLC_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main.run(["-C", "shop", "validate"])


def test_an_interrupt_is_130(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlc import pipeline

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "validate", interrupted)
    assert main.run(["-C", "shop", "validate"]) == 130


def test_a_reader_that_has_seen_enough_is_no_error(project: Path, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mlc.cli.main", "-C", str(project), "graph", "--format", "json"],
        stdout=write,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("variables", "words", "coloured"),
    [
        ({}, [], False),  # a pipe is no terminal
        ({}, ["--color", "always"], True),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),  # what is asked for now counts for more
        ({"NO_COLOR": "1"}, [], False),
        ({}, ["--color", "never"], False),
    ],
)
def test_colours(
    variables: dict[str, str],
    words: list[str],
    coloured: bool,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main.run(["-C", "shop", "validate", *words]) == 0
    assert ("\x1b[" in capsys.readouterr().out) == coloured
