"""Templates hold loops, conditions and quoted values; nothing ambient and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlc import data
from mlc.emit.templates import TemplateError, fill, fill_path, unquoted

TEMPLATES = sorted(data.path("templates").glob("*/*.j2"))


def named(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def test_there_are_templates() -> None:
    assert len(TEMPLATES) >= 7


@pytest.mark.parametrize("file", TEMPLATES, ids=named)
def test_every_value_ends_in_a_quoting_filter(file: Path) -> None:
    assert unquoted(named(file), file.read_text(encoding="utf-8")) == ()


@pytest.mark.parametrize("file", TEMPLATES, ids=named)
def test_a_value_stands_alone_or_is_quoted_whole(file: Path) -> None:
    """`a-{{ x | yaml }}` would put quotes inside of a scalar: in YAML a value begins after a space."""
    if ".yaml." in file.name or ".yml." in file.name:
        for line in file.read_text(encoding="utf-8").splitlines():
            before, found, _ = line.partition("{{")
            assert not found or before == "" or before[-1] in " [", line


@pytest.mark.parametrize(
    "source",
    [
        "{{ x }}",
        "a\n{{ x | join }}",
        "{{ x | yaml ~ y }}",
        "{{ (x | yaml) if x else x }}",
        "{{ x | yaml | join }}",
        "{{ 'constant' }}",
        "{% for y in x %}{{ y }}{% endfor %}",
        "{% set y %}a{% endset %}",
        "{% filter join %}a{% endfilter %}",
        "{% macro m(y) %}{{ y }}{% endmacro %}",
        "{% if x %}{{ x.y }}{% endif %}",
    ],
)
def test_an_unquoted_value_is_refused(source: str) -> None:
    assert unquoted("a/b.yaml.j2", source)
    with pytest.raises(TemplateError, match="does not end in a quoting filter"):
        fill("a/b.yaml.j2", source, {"x": "y"})


def test_html_escapes_by_itself_and_cannot_be_told_not_to() -> None:
    assert fill("a/b.html.j2", "<p>{{ x }}</p>", {"x": "<b>"}) == "<p>&lt;b&gt;</p>"
    assert fill("a/b.html.j2", "<p>{{ x | html }}</p>", {"x": "<b>"}) == "<p>&lt;b&gt;</p>"
    with pytest.raises(TemplateError, match="safe"):
        fill("a/b.html.j2", "{{ x | safe }}", {"x": "<b>"})
    with pytest.raises(TemplateError):
        fill("a/b.html.j2", "{% autoescape false %}{{ x }}{% endautoescape %}", {"x": "<b>"})


@pytest.mark.parametrize(
    "source",
    [
        "{{ missing | yaml }}",
        "{{ x.missing | yaml }}",
        "{{ x['missing'] | json }}",
        "{{ missing | yaml_block(2) }}",
        "{{ ('a' ~ missing) | shell }}",
        "{{ [missing] | yaml }}",
        "{% if missing %}{% endif %}",
        "{% for y in x.missing %}{% endfor %}",
    ],
)
def test_a_missing_value_is_an_error(source: str) -> None:
    with pytest.raises(TemplateError, match="missing"):
        fill("a/b.j2", source, {"x": {"y": 1}})


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(3) %}{% endfor %}",
        "{{ cycler('a') | yaml }}",
        "{{ lipsum() | yaml }}",
        "{{ x.__class__ | yaml }}",
        "{{ x['__class__'] | yaml }}",
        "{{ x.items() | yaml }}",
        "{{ x.y.upper() | yaml }}",
        "{{ self | yaml }}",
        "{% include 'other' %}",
        "{% extends 'other' %}",
        "{% import 'other' as o %}",
        "{{ x | map('upper') | yaml }}",
        "{{ x | attr('y') | yaml }}",
    ],
)
def test_nothing_ambient_can_be_reached(source: str) -> None:
    with pytest.raises(TemplateError):
        fill("a/b.j2", source, {"x": {"y": "z"}})


@pytest.mark.parametrize("name", ["items", "values", "keys", "get", "update", "__class__"])
def test_a_dot_reads_a_key_and_never_a_method(name: str) -> None:
    assert fill("a/b.j2", f"{{{{ x.{name} | yaml }}}}", {"x": {name: "mine"}}) == "mine"


def test_maps_are_walked_by_a_filter() -> None:
    found: dict[str, Any] = {"x": {"items": 1, "b": 2}}
    assert (
        fill("a/b.j2", "{% for k, v in x | items %}{{ [k, v] | json }}{% endfor %}", found)
        == '["items", 1]["b", 2]'
    )


def test_blocks_leave_no_blank_lines_and_the_last_line_ends() -> None:
    assert fill("a/b.j2", "{% if x %}\na\n  {% endif %}\nb\n", {"x": True}) == "a\nb\n"


def test_a_path_is_made_of_plain_names() -> None:
    assert fill_path("a", "k/{{ name }}/f.yaml", {"name": "risk_online"}) == "k/risk_online/f.yaml"
    for name in ("..", "a/b", ""):
        with pytest.raises(TemplateError, match="artifact's path"):
            fill_path("a", "k/{{ name }}/f.yaml", {"name": name})
