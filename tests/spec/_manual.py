"""The manual of the language, from the chapters of this folder: `python -m spec._manual` writes docs/language.md.

A test holds that this leaves no diff.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mlc import data
from spec import reading

PATH = data.path("docs", "language.md")
_HEAD = """\
# The language

Everything that can be written in a project, and what comes of it. Every example here is run by the tests:
this page is generated from `tests/spec/` by `make generate`. What `mlc validate` finds is shown shortened, the
place and the rule, with the sentences where they matter. `mlc schema KIND` prints every field of a kind, and
[rules.md](rules.md) explains every rule.

"""
_FENCE = re.compile(r"```(diagnostics|values|columns|composed)(?: (.*))?$")


def page() -> str:
    """The whole page, as Markdown: a table of contents, then the chapters in order."""
    texts = [file.read_text(encoding="utf-8") for file in reading.chapters()]
    body = [line for text in texts for line in ("", *_shown(text))]
    return _HEAD + "\n".join(_contents(body)) + "\n" + "\n".join(body) + "\n"


def write(path: Path) -> None:
    path.write_text(page(), encoding="utf-8")


def _shown(text: str) -> Iterator[str]:
    """A chapter, a heading level lower, its expectations as what a terminal shows."""
    lines = iter(text.splitlines())
    for line in lines:
        expectation = _FENCE.match(line)
        if line.startswith("#"):
            yield f"#{line}"
        elif expectation:
            yield from _expected(expectation[1], expectation[2] or "", lines)
        elif line.startswith("```"):
            yield line
            for inside in lines:
                yield inside
                if inside.startswith("```"):
                    break
        else:
            yield line


def _expected(language: str, words: str, lines: Iterator[str]) -> Iterator[str]:
    content = []
    for line in lines:
        if line == "```":
            break
        content.append(line)
    words = f" {words}" if words else ""
    if language == "values":
        yield "```text"
        if words:
            yield f"#{words}"
    elif language == "columns":
        name, _, rest = words.strip().partition(" ")
        yield "```console"
        yield f"$ mlc explain {name} --columns{f' {rest}' if rest else ''}"
    elif language == "composed":
        yield "```console"
        yield f"$ mlc compose config{words}"
    else:
        yield "```console"
        yield f"$ mlc validate{words.removesuffix(' messages')}"
        if not content:
            yield "valid"
    yield from content
    yield "```"


def _contents(body: list[str]) -> Iterator[str]:
    """Links to the chapters and to their sections, by the anchors that a Markdown page gives its headings."""
    seen: dict[str, int] = {}
    inside = False
    for line in body:
        inside ^= line.startswith("```")
        heading = re.match(r"(##+) (.+)$", line)
        if heading is None or inside:
            continue
        anchor = re.sub(r"[^\w\- ]", "", heading[2].lower()).replace(" ", "-")
        again = seen.get(anchor, 0)
        seen[anchor] = again + 1
        if len(heading[1]) <= 3:
            yield f"{'  ' * (len(heading[1]) - 2)}- [{heading[2]}](#{anchor}{f'-{again}' if again else ''})"


if __name__ == "__main__":
    write(PATH)
