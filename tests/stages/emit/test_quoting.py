"""Values never become structure: every filter, over text made to break it."""

from __future__ import annotations

import json
import math
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mlc.emit import quoting

OFFICIAL = Path(__file__).parents[4] / "shared" / "official"
NAUGHTY = OFFICIAL / "naughty_strings.json"
OWN = [
    "no", "Yes", "1e3", "0123", "1_000", "0x1f", "12:30:00", "2026-01-01", "~", "null", ".inf", "=", "<<",
    "!tag", "&a", "*a", "a: b", "a #b", "- a", "? a", "%YAML 1.2", "---", "...", " a", "a ", "a\n", "\na",
    "a\r\nb", "\t", "", "'", "\"", "\\", "\\\\", "a\"\\", "$HOME", "${HOME}", "$(id)", "`id`", "a;b",
    "a&&b", "-rf", "~root", "${{ secrets.X }}", "$${{ x }}", "${{", "}}", "${{{{", "::set-output name=a::b",
    "{{ 7 * 7 }}", "{% raw %}", "<b>", "</script>", "[a](b)", "![a](b)", "a|b", "# a", "1. a", "1) a",
    "+ a", "= a", "    code", "https://a.b", "www.a.b", "@someone", ":smile:", "a@b.c", "\u2028", "\u0085",
    "\ufeff", "\u202e", "\U0001f600", "\ufffe", "\u007f", "a" * 3000,
]  # fmt: skip


def naughty() -> list[str]:
    if not NAUGHTY.is_file():
        pytest.skip(f"the list of naughty strings is not there: {NAUGHTY}")
    strings: list[str] = json.loads(NAUGHTY.read_bytes())
    assert len(strings) > 500
    return [*strings, *OWN]


def test_yaml_scalars_reparse_in_every_position() -> None:
    for text in naughty():
        quoted = quoting.yaml(text)
        assert "\n" not in quoted
        document = f"a: {quoted}\nb: [{quoted}, {quoted}]\nc: {{k: {quoted}}}\nd:\n  - {quoted}\nz: 1\n"
        expected = {"a": text, "b": [text, text], "c": {"k": text}, "d": [text], "z": 1}
        for loader in (yaml.SafeLoader, yaml.CSafeLoader):
            assert yaml.load(document.encode(), Loader=loader) == expected, text


def test_yaml_collections_and_keys_reparse() -> None:
    for text in naughty():
        value = {text: [text, {text: text, "e": {}, "l": []}], "z": [[text], [[1]]]}
        flow = f"a: {quoting.yaml(value)}\nz: 1\n"
        block = f"a:\n    {quoting.yaml_block(value, 4)}\nz: 1\n"
        for document in (flow, block):
            assert yaml.load(document.encode(), Loader=yaml.CSafeLoader) == {"a": value, "z": 1}, text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("lending", "lending"),
        ("Default risk of loans", "Default risk of loans"),
        ("ghcr.io/acme/lending", "ghcr.io/acme/lending"),
        ("no", '"no"'),
        ("1e3", '"1e3"'),
        ("0123", '"0123"'),
        ("", '""'),
        (None, "null"),
        (True, "true"),
        (1e-05, "1.0e-05"),
        (1e22, "1.0e+22"),
        (0.5, "0.5"),
        (math.inf, ".inf"),
        ({"a": [1, "yes"]}, '{a: [1, "yes"]}'),
    ],
)
def test_yaml_is_plain_where_that_is_safe(value: Any, text: str) -> None:
    assert quoting.yaml(value) == text
    assert yaml.safe_load(quoting.yaml(value)) == value


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(VALUES)
def test_yaml_of_any_value_reparses(value: Any) -> None:
    flow, block = quoting.yaml(value), quoting.yaml_block(value, 2)
    assert yaml.load(f"a: {flow}\n", Loader=yaml.CSafeLoader) == {"a": value}
    assert yaml.load(f"a:\n  {block}\nz: 1\n", Loader=yaml.CSafeLoader) == {"a": value, "z": 1}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers(), max_size=3))
def test_json_of_any_value_reparses(value: Any) -> None:
    assert json.loads(quoting.json(value)) == value
    assert json.loads(quoting.json(value, 2)) == value


def test_json_reparses_on_one_visible_line() -> None:
    for text in naughty():
        quoted = quoting.json({text: [text, 1.5, None]})
        assert quoted.isprintable()
        assert json.loads(quoted) == {text: [text, 1.5, None]}


def test_strings_of_protobufs_text_format_reparse() -> None:
    from google.protobuf import struct_pb2, text_format  # type: ignore[import-untyped]

    for text in naughty():
        quoted = quoting.pbtxt(text)
        assert quoted.isprintable()
        parsed = text_format.Parse(f"string_value: {quoted} # x", struct_pb2.Value())
        assert parsed.string_value == text


def test_shell_words_come_out_of_a_shell_unchanged(tmp_path: Path) -> None:
    strings = naughty()
    script = tmp_path / "script.sh"
    words = " ".join(quoting.shell(text) for text in strings)
    script.write_bytes(f"printf '%s\\0' {words}\n".encode())
    result = subprocess.run(["sh", script], capture_output=True, check=True, cwd=tmp_path)
    assert result.stdout.split(b"\0")[:-1] == [text.encode() for text in strings]
    assert [file.name for file in tmp_path.iterdir()] == ["script.sh"]


def test_shell_refuses_a_zero_byte() -> None:
    with pytest.raises(ValueError, match="zero byte"):
        quoting.shell("a\0b")


def test_dockerfile_words_stay_one_word_and_expand_nothing() -> None:
    for text in naughty():
        quoted = quoting.dockerfile(text)
        assert quoted.isprintable()
        assert not quoted.startswith("-")
        expected = "".join(char if char.isprintable() else " " for char in text)
        assert dockerfile_word(quoted) == expected, text


def dockerfile_word(text: str) -> str:
    """One word by the rules of Docker's own lexer (escape character, double quotes, `$`)."""
    if not text.startswith('"'):
        assert re.fullmatch(r"[^\s\"'$\\]+", text)
        return text
    word, rest = "", text[1:]
    while not rest.startswith('"'):
        assert not rest.startswith("$"), "a variable would be expanded"
        if rest[0] == "\\" and rest[1] in '"$\\':
            rest = rest[1:]
        word, rest = word + rest[0], rest[1:]
    assert rest == '"'
    return word


def test_github_values_start_no_expression() -> None:
    for text in naughty():
        value = {"env": {"A": text}, text: [text]}
        quoted = quoting.github(value)
        assert "\n" not in quoted
        read = yaml.load(f"a: {quoted}\n", Loader=yaml.CSafeLoader)["a"]
        assert as_github_evaluates(read) == value, text


def as_github_evaluates(value: Any) -> Any:
    """What the runner makes of a value, when the only expressions in it are constant text."""
    if isinstance(value, dict):
        return {as_github_evaluates(key): as_github_evaluates(child) for key, child in value.items()}
    if isinstance(value, list):
        return [as_github_evaluates(child) for child in value]
    evaluated = []
    while "${{" in value:
        before, _, rest = value.partition("${{")
        constant = re.match(r" '([^']*)' \}\}", rest)
        assert constant, f"an expression of the author's own: {rest!r}"
        evaluated += [before, constant.group(1)]
        value = rest[constant.end() :]
    return "".join([*evaluated, value])


def test_markdown_is_one_paragraph_of_the_same_words() -> None:
    parser = MarkdownIt("gfm-like", {"linkify": False})
    for text in naughty():
        words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        tokens = parser.parse(f"{quoting.markdown(text)}\n")
        if not words:
            assert tokens == []
            continue
        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"], text
        children = tokens[1].children or []
        assert {token.type for token in children} <= {"text", "text_special"}, text
        assert "".join(token.content for token in children) == words


def test_markdown_keeps_a_table_row_whole() -> None:
    parser = MarkdownIt("gfm-like", {"linkify": False})
    for text in naughty():
        tokens = parser.parse(f"| a | b |\n|---|---|\n| {quoting.markdown(text)} | end |\n")
        cells = [token.content for token in tokens if token.type == "inline"]
        assert len(cells) == 4, text
        assert cells[3] == "end"


@pytest.mark.parametrize("text", ["https://a.b", "www.example.com", "@someone", ":smile:"])
def test_markdown_breaks_what_github_would_link(text: str) -> None:
    quoted = quoting.markdown(text)
    assert quoted != text
    assert quoted.replace("\\", "") == text


def test_html_text_and_attributes_reparse() -> None:
    for text in naughty():
        quoted = str(quoting.html(text))
        reader = _Reader()
        reader.feed(f'<p title="{quoted}">{quoted}</p>')
        reader.close()
        assert reader.seen == [("p", "title", text), "".join(text), "/p"] or text == "", text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


def test_comments_stay_on_their_line() -> None:
    for text in naughty():
        line = f"# {quoting.comment(text)}"
        assert line.isprintable()
        assert yaml.load(f"{line}\na: 1\n".encode(), Loader=yaml.CSafeLoader) == {"a": 1}


def test_requirements_are_a_name_and_an_exact_version() -> None:
    assert quoting.requirement("onnxruntime==1.32.0") == "onnxruntime==1.32.0"
    for text in (*naughty(), "a==1\n--index-url x", "a>=1", "a==1 ; x", "-r b==1", "a @ file:///b", "a==1\n"):
        with pytest.raises(ValueError, match="exact version"):
            quoting.requirement(text)


def test_path_parts_cannot_leave_their_folder() -> None:
    assert quoting.path_part("risk_online-2") == "risk_online-2"
    for text in ("", ".", "..", "a/b", "a\\b", ".a", "a b", "a\n"):
        with pytest.raises(ValueError, match="artifact's path"):
            quoting.path_part(text)


@pytest.mark.parametrize("name", sorted(quoting.FILTERS))
def test_what_is_not_plain_is_refused(name: str) -> None:
    arguments = (2,) if name == "yaml_block" else ()
    with pytest.raises(TypeError, match="not plain data"):
        quoting.FILTERS[name](object(), *arguments)


def test_azure_values_reparse_or_are_refused() -> None:
    for text in naughty():
        try:
            quoted = quoting.azure({"a": [text]})
        except ValueError:
            assert "$(" in text or text.lstrip().startswith("$["), text
            continue
        (read,) = yaml.load(quoted.encode(), Loader=yaml.CSafeLoader)["a"]
        assert read.replace("${{ '${{' }}", "${{") == text
        assert "${{" not in read.replace("${{ '${{' }}", "")


@pytest.mark.parametrize("text", ["$(System.AccessToken)", "a $(b) c", " $[variables.x]", "$[x]"])
def test_azure_refuses_what_it_would_replace(text: str) -> None:
    with pytest.raises(ValueError, match="by a variable"):
        quoting.azure({text: 1})


def test_texts_in_expressions_stay_texts() -> None:
    for text in naughty():
        try:
            quoted = quoting.expression(text)
        except ValueError:
            assert not text.isprintable() or "${{" in text or "}}" in text, text
            continue
        assert quoted[0] == quoted[-1] == "'"
        assert quoted[1:-1].replace("''", "").count("'") == 0
        assert quoted[1:-1].replace("''", "'") == text
        document = f"if: >-\n  a == 1\n  || b == {quoted}\nz: 1\n"
        assert yaml.load(document.encode(), Loader=yaml.CSafeLoader)["if"] == f"a == 1 || b == {quoted}"


def test_dvc_values_reparse_and_name_no_parameter() -> None:
    for text in [*naughty(), "${a}", "\\${a}", "$${a}", "${a} ${b", "${"]:
        read = yaml.load(quoting.dvc(text).encode(), Loader=yaml.CSafeLoader)
        # what DVC makes of it (dvc/parsing/interpolate.py): nothing to replace, and the escapes taken away
        assert not re.search(r"(?<!\\)\${.*?}", read)
        assert read.replace("\\${", "${") == text


def test_compose_values_reparse_and_name_no_variable() -> None:
    for text in naughty():
        read = yaml.load(quoting.compose({text: [text]}).encode(), Loader=yaml.CSafeLoader)
        ((key, (value,)),) = read.items()
        assert key == value
        assert "$" not in value.replace("$$", "")
        assert value.replace("$$", "$") == text
