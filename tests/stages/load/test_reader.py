"""The loader: what it reads, where it says things stand, and what it refuses."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf._utils import get_yaml_loader

from mlc.ir.loaded import Loaded
from mlc.ir.node import Node, plain
from mlc.load.reader import read
from mlc.load.syntax import DEEPEST


def rules(loaded: Loaded) -> list[str]:
    return [diagnostic.rule for diagnostic in loaded.diagnostics]


def at(text: str, *path: str | int) -> Node:
    loaded = read(text, "f.yaml")
    assert loaded.node is not None, loaded.diagnostics
    node = loaded.node.at(path)
    assert node is not None
    return node


def primary(loaded: Loaded, index: int = 0) -> str:
    label = loaded.diagnostics[index].primary
    assert label is not None
    return f"{label.span.line}:{label.span.column}-{label.span.end_line}:{label.span.end_column}"


# ── what OmegaConf reads ────────────────────────────────────────────────────────────────────────────────

_quick = settings(
    max_examples=400,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

plain_scalars = st.one_of(
    st.text("0123456789_.+-eExXabfINinfNa:~=<", min_size=1, max_size=8),
    st.from_regex(r"[-+]?[0-9][0-9_]{0,3}(\.[0-9_]{0,3})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"[-+]?0[xbo]?[0-9a-fA-F_]{1,4}", fullmatch=True),
    st.from_regex(r"[-+]?[1-9][0-9]?(:[0-5]?[0-9]){1,2}(\.[0-9]*)?", fullmatch=True),
    st.sampled_from(
        ["yes", "No", "ON", "off", "y", "N", "true", "True", "TRUE", "tRue", "null", "Null", "~", "nan", ".nan",
         ".inf", "-.INF", "2020-01-01", "1e3", "1.", ".5",
     "0.1.2", "text", "0o7", "012", "09", "1_000", "_1", "0b2", ""]
    ),
)  # fmt: skip


@_quick
@given(plain_scalars)
@example("=")
@example("<<")
@example("0_")
@example("-_1")
def test_a_plain_scalar_means_what_it_means_to_omegaconf(text: str) -> None:
    loaded = read(f"k: {text}\n", "f.yaml")
    try:
        import yaml

        expected = yaml.load(f"k: {text}\n", Loader=get_yaml_loader())
    except Exception:
        assert loaded.node is None or "yaml-syntax" in rules(loaded), text
        return
    if "yaml-syntax" in rules(loaded) and ":" in text and "\n" not in text:
        pytest.fail(f"we refuse {text!r}: {loaded.diagnostics}")
    assert loaded.node is not None, loaded.diagnostics
    if not isinstance(expected["k"], dict | str) or "k" in plain(loaded.node):
        mine = plain(loaded.node)["k"]
        assert (type(mine), repr(mine)) == (type(expected["k"]), repr(expected["k"]))


documents = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text("ab: -#'\"\n{}[],&*!|>%@`é💡yes0123", max_size=12),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("abcyn0: #é", max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@_quick
@given(st.dictionaries(st.text("abc", min_size=1), documents, max_size=5), st.booleans())
def test_documents_written_by_pyyaml_come_back(data: dict[str, Any], flow: bool) -> None:
    import yaml

    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    loaded = read(text, "f.yaml")
    assert [rule for rule in rules(loaded) if rule != "ambiguous-scalar"] == []
    assert loaded.node is not None
    assert json.dumps(plain(loaded.node)) == json.dumps(yaml.load(text, Loader=get_yaml_loader()))


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {p: 1, q: [1, 2]}\nb: *x\nc:\n  <<: *x\n  p: 3\n",
        "a: &x {p: 1}\nb: &y {p: 2, r: 3}\nc:\n  z: 0\n  <<: [*x, *y]\n",
        "a: &x {p: 1}\nb:\n  p: 5\n  <<: *x\n  <<: {s: 1}\n",
        "a: &k key\n? *k\n: 1\n",
        "a: !!str 12\nb: !!int '3'\nc: !!float 2\nd: !!bool yes\ne: !!null x\nf: !!map {}\ng: !!seq []\nh: ! 12\n",
        "a: |\n  text\n  more\nb: >-\n  folded\n  text\n",
        "a: \"\\u00e9\\n\\t\"\nb: 'it''s'\n",
        "\ufeffa: 1\n",
        "a: 1\r\nb: 2\r\n",
        "{a: 1, b: {c: 2}}\n",
        "---\na: 1\n...\n",
        "a:\nb: ~\nc: ''\n",
    ],
)
def test_special_forms_are_read_as_omegaconf_reads_them(text: str) -> None:
    loaded = read(text, "f.yaml")
    assert loaded.node is not None, loaded.diagnostics
    assert json.dumps(plain(loaded.node)) == json.dumps(
        OmegaConf.to_container(OmegaConf.load(io.StringIO(text)))
    )


def test_an_empty_file_has_no_node() -> None:
    for text in ("", "\n\n", "# only a comment\n", "---\n"):
        loaded = read(text, "f.yaml")
        assert loaded.diagnostics == ()
        assert loaded.node is None or loaded.node.value is None


def test_keys_of_other_types_are_kept_on_request() -> None:
    loaded = read("2: a\ntrue: b\n2.5: c\n'3': d\n", "f.yaml", any_key=True)
    assert loaded.diagnostics == ()
    assert loaded.node is not None
    assert plain(loaded.node) == {2: "a", True: "b", 2.5: "c", "3": "d"}


# ── positions ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "path", "span", "key_span"),
    [
        ("a: 1\n", ("a",), (1, 4, 1, 5), (1, 1, 1, 2)),
        ("a:\n  bé: 'x y'\n", ("a", "bé"), (2, 7, 2, 12), (2, 3, 2, 5)),
        ("a:\n  b: 1\n  c: 22\n\n\nd: 1\n", ("a",), (2, 3, 3, 8), (1, 1, 1, 2)),
        ("a: [1, {b: 2}]\n", ("a", 1), (1, 8, 1, 14), None),
        ("a:\n- x\n- - y\n", ("a", 1, 0), (3, 5, 3, 6), None),
        ("a:\nb: 1\n", ("a",), (1, 3, 1, 3), (1, 1, 1, 2)),
        ("a: &x {b: 1}\nc: *x\n", ("c",), (2, 4, 2, 6), (2, 1, 2, 2)),
        ("a: &x {b: 1}\nc: *x\n", ("c", "b"), (1, 11, 1, 12), (1, 8, 1, 9)),
    ],
)
def test_every_node_knows_its_place(text: str, path: Any, span: Any, key_span: Any) -> None:
    node = at(text, *path)
    found = node.span
    assert (found.line, found.column, found.end_line, found.end_column) == span
    keys = node.key_span
    assert (None if keys is None else (keys.line, keys.column, keys.end_line, keys.end_column)) == key_span


@_quick
@given(st.dictionaries(st.text("abc", min_size=1), documents, max_size=5), st.booleans())
def test_spans_lie_within_the_text_and_in_their_parent(data: dict[str, Any], flow: bool) -> None:
    import yaml

    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    lines = text.split("\n")
    node = read(text, "f.yaml").node
    assert node is not None
    for path, child in node.walk():
        span = child.span
        assert 1 <= span.line <= span.end_line <= len(lines)
        assert span.end_column <= len(lines[span.end_line - 1]) + 1
        parent = node.at(path[:-1])
        assert parent is not None
        assert (parent.span.line, parent.span.column) <= (span.line, span.column)
        assert (span.end_line, span.end_column) <= (parent.span.end_line, parent.span.end_column)
        if path and isinstance(path[-1], str):
            assert child.key_span is not None


# ── Hydra's header ──────────────────────────────────────────────────────────────────────────────────────


def test_headers_are_read_as_hydra_reads_them() -> None:
    from hydra.plugins.config_source import ConfigSource

    for text in (
        "# @package foo\na: 1\n",
        "\n  # @package  foo.bar \n# @other x\na: 1\n",
        "# a comment\n# @package foo\n",
        "a: 1\n# @package foo\n",
        "#@package _global_\n",
        "## @package x\n",
        "a: b@c\n",
    ):
        expected = {key: value for key, value in ConfigSource._get_header_dict(text).items() if value}
        assert read(text, "f.yaml").header == expected, text


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("a: [1, 2\nb: 3\n", "yaml-syntax", "2:2-2:3"),
        ("a: b: c\n", "yaml-syntax", "1:5-1:6"),
        ("a: 1\n b: 2\n", "yaml-syntax", "2:3-2:4"),
        ("a: 'x\n", "yaml-syntax", "2:1-2:2"),
        ("a: @x\n", "yaml-syntax", "1:4-1:5"),
        ("a: *nope\n", "yaml-syntax", "1:4-1:9"),
        ("a: &x 1\nb: &x 2\n", "yaml-syntax", "2:4-2:8"),
        ("a: 1\n---\nb: 2\n", "yaml-syntax", "2:1-2:4"),
        ("a: =\n", "yaml-syntax", "1:4-1:5"),
        ("a:\n\tb: 1\n", "tab-indentation", "2:1-2:2"),
        ("a:\n  b: 1\n\tc: 1\n", "tab-indentation", "3:1-3:2"),
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", "3:1-3:2"),
        ("a: {b: 1, b: 2}\n", "duplicate-key", "1:11-1:12"),
        ("1: a\n", "non-string-key", "1:1-1:2"),
        ("on: a\n", "non-string-key", "1:1-1:3"),
        ("? [a]\n: 1\n", "non-string-key", "1:3-1:4"),
        ("a: !!python/object/apply:os.system [ls]\n", "unsafe-tag", "1:4-1:37"),
        ("a: !!binary aGk=\n", "unsafe-tag", "1:4-1:17"),
        ("a: !secret x\n", "unsafe-tag", "1:4-1:13"),
        ("a: &x [*x]\n", "alias-bomb", "1:8-1:10"),
        ("a: x\u202ey\n", "control-character", "1:5-1:6"),
        ("a: 1\nb: \x1b[31m\n", "control-character", "2:4-2:5"),
        ("# @package a b\n", "bad-package-header", "1:1-1:15"),
    ],
)
def test_a_mistake_is_found_where_it_stands(text: str, rule: str, place: str) -> None:
    loaded = read(text, "f.yaml")
    assert rules(loaded)[:1] == [rule], loaded.diagnostics
    assert primary(loaded) == place
    assert loaded.diagnostics[0].severity == "error"


def test_invalid_utf8_is_located() -> None:
    loaded = read("a: é\nb: ".encode() + b"\xff\n", "f.yaml")
    assert rules(loaded) == ["invalid-utf8"]
    assert primary(loaded) == "2:4-2:5"


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("a: yes\n", "true"),
        ("a: Off\n", "false"),
        ("a: 010\n", "8"),
        ("a: 1:30\n", "90"),
        ("a: 1:30.5\n", "90.5"),
        ("a: y\n", '"y"'),
        ("a: N\n", '"N"'),
    ],
)
def test_an_ambiguous_scalar_is_a_warning_whose_fix_keeps_the_value(text: str, fix: str) -> None:
    loaded = read(text, "f.yaml")
    assert rules(loaded) == ["ambiguous-scalar"]
    found = loaded.diagnostics[0]
    assert found.severity == "warning"
    assert found.fix is not None
    assert found.fix.edits[0].text == fix
    assert loaded.node is not None
    mended = read(f"a: {fix}\n", "f.yaml")
    assert mended.diagnostics == ()
    assert mended.node is not None
    assert plain(mended.node) == plain(loaded.node)


def test_quoted_and_decimal_scalars_are_no_traps() -> None:
    assert (
        read("a: 'no'\nb: \"010\"\nc: 10\nd: 0\ne: true\nf: 0x1F\ng: -0.5\nh: 12:5x\n", "f.yaml").diagnostics
        == ()
    )


def test_all_mistakes_of_a_file_are_reported_at_once() -> None:
    loaded = read("a: 1\na: 2\n3: x\nb: !x y\nc: no\n", "f.yaml")
    assert rules(loaded) == ["duplicate-key", "non-string-key", "unsafe-tag", "ambiguous-scalar"]


def bomb() -> str:
    lines = ["a0: &a0 [" + ",".join(["x"] * 10) + "]"]
    lines += [f"a{i}: &a{i} [" + ",".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, 30)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[" * 100_000, "too-large"),
        ("{a: " * 100_000, "too-large"),
        ("- " * 100_000, "too-large"),
        ("? " * 100_000, "non-string-key"),
        ("a: " + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "too-large"),
        (bomb(), "alias-bomb"),
        ("a: [" + "1," * 200_000 + "]", "too-large"),
        ("x" * 1_000_001, "too-large"),
        ("a: " + "9" * 10_000, "yaml-syntax"),
        ("<<: " * 50_000, "yaml-syntax"),
        ("&a " * 100_000, "yaml-syntax"),
        ("a: &a\n" + "".join(f"  b{i}: &b{i}\n" for i in range(20_000)), ""),
        ('"' * 500_001, "yaml-syntax"),
        ("%TAG ! tag:x\n---\na: 1\n" * 3, "yaml-syntax"),
        ("%YAML 9.9\n---\na: 1\n", "yaml-syntax"),
    ],
)
def test_a_hostile_file_costs_little(text: str, rule: str) -> None:
    before = time.process_time()
    loaded = read(text, "f.yaml")
    assert time.process_time() - before < 2.0
    assert rules(loaded)[:1] == ([rule] if rule else [])


@settings(max_examples=600, derandomize=True, deadline=None, database=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.sampled_from(
                ["a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", "&x ", "*x", "!!int ", "!t ", "'", '"', "|", ">", "#",
                 "? ", "<<: ", "---", "...", "%", "\t", ",", "1", "yes", "\u2028", "\x00", "é", "=", "@"]
            ),
            max_size=25,
        ).map("".join),
    )
)  # fmt: skip
def test_nothing_makes_the_reader_raise(source: str | bytes) -> None:
    loaded = read(source, "f.yaml")
    for diagnostic in loaded.diagnostics:
        assert diagnostic.primary is not None
        assert diagnostic.primary.span.file == "f.yaml"
        assert diagnostic.detail.endswith((".", "`", "…"))
