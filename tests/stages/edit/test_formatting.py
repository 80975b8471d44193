"""What formatting keeps, and what it changes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from mlc import data, load
from mlc.edit import FormattingFailed, format_text
from mlc.edit.tree import comments
from mlc.ir.diagnostic import has_errors
from mlc.ir.loaded import Loaded
from mlc.ir.node import Node, plain
from stages.edit.yaml_texts import texts

LONG = "x" * 45


def formatted(text: str) -> str:
    return format_text(text, "x.yaml", load.read)


@given(texts())
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_means_the_same_keeps_comments_and_is_stable(text: str) -> None:
    before = load.read(text, "x.yaml")
    assume(not has_errors(before.diagnostics))
    done = formatted(text)
    after = load.read(done, "x.yaml")
    assert repr(before.node and plain(before.node)) == repr(after.node and plain(after.node))
    assert before.header == after.header
    assert "".join("".join(comments(text)).split()) == "".join("".join(comments(done)).split())
    assert formatted(done) == done
    assert done == "" or done.endswith("\n")


CASES = {
    "indentation": ("a:\n    b:\n          c: 1\n", "a:\n  b:\n    c: 1\n"),
    "space behind colons": ("a:   1\nb : 2\n", "a: 1\nb: 2\n"),
    "lists below their key": ("a:\n- 1\n-   2\n", "a:\n  - 1\n  - 2\n"),
    "lists in lists": ("-   - a\n    - b\n-\n  c: 1\n", "- - a\n  - b\n- c: 1\n"),
    "order": ("b: 1\na: 2\n", "b: 1\na: 2\n"),
    "trailing space": ("a: 1   \n\n# c   \n", "a: 1\n\n# c\n"),
    "end of file": ("a: 1", "a: 1\n"),
    "nothing": ("\n\n", ""),
    "only a comment": ("# c", "# c\n"),
    "windows": ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
    "blank lines": ("\na: 1\n\n\n\n\nb: 2\n\n", "a: 1\n\n\nb: 2\n"),
    "quotes that do not matter": ("a: \"word\"\nb: 'two words'\n'c': 1\n", "a: word\nb: two words\nc: 1\n"),
    "quotes that matter": (
        'a: "no"\nb: "1"\nc: "1e3"\nd: \'~\'\ne: "a: b"\nf: "${x}"\ng: "y"\n',
        'a: "no"\nb: "1"\nc: "1e3"\nd: \'~\'\ne: "a: b"\nf: "${x}"\ng: "y"\n',
    ),
    "an even list": ('a: ["x", "1"]\nb: ["x", "z"]\n', 'a: ["x", "1"]\nb: [x, z]\n'),
    "brackets": ("a: [ 1,2 , 3 ]\nb: { c : 1 , d: {e: } }\n", "a: [1, 2, 3]\nb: {c: 1, d: {e: null}}\n"),
    "brackets over lines": ("a: [\n  1,\n  2,\n]\n", "a: [1, 2]\n"),
    "brackets that do not fit": (
        f"a: {{b: {LONG}, c: {LONG}, d: [1, 2]}}\n",
        f"a:\n  b: {LONG}\n  c: {LONG}\n  d: [1, 2]\n",
    ),
    "a long list": (
        f"a: [{', '.join(map(str, range(100, 125)))}]\n",
        f"a: [{', '.join(map(str, range(100, 119)))},\n  {', '.join(map(str, range(119, 125)))}]\n",
    ),
    "comments in brackets": (
        "a: [1, # one\n  # two\n  2]  # end\n",
        "a:\n  - 1 # one\n  # two\n  - 2\n  # end\n",
    ),
    "comments go with their level": (
        "a:\n    b: 1\n    # of a\n# of c\nc:\n    # of nothing\nd: 1\n",
        "a:\n  b: 1\n  # of a\n# of c\nc:\n  # of nothing\nd: 1\n",
    ),
    "comments that stand in a column": (
        "a: 1            # one\nlonger: 'two'   # two\nb: 1 # near\n",
        "a: 1            # one\nlonger: two     # two\nb: 1 # near\n",
    ),
    "between key and value": ("a: # c\n    b: 1\nc:\n  # d\n  1\n", "a: # c\n  b: 1\nc:\n  # d\n  1\n"),
    "literal text": ("a: |\n     one\n       two\n\n\nb: 1\n", "a: |\n  one\n    two\n\n\nb: 1\n"),
    "text that begins with a space": ("a: |2\n     one\n  two\n", "a: |2\n     one\n  two\n"),
    "text without an end": ("a: |\n  one", "a: |-\n  one\n"),
    "text with its newlines": ("a: |+\n   one\n\n\nb: 1\n", "a: |+\n  one\n\n\nb: 1\n"),
    "folded text": ("a: >- # c\n    one\n    two\n", "a: >- # c\n  one\n  two\n"),
    "text over lines": (
        'a: one\n     two\nb: "one\\\n\n    two"\n',
        'a: one\n  two\nb: "one\\\n\n  two"\n',
    ),
    "anchors": (
        "a: &x   {b: 1}\nc: &y\n    d: 1\ne:\n    <<: [*x,  *y]\nf: *x\n",
        "a: &x {b: 1}\nc: &y\n  d: 1\ne:\n  <<: [*x, *y]\nf: *x\n",
    ),
    "tags": ("a:  !!str   1\n", "a: !!str 1\n"),
    "a marker": ("# c\n---   # d\na:   1\n...\n", "# c\n---   # d\na: 1\n"),
    "a directive": ("%YAML 1.1\n---\na:   1\n", "%YAML 1.1\n---\na: 1\n"),
    "a package": ("# @package _global_\na:   1\n", "# @package _global_\na: 1\n"),
    "a dash alone": ("a: [-, b]\n", "a: [\"-\", b]\n"),
    "a schema": ("# yaml-language-server: $schema=x\n\na:  1\n", "# yaml-language-server: $schema=x\n\na: 1\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_form(name: str) -> None:
    before, after = CASES[name]
    assert formatted(before) == after
    assert formatted(after) == after


def test_the_examples_are_formatted() -> None:
    for file in sorted(data.path("examples").rglob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        if not {".mlc", "generated", ".github"} & set(file.parts):
            assert formatted(text) == text, file


def test_a_file_that_would_mean_something_else_is_refused() -> None:
    """The reader is asked about both texts; one that gives two answers must stop the formatter."""

    def read(text: str, file: str) -> Loaded:
        node = load.read(text, file).node
        assert node is not None
        return Loaded(Node(f"{len(text)}", node.span), {})

    with pytest.raises(FormattingFailed, match="mean something else"):
        format_text("a:   1\n", "x.yaml", read)
