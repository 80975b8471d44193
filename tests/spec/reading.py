"""The chapters of the language reference as sections with examples.

A chapter is a Markdown file of this folder. A heading begins a section, and a section is one test. In it,
a line that is only a file's name in backquotes names the ```yaml block after it. The blocks up to the next
expectations are one example. What is expected of it stands in blocks of these languages; the words after
the language are those of the command line (`env=prod`, overrides, `--input NAME=VALUE`):

    ```diagnostics   the errors and warnings of `mlc validate`, each `file:line:column rule`; none: it is valid.
                     With the word `messages`, what each says stands indented below it.
    ```values        `address.path = JSON`, the value in the environment; `absent` where there is none
    ```columns       what `mlc explain NAME --columns` prints; the first word is the features' address
    ```composed      what `mlc compose config` prints; the files are then a Hydra config directory of their own

The section called `BASE` holds the project that the other examples are laid over.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

FOLDER = Path(__file__).parent
BASE = "The project of the examples"

EXPECTATIONS = ("diagnostics", "values", "columns", "composed")
_NAME = re.compile(r"`([^`\s]+\.yaml)`$")
_FENCE = re.compile(r"(```+)(.*)$")
_HEADING = re.compile(r"(#+) (.+)$")


class Fault(Exception):
    """A chapter is not written as it has to be; the message begins with the place."""


class Expectation(Struct, frozen=True):
    """A block that says what comes out. `first` and `end` are the lines of its content, from 0, `end` not in it."""

    language: str
    words: tuple[str, ...]
    lines: tuple[str, ...]
    file: Path
    first: int
    end: int

    def __str__(self) -> str:
        return f"{self.file.relative_to(FOLDER.parents[1])}:{self.first}"  # the line of the fence, from 1


class Example(Struct, frozen=True):
    """Files, and what is expected of them."""

    files: dict[str, str]
    expectations: tuple[Expectation, ...]


class Section(Struct, frozen=True):
    """What stands under one heading. `id` names its test."""

    id: str
    title: str
    examples: tuple[Example, ...]


class _Block(Struct, frozen=True):
    language: str
    words: tuple[str, ...]
    name: str
    lines: tuple[str, ...]
    first: int
    end: int


def chapters() -> tuple[Path, ...]:
    """The files of the reference, in order."""
    return tuple(sorted(FOLDER.glob("*.md")))


def sections() -> tuple[Section, ...]:
    """Every section that has an example. Raises Fault."""
    return tuple(section for file in chapters() for section in sections_of(file) if section.examples)


def base() -> dict[str, str]:
    """The files of the project that examples are laid over."""
    found = [section for section in sections() if section.title == BASE]
    if len(found) != 1 or len(found[0].examples) != 1:
        raise Fault(f"There must be one section `{BASE}`, with one example.")
    return found[0].examples[0].files


def sections_of(file: Path) -> Iterator[Section]:
    """The sections of one chapter."""
    titles: list[str] = []
    blocks: list[_Block] = []
    for part in _parts(file):
        if isinstance(part, _Block):
            blocks.append(part)
            continue
        if titles:
            yield _section(file, titles, blocks)
        level, title = part
        titles, blocks = [*titles[: level - 1], title], []
    if titles:
        yield _section(file, titles, blocks)


def _section(file: Path, titles: list[str], blocks: list[_Block]) -> Section:
    below = "/".join(_slug(title) for title in titles[1:])
    return Section(f"{file.stem}/{below}", titles[-1], tuple(_examples(file, blocks)))


def _examples(file: Path, blocks: list[_Block]) -> Iterator[Example]:
    files: dict[str, str] = {}
    expectations: list[Expectation] = []
    for block in blocks:
        place = f"{file.name}:{block.first}"
        if block.language == "yaml":
            if expectations:
                yield Example(files, tuple(expectations))
                files, expectations = {}, []
            if not block.name:
                raise Fault(
                    f"{place}: a line with the file's name in backquotes must stand before the block."
                )
            if block.name in files:
                raise Fault(f"{place}: {block.name} stands twice in one example.")
            files[block.name] = "".join(f"{line}\n" for line in block.lines)
        elif block.language in EXPECTATIONS:
            expectations.append(
                Expectation(block.language, block.words, block.lines, file, block.first, block.end)
            )
        else:
            raise Fault(f'{place}: a block is of "yaml", {", ".join(EXPECTATIONS)}, not "{block.language}".')
    if expectations:
        yield Example(files, tuple(expectations))
    elif files:
        raise Fault(f"{file.name}: nothing is expected of {', '.join(files)}.")


def _parts(file: Path) -> Iterator[tuple[int, str] | _Block]:
    """Headings (level and text) and blocks, in order."""
    lines = file.read_text(encoding="utf-8").splitlines()
    name, index = "", 0
    while index < len(lines):
        line = lines[index]
        index += 1
        if heading := _HEADING.match(line):
            yield len(heading[1]), heading[2]
        elif named := _NAME.match(line):
            name = named[1]
            continue
        elif fence := _FENCE.match(line):
            first = index
            while index < len(lines) and lines[index] != fence[1]:
                index += 1
            if index == len(lines):
                raise Fault(f"{file.name}:{first}: the block does not end.")
            language, *words = shlex.split(fence[2]) or [""]
            yield _Block(language, tuple(words), name, tuple(lines[first:index]), first, index)
            index += 1
        elif not line:
            continue  # a name may stand a paragraph above its block
        name = ""


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
