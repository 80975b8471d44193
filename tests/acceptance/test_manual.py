"""The examples of the manual's pages say what the commands say. `MLC_UPDATE=1` writes it anew: read the diff."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from acceptance.script import place, play, prepare
from mlc import data

PAGES = ("plan.md",)
EXAMPLES = {"models-that-depend.md": "wines"}
_FILE = re.compile(r"^`([^`\n]+\.yaml)`\n```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
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


@pytest.mark.parametrize("page", EXAMPLES)
def test_says_what_an_example_shows(page: str) -> None:
    """The same in a copy of an example, of which nothing was applied; and the files are those of the example."""
    file, example = data.path("docs", page), data.path("examples", EXAMPLES[page])
    text = file.read_text(encoding="utf-8")
    with place() as folder:
        prepare(folder / "none", example, folder)
        said = _BLOCK.sub(lambda block: play(_commands(block.group()), folder), text)
    if os.environ.get("MLC_UPDATE") == "1":
        file.write_text(said, encoding="utf-8")
    assert said.splitlines() == text.splitlines() or os.environ.get("MLC_UPDATE") == "1"
    shown = dict(_FILE.findall(text))
    assert shown
    for name, written in shown.items():
        assert (example / name).read_text(encoding="utf-8") == written


def test_says_what_a_backend_of_ones_own_does() -> None:
    """The page of backends of a project's own, in a copy of an example with the files that the page shows over it."""
    file = data.path("docs", "own-backends.md")
    text = file.read_text(encoding="utf-8")
    shown = dict(re.findall(r"^`(backends/[^`\n]+)`\n```[a-z]+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    assert len(shown) == 3
    with place() as folder:
        copy = prepare(folder / "none", data.path("examples", "penguins"), folder)
        for name, content in shown.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(content, encoding="utf-8")
        said = _BLOCK.sub(lambda block: play(_commands(block.group()), folder), text)
    if os.environ.get("MLC_UPDATE") == "1":
        file.write_text(said, encoding="utf-8")
    assert said.splitlines() == text.splitlines() or os.environ.get("MLC_UPDATE") == "1"
    assert _BLOCK.search(text)


def _commands(block: str) -> str:
    return "".join(line.removeprefix("$ ") + "\n" for line in block.splitlines() if line.startswith("$ "))
