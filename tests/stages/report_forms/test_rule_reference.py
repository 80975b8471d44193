"""The reference of the rules is what their modules say, and reads as Markdown."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from mlc import data, rules
from mlc.rules import _reference

PAGE = data.path(*_reference.PATH)


def test_generating_the_page_leaves_no_diff() -> None:
    assert PAGE.read_text(encoding="utf-8") == _reference.page(), "run `make generate`"


def test_the_page_has_a_section_for_each_rule_and_each_link_leads_to_one() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(_reference.page())
    headings = [
        tokens[index + 1].content
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]
    assert headings == list(rules.names())
    links = [
        str(child.attrs["href"])
        for token in tokens
        for child in token.children or ()
        if child.type == "link_open"
    ]
    assert links == [f"#{name}" for name in rules.names()]


@pytest.mark.parametrize("name", rules.names())
def test_every_example_is_on_the_page_as_it_is(name: str) -> None:
    described = rules.described(name)
    fences = [
        token.content for token in MarkdownIt().parse(_reference.section(described)) if token.type == "fence"
    ]
    examples = [*described.bad.values(), *described.good.values()]
    assert len(fences) == len(examples)
    for fence, example in zip(fences, examples, strict=True):
        if example.replace("\n", "").replace("\t", "").isprintable():
            assert fence == example.rstrip("\n") + "\n"
        else:
            assert fence.replace("\n", "").replace("\t", "").isprintable()


@pytest.mark.parametrize("name", rules.names())
def test_every_entry_reads_as_sentences(name: str) -> None:
    described = rules.described(name)
    for text in (described.summary, described.why, described.mend):
        assert re.match(r"[A-Z`\"]|mlc ", text), text
        assert text.endswith("."), text
        assert "  " not in text
        assert "How to mend it" not in text
    assert len(described.why.split()) >= 4
    assert described.title.endswith(".")
