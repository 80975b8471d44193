"""What `mlc lsp` says where it cannot serve."""

from __future__ import annotations

import importlib.util
import io
import sys

import pytest

from mlc.cli import lsp
from mlc.cli.main import run


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(lsp, "find_spec", lambda name: None if name == "pygls" else find(name))
    assert run(["lsp"]) == 1
    assert capsys.readouterr().err == "mlc lsp needs pygls, which is not installed: pip install 'mlc[lsp]'\n"


def test_does_not_wait_for_a_person_to_speak_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    assert run(["lsp"]) == 1
    assert "Let your editor start it" in capsys.readouterr().err
