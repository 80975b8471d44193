"""The language reference is true: every example in it gives what stands below it.

`MLC_UPDATE=1` rewrites what is expected, and the manual; read the diff, and run again without it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mlc import inquiry, load, modules, pipeline
from mlc.compose import hydra, interpolate
from mlc.compose.source import Source
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.node import plain
from mlc.report import columns_text
from mlc.report import yaml as report
from mlc.report.terminal import Paint
from mlc.request import Request, request
from spec import _manual, reading
from spec.reading import Example, Expectation, Section
from stages.compose import oracle

UPDATE = os.environ.get("MLC_UPDATE") == "1"
SECTIONS = reading.sections()
BASE = reading.base()


@pytest.fixture(scope="module")
def rewritten() -> Iterator[list[tuple[Expectation, list[str]]]]:
    """What to write into the chapters when all has been run: from the end, so that lines above stay in place."""
    changed: list[tuple[Expectation, list[str]]] = []
    yield changed
    for expectation, actual in sorted(changed, key=lambda each: each[0].first, reverse=True):
        lines = expectation.file.read_text(encoding="utf-8").splitlines()
        lines[expectation.first : expectation.end] = actual
        expectation.file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if UPDATE:
        _manual.write(_manual.PATH)


@pytest.mark.parametrize("section", [pytest.param(section, id=section.id) for section in SECTIONS])
def test_section(section: Section, rewritten: list[tuple[Expectation, list[str]]]) -> None:
    wrong = []
    changed: list[tuple[Expectation, list[str]]] = []
    for example in section.examples:
        for expectation in example.expectations:
            actual = list(ACTUAL[expectation.language](example, expectation))
            if actual != list(expectation.lines):
                changed.append((expectation, actual))
                wrong.append(_difference(expectation, actual))
    if UPDATE:
        rewritten.extend(changed)
    elif wrong:
        pytest.fail("\n\n".join(wrong), pytrace=False)


def test_every_section_is_a_test_of_its_own() -> None:
    names = [section.id for section in SECTIONS]
    assert len(set(names)) == len(names)


def test_every_kind_has_a_section_with_a_good_example_and_two_mistakes() -> None:
    kinds = {section.title: section for section in SECTIONS if section.id.startswith("06-")}
    for kind in pipeline.LANGUAGE.kinds:
        shown = [
            expectation.lines
            for example in kinds[kind].examples
            for expectation in example.expectations
            if expectation.language == "diagnostics"
        ]
        assert () in shown, f"{kind}: no example is valid"
        assert len([lines for lines in shown if lines]) >= 2, f"{kind}: two mistakes are wanted"


def test_the_manual_is_made_from_the_chapters() -> None:
    assert _manual.PATH.read_text(encoding="utf-8") == _manual.page(), "run `make generate`"


def test_the_contents_of_the_manual_lead_to_its_headings() -> None:
    tokens = MarkdownIt().parse(_manual.page())
    inline = [(before, token) for before, token in pairwise(tokens) if token.type == "inline"]
    titles = [_text(token) for before, token in inline if before.tag in ("h2", "h3")]
    links = [
        (str(child.attrs["href"]), _text(token))
        for _, token in inline
        for child in token.children or ()
        if child.type == "link_open" and str(child.attrs["href"]).startswith("#")
    ]
    assert [title for _, title in links] == titles
    assert len({anchor for anchor, _ in links}) == len(links)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# A\n## B\n```yaml\na: 1\n```\n```diagnostics\n```\n", "a line with the file's name"),
        ("# A\n## B\n`a.yaml`\n```yaml\na: 1\n```\n", "nothing is expected of a.yaml"),
        ("# A\n## B\n`a.yaml`\n```yaml\na: 1\n", "the block does not end"),
        ("# A\n## B\n```json\n```\n", 'not "json"'),
        ("# A\n## B\n`a.yaml`\n```yaml\n```\n`a.yaml`\n```yaml\n```\n```diagnostics\n```\n", "stands twice"),
    ],
)
def test_a_chapter_that_tests_nothing_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "chapter.md"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(reading.Fault, match=problem):
        list(reading.sections_of(file))


def test_a_wrong_expectation_is_told_with_its_line() -> None:
    first = SECTIONS[0].examples[0].expectations[0]
    told = _difference(first, ["mlc.yaml:1:1 unknown-key"])
    assert told.startswith(f"tests/spec/{first.file.name}:{first.first}: ")
    assert "+ mlc.yaml:1:1 unknown-key" in told


def _text(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


def _diagnostics(example: Example, expectation: Expectation) -> Iterator[str]:
    words = [word for word in expectation.words if word != "messages"]
    asked = _request(words)
    found = pipeline.validate(asked, _source(example)).diagnostics
    yield from _told(found, messages="messages" in expectation.words)


def _values(example: Example, expectation: Expectation) -> Iterator[str]:
    validated = pipeline.validate(_request(expectation.words), _source(example))
    if has_errors(validated.diagnostics):
        yield from _told(validated.diagnostics, messages=True)
        return
    (document,) = validated.composed.documents.values()
    for line in expectation.lines:
        address = line.partition(" = ")[0]
        node = document.root
        keys = [int(key) if key.isdigit() else key for key in address.split(".")]
        found = node.at(tuple(keys))
        yield f"{address} = {'absent' if found is None else json.dumps(plain(found), ensure_ascii=False)}"


def _columns(example: Example, expectation: Expectation) -> Iterator[str]:
    name, *words = expectation.words
    validated, found = inquiry.columns_out(_request(words), name, _source(example))
    if has_errors(validated.diagnostics):
        yield from _told(validated.diagnostics, messages=True)
        return
    yield from columns_text.columns(name, found, Paint()).splitlines()


def _source(example: Example) -> Source:
    """The project of an example; files beside it (`../layers/…`) are those of modules, fetched and locked."""
    files = {**BASE, **example.files}
    if any(name.startswith("../") for name in files):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "project")
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            modules.update(root, inquiry.declared_modules(Source(load.read, root)).declared, ())
            written = (path for path in root.rglob("*") if path.is_file())
            files = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in written}
    return Source(load.read, files=files)


def _composed(example: Example, expectation: Expectation) -> Iterator[str]:
    """What `mlc compose config` prints, which must be what Hydra composes too."""
    words = [word for word in expectation.words if word != "--resolve"]
    source = Source(partial(load.read, any_key=True), files=example.files, closed=False)
    composed = hydra.compose_config(source, "config", words)
    node, found = composed.node, [*composed.diagnostics]
    if node is not None and "--resolve" in expectation.words:
        node, mistakes = interpolate.resolve(node, {})
        found += mistakes
    theirs = _hydra(example, words, resolve="--resolve" in expectation.words)
    if node is None or has_errors(tuple(found)):
        assert theirs is None, f"{expectation}: Hydra composes this"
        yield from _told(tuple(found), messages=False)
        return
    value = plain(node)
    assert value == theirs, f"{expectation}: Hydra composes {theirs}"
    yield from report.bare(value).splitlines()


ACTUAL: dict[str, Callable[[Example, Expectation], Iterator[str]]] = {
    "diagnostics": _diagnostics,
    "values": _values,
    "columns": _columns,
    "composed": _composed,
}


def _hydra(example: Example, words: list[str], *, resolve: bool) -> Any:
    """What Hydra gives, or None where it refuses."""
    try:
        composed = oracle.hydra_loader(example.files, "config", words)
        return oracle.resolved(composed) if resolve else oracle.unresolved(composed)
    except oracle.OracleError:
        return None


def _request(words: list[str] | tuple[str, ...]) -> Request:
    """The request of a command line. The folder is none: everything is in memory."""
    rest, inputs = [], []
    left = iter(words)
    for word in left:
        if word == "--input":
            inputs.append(next(left))
        else:
            rest.append(word)
    return request(Path("in memory"), rest, inputs=inputs)


def _told(found: tuple[Diagnostic, ...], *, messages: bool) -> Iterator[str]:
    for one in found:
        if one.severity == "info":
            continue
        yield f"{one.primary.span} {one.rule}" if one.primary else one.rule
        if messages:
            yield from (f"  {line}" for line in one.detail.splitlines())
            yield from (f"  {line}" for line in one.help.splitlines())


def _difference(expectation: Expectation, actual: list[str]) -> str:
    lines = [f"{expectation}: the {expectation.language} are others (-: written, +: found)"]
    lines += [f"- {line}" for line in expectation.lines if line not in actual]
    lines += [f"+ {line}" for line in actual if line not in expectation.lines]
    if len(lines) == 1:
        lines += ["in another order:", *(f"+ {line}" for line in actual)]
    return "\n".join(lines)
