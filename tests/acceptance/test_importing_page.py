"""docs/importing.md: the files that it shows are laid down, and the commands say what it says."""

from __future__ import annotations

import os
import re

from acceptance.script import place, play, prepare
from mlc import data

PAGE = data.path("docs", "importing.md")
_FILE = re.compile(r"^`([^`\n]+\.yaml)`\n```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def test_says_what_the_page_shows() -> None:
    text = PAGE.read_text(encoding="utf-8")
    with place() as folder:
        copy = prepare(folder / "none", None, folder)
        for name, written in _FILE.findall(text):
            (copy / name).write_text(written, encoding="utf-8")
        said = _BLOCK.sub(lambda block: play(_commands(block.group()), folder), text)
    if os.environ.get("MLC_UPDATE") == "1":
        PAGE.write_text(said, encoding="utf-8")
    assert said.splitlines() == text.splitlines() or os.environ.get("MLC_UPDATE") == "1"
    assert _BLOCK.search(text)


def _commands(block: str) -> str:
    return "".join(line.removeprefix("$ ") + "\n" for line in block.splitlines() if line.startswith("$ "))
