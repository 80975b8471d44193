"""Templates of a project's own may be a stranger's: what they cannot hold, what they may not cost, where they fail."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from mlc import data
from mlc.emit import own_reading, own_templates, quoting, templates
from mlc.emit.own import Spent
from mlc.emit.own_templates import Mistake
from mlc.ir.backend import Backend, Manifest

KNOWN: dict[str, Any] = {
    "resource": {
        "replicas": 3,
        "description": "Serves",
        "tags": [f"t{number}" for number in range(300)],
        "columns": {f"c{number}": {"type": "number"} for number in range(300)},
        "long": "x" * 200_000,
        "nothing": None,
    },
    "facts": {},
    "name": "online",
    "kind": "deployment",
    "header": "Written by mlc",
    "project": {"project": "shop"},
    "environment": "dev",
    "steps": [],
    "publishes": {},
    "reads": {"files": [], "steps": []},
    "folder": "generated",
    "root": "..",
    "pins": {},
}


def filled(text: str, **known: Any) -> str:
    backend = Backend(Manifest("own", "For a test."), {"t.j2": text}, "")
    return own_templates.fill(backend, "t.j2", {**KNOWN, **known}, Spent())


def told(text: str) -> list[tuple[int, str]]:
    return [(one.line, f"{one.reason} {one.hint}") for one in own_reading.mistakes_in(text)]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a {{ name | yaml }}\n", "a online\n"),
        ("{% if resource.replicas > 2 %}many{% else %}few{% endif %}\n", "many"),
        ("{% for tag in resource.tags if tag == 't7' %}{{ tag | yaml }}{% endfor %}\n", "t7"),
        ("{% for c, column in resource.columns | items if c in ['c1', 'c2'] %}\n{{ (c ~ ':' ~ column.type) | yaml }}\n"
         "{% endfor %}\n", '"c1:number"\n"c2:number"\n'),
        ("{{ resource.tags | length | yaml }}\n", "300\n"),
        ("{{ ['a', 'b'] | join('-') | shell }}\n", "a-b\n"),
        ("{% set n = name ~ '.service' %}{{ n | yaml }}\n", "online.service\n"),
        ("{{ {'a': [1, none]} | json(2) }}\n", '{\n  "a": [\n    1,\n    null\n  ]\n}\n'),
        ("{{ ('x' if resource.nothing is none else 'y') | yaml }}\n", "x\n"),
        ("{% for t in ['a', 'b'] %}{{ loop.index | yaml }}{% if not loop.last %}, {% endif %}{% endfor %}\n", "1, 2"),
        ("{{ (resource.other | default) | yaml }}\n", None),
        ("{% if resource.other is defined %}{{ resource.other | yaml }}{% endif %}\n", ""),
        ("{{ resource.columns['c1'].type | yaml }}\n", "number\n"),
    ],
)  # fmt: skip
def test_what_a_template_may_hold(text: str, written: str | None) -> None:
    if written is None:
        assert told(text)
    else:
        assert told(text) == []
        assert filled(text) == written


def test_mlc_s_own_templates_are_read_alike() -> None:
    """What mlc's own templates hold is what others may hold: nothing of the language is kept from users.

    One of them is filled with names of its own for mlc's component for GitLab, and pages are made by commands."""
    for file in sorted(data.path("templates").glob("*/*.j2")):
        text = file.read_text(encoding="utf-8")
        if templates.escapes(file.name) or "page.html" in file.name:
            continue
        found = [one for one in told(text) if "nothing is called" not in one[1]]
        assert found == [], file


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a\n{{ name }}\n", 2, "does not end in a quoting filter"),
        ("{{ name | upper }}\n", 1, "does not end in a quoting filter"),
        ("{{ name | upper | yaml }}\n", 1, 'no filter "upper"'),
        ("{{ name | yml }}\n", 1, 'Did you mean "yaml"?'),
        ("a\n\n{{ nmae | yaml }}\n", 3, 'nothing is called "nmae" Did you mean "name"?'),
        ("{{ name.__class__ | yaml }}\n", 1, ""),
        ("{{ ''.join([]) | yaml }}\n", 1, "something is called"),
        ("{{ cycler('a') | yaml }}\n", 1, "something is called"),
        ("{{ self.x() | yaml }}\n", 1, "something is called"),
        ("{% macro m() %}x{% endmacro %}\n", 1, "defines a macro"),
        ("{% include '/etc/passwd' %}\n", 1, "includes another template"),
        ("{% import 'x' as x %}\n", 1, "imports another template"),
        ("{% from 'x' import y %}\n", 1, "imports another template"),
        ("{% extends 'x' %}\n", 1, "extends another template"),
        ("{% block a %}{% endblock %}\n", 1, "a block for others"),
        ("{% set a %}x{% endset %}\n", 1, "a block is put into a variable"),
        ("{% filter yaml %}x{% endfilter %}\n", 1, "a filter stands around a block"),
        ("{% call x() %}{% endcall %}\n", 1, "calls a macro"),
        ("{% autoescape false %}{% endautoescape %}\n", 1, ""),
        ("{% with a = 1 %}{% endwith %}\n", 1, "has a `with`"),
        ("{% do x %}\n", 1, "unknown tag 'do'"),
        ("{% for x in y recursive %}{% endfor %}\n", 1, "a loop is recursive"),
        ("{{ (1 + 1) | yaml }}\n", 1, "something is computed"),
        ("{{ ('x' * 1000000000) | yaml }}\n", 1, "something is computed"),
        ("{{ (9 ** 9 ** 9) | yaml }}\n", 1, "something is computed"),
        ("{{ ('%1000000000d' % 1) | yaml }}\n", 1, "something is computed"),
        ("{{ (-1) | yaml }}\n", 1, "something is computed"),
        ("{{ name[0:1] | yaml }}\n", 1, "cut out"),
        ("{{ resource | json(1000000000) }}\n", 1, "an indent that is no number from 0 to 40"),
        ("{{ resource | yaml_block(resource.replicas) }}\n", 1, "an indent that is no number"),
        ("{{ resource | json(indent=2) }}\n", 1, "a named or an unpacked argument"),
        ("{{ name | yaml(1) }}\n", 1, "is given an argument"),
        ("{{ _cost | yaml }}\n", 1, "begins with an underscore"),
        ("{% if name is even %}{% endif %}\n", 1, "`is even`"),
        ("{% if name is sameas none %}{% endif %}\n", 1, "`is sameas`"),
        ("a\n{% if name %}\n", 2, "Unexpected end of template"),
        ("a\n{{ name | yaml \n", 2, "unexpected end of template"),
        ("{{ (name if false) | yaml }}\n", 1, "an `if` within a value has no `else`"),
        ("{% endfor %}\n", 1, "unknown tag 'endfor'"),
        ("{{ " + "(" * 50_000 + "name" + ")" * 50_000 + " | yaml }}\n", 1, "nested too deeply"),
        ("{% if name %}" * 300 + "{% endif %}" * 300, 1, "nested too deeply"),
        ("{% for a in resource %}" * 30 + "{% endfor %}" * 30, 1, "within one another"),
        ("{{ " + "[" * 200 + "]" * 200 + " | yaml }}\n", 1, "nested too deeply"),
        ("{{ " + "[" * 70 + "]" * 70 + " | yaml }}\n", 1, "within one another"),
        ("{{ " + " ~ ".join(["name"] * 3) + " }}\n", 1, "does not end in a quoting filter"),
    ],
)  # fmt: skip
def test_what_a_template_may_not_hold(text: str, line: int, said: str) -> None:
    found = told(text)
    assert found, text
    assert any(one == line and said in words for one, words in found), found


def test_all_mistakes_are_told_at_once() -> None:
    assert [line for line, _ in told("{{ nmae | yaml }}\n{{ name }}\n{{ name | yml }}\n")] == [1, 2, 3, 3]


BOMBS = {
    "doubling a text": "{% set a = resource.long %}" + "{% set a = a ~ a %}" * 40 + "{{ a | yaml }}",
    "loops in loops": "{% for a in resource.tags %}{% for b in resource.tags %}{% for c in resource.tags %}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "loops that write": "{% for a in resource.tags %}{% for b in resource.tags %}"
    + "x" * 5000
    + "{% endfor %}{% endfor %}",
    "one text many times": "{{ [" + "resource.long, " * 5000 + "] | json }}",
    "one text joined": "{{ [" + "resource.long, " * 5000 + "] | join | yaml }}",
    "a long text between": "{{ resource.tags | join(resource.long) | yaml }}",
    "quoting without writing": "{% for a in resource.tags %}{% if resource | json == 'x' %}{% endif %}{% endfor %}",
    "searching": "{% for a in resource.tags %}{% if a in resource.long %}{% endif %}{% endfor %}",
    "through the letters": "{% for a in resource.long %}{% for b in resource.long %}{% endfor %}{% endfor %}",
    "a list in a list": "{% set a = [resource] %}" + "{% set a = [a, a] %}" * 60 + "{{ a | yaml }}",
    "a list in a list, asked": "{% set a = [resource] %}"
    + "{% set a = [a, a] %}" * 60
    + "{% if a == a %}{% endif %}",
    "items": "{% for a in resource.tags %}{% for b in resource.tags %}{% if resource.columns | items | length %}"
    "{% endif %}{% endfor %}{% endfor %}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_costs_too_much_is_stopped(name: str) -> None:
    before, most = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if own_reading.mistakes_in(BOMBS[name]):
        return
    with pytest.raises(Mistake) as raised:
        filled(BOMBS[name])
    assert "costs more than" in str(raised.value) or "are not compared" in str(raised.value)
    assert time.process_time() - before < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < 200_000  # kB


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a\nb {{ resource.replcas | yaml }}\n", 2, 'there is no "replcas" here Did you mean "replicas"?'),
        ("{% for a in resource.tags %}\n{{ a.name | yaml }}\n{% endfor %}\n", 2, 'where "name" is read of a map'),
        ("\n{% for a in resource.replicas %}{% endfor %}\n", 2, "a loop goes over a list or a map"),
        ("{{ resource.nothing.x | yaml }}\n", 1, 'no value stands where "x" is read'),
        ("{{ resource | shell }}\n", 1, "not plain data"),
        ("{% if resource.tags == resource.tags %}{% endif %}\n", 1, "are not compared"),
        ("{{ (name ~ resource) | yaml }}\n", 1, "not plain data"),
        ("{{ resource.tags | items | length | yaml }}\n", 1, "items are a map's"),
        ("{% if name < 3 %}{% endif %}\n", 1, "not supported between"),
        ("{{ 'numpy>=1' | requirement }}\n", 1, "not a package at an exact version"),
        ("{% for a, b in resource.tags %}{% endfor %}\n", 1, ""),
    ],
)  # fmt: skip
def test_what_fails_is_told_with_its_line(text: str, line: int, said: str) -> None:
    assert told(text) == []
    with pytest.raises(Mistake) as raised:
        filled(text)
    assert raised.value.line == line
    assert said in f"{raised.value.reason} {raised.value.hint}"


def test_a_value_that_is_not_there_for_a_kind_of_once() -> None:
    known = {key: value for key, value in KNOWN.items() if key != "environment"}
    backend = Backend(Manifest("own", "For a test."), {"t.j2": "{{ environment | yaml }}"}, "")
    with pytest.raises(Mistake) as raised:
        own_templates.fill(backend, "t.j2", known, Spent())
    assert "knows no `environment`" in raised.value.hint


def test_every_filter_counts(tmp_path: Path) -> None:
    for name in quoting.FILTERS:
        spent = Spent()
        value: Any = "numpy==2.4.6" if name == "requirement" else "a" * 100
        if name == "locked":
            value = {"requirement": "numpy==2.4.6", "marker": "", "hashes": ["sha256:" + "0" * 64]}
        argument = "(0)" if name == "yaml_block" else ""
        backend = Backend(
            Manifest("own", "For a test."), {"t.j2": f"{{{{ resource.v | {name}{argument} }}}}"}, ""
        )
        own_templates.fill(backend, "t.j2", {"resource": {"v": value}}, spent)
        assert spent.cost >= 1000 + 2 * len(value), name
    assert structs.fields(Backend)  # a frozen value: nothing of a template is kept in it
