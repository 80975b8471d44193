"""The examples of the manual's pages say what the commands say. `MLC_UPDATE=1` writes it anew: read the diff."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from acceptance.script import place, play, prepare
from mlc import data

PAGES = ("plan.md",)
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_says_what_the_page_shows(page: str, applied: Path) -> None:
    """All blocks of a page are one session in a copy of the applied project."""
    file = data.path("docs", page)
    text = file.read_text(encoding="utf-8")
    with place() as folder:
        prepare(folder / "none", applied, folder)
        said = _BLOCK.sub(lambda block: play(_commands(block.group()), folder), text)
    if os.environ.get("MLC_UPDATE") == "1":
        file.write_text(said, encoding="utf-8")
    assert said.splitlines() == text.splitlines() or os.environ.get("MLC_UPDATE") == "1"
    assert _BLOCK.search(text)


def _commands(block: str) -> str:
    return "".join(line.removeprefix("$ ") + "\n" for line in block.splitlines() if line.startswith("$ "))
