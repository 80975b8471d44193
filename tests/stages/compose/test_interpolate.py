"""Interpolations: what they give, what they remember, and what they refuse."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mlc.compose.grammar import GrammarError, parse
from mlc.compose.interpolate import Budget, follow, resolve
from mlc.compose.mentions import grammar_diagnostics, references
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node, plain
from mlc.load.reader import read


def tree(text: str) -> Node:
    node = read(text, "f.yaml").node
    assert node is not None
    return node


def resolved(
    text: str, allowed: dict[str, Any] | None = None, **budget: int
) -> tuple[Any, tuple[Diagnostic, ...]]:
    node, found = resolve(tree(text), allowed or {}, Budget(**budget))
    return plain(node), found


def place(found: Diagnostic) -> str:
    assert found.primary is not None
    span = found.primary.span
    return f"{span.line}:{span.column}-{span.end_line}:{span.end_column}"


def test_a_resolved_value_remembers_what_was_written_and_where() -> None:
    node, found = resolve(tree("a: {x: 1}\nb: ${a.x}\nc: n-${b}\n"), {})
    assert found == ()
    b = node.at(("b",))
    assert b is not None
    assert (b.value, b.written, str(b.span), str(b.key_span)) == (1, "${a.x}", "f.yaml:2:4", "f.yaml:2:1")
    assert node.at(("c",)).value == "n-1"  # type: ignore[union-attr]


def test_a_map_is_given_as_a_map_and_its_interpolations_keep_their_place() -> None:
    values, found = resolved("a: {x: 1, y: '${.x}', z: '${..k}'}\nk: 5\nb: {x: 2, c: '${a}'}\n")
    assert found == ()
    assert values["b"]["c"] == {"x": 1, "y": 1, "z": 5}


def test_a_tree_without_interpolations_is_the_same_object() -> None:
    root = tree("a: {b: [1, 2]}\n")
    assert resolve(root, {})[0] is root


@pytest.mark.parametrize(
    "text",
    [
        "${oc.env:HOME}",
        "${ oc.env : HOME }",
        "${oc.env:HOME,default}",
        "x-${oc.env:HOME}",
        "${${x}:HOME}",
        "${oc.${e}:HOME}",
        "${${o}.${e}:HOME}",
        "${ok:${oc.env:HOME}}",
        "${ok:[{a: ${oc.env:HOME}}]}",
        "${ok:'${oc.env:HOME}'}",
        "${a.${oc.env:HOME}}",
        "${oc.create:{a: 1}}",
        "${oc.decode:'${oc.env:HOME}'}",
        "${oc.select:a}",
        "${oc.dict.keys:a}",
        "${env:HOME}",
        "${hydra:runtime.cwd}",
        "${now:%Y}",
    ],
)
def test_every_spelling_of_a_forbidden_resolver_is_refused(text: str) -> None:
    called: list[Any] = []
    document = (
        f"x: oc.env\no: oc\ne: env\na: {{}}\nt: {text!r}\n" if "'" not in text else f't: "{text}"\na: {{}}\n'
    )
    _, found = resolved(document, {"ok": lambda *a: called.append(a)})
    assert "forbidden-resolver" in [each.rule for each in found], found
    assert called == []


def test_an_allowed_resolver_gets_plain_values_and_may_refuse_them() -> None:
    seen: list[Any] = []

    def take(*arguments: Any) -> Any:
        seen.append(arguments)
        if arguments == ("no",):
            raise LookupError("There is no input `no`.")
        return {"k": [1, "two"]}

    values, found = resolved("m: {x: [1]}\na: ${f:1,x y,${m},'q ${m.x[0]}',null}\nb: ${f:no}\n", {"f": take})
    assert seen[0] == (1, "x y", {"x": [1]}, "q 1", None)
    assert values["a"] == {"k": [1, "two"]}
    assert [each.rule for each in found] == ["unresolved-interpolation"]
    assert "There is no input `no`." in found[0].detail
    assert place(found[0]) == "3:4-3:11"


def test_a_resolver_with_other_arguments_is_said_kindly() -> None:
    _, found = resolved("a: ${f:1,2}\n", {"f": lambda only: only})
    assert "does not take these arguments" in found[0].detail


def test_all_failures_are_reported_and_what_fails_keeps_its_text() -> None:
    values, found = resolved("a: ${nope}\nb: ${alpha.ba}\nalpha: {bar: 1}\nc: ${a}\nd: 1\n")
    assert [each.rule for each in found] == ["unresolved-interpolation"] * 2
    assert found[1].help == 'Did you mean "bar"?'
    assert place(found[1]) == "2:4-2:15"
    assert values == {"a": "${nope}", "b": "${alpha.ba}", "alpha": {"bar": 1}, "c": "${a}", "d": 1}


def test_the_place_is_the_interpolation_within_its_text() -> None:
    _, found = resolved('a: x-${nope}-y\nb: "x-${nope}-y"\n')
    assert [place(each) for each in found] == ["1:6-1:13", "2:7-2:14"]


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ("a: ${a}\n", "`a` → `a`"),
        ("a: ${b}\nb: x${c}\nc: ${a}\n", "`a` → `b` → `c` → `a`"),
        ("a:\n  b: ${a}\n", "`a.b` → `a`"),
        ("a:\n  b: ${..a}\n", None),
        ("a:\n  x: ${b}\nb:\n  y: ${a}\n", None),
        ("a:\n- ${a}\n", None),
        ("a: ${b.c}\nb: ${a}\n", None),
        ("a: ${f:${a}}\n", "`a` → `a`"),
    ],
)
def test_a_cycle_shows_its_loop(text: str, loop: str | None) -> None:
    _, found = resolved(text, {"f": str})
    assert found
    if loop is not None:
        assert [each.rule for each in found] == ["interpolation-cycle"]
        assert loop in found[0].detail


def test_a_missing_value_cannot_be_referred_to() -> None:
    _, found = resolved("a: ???\nb: ${a}\n")
    assert [each.rule for each in found] == ["unresolved-interpolation"]
    assert "`???`" in found[0].detail


@pytest.mark.parametrize(
    "text",
    [
        "a0: [1,2,3,4,5,6,7,8,9,10]\n" + "".join(
            f"a{i}:\n" + f"- ${{a{i - 1}}}\n" * 10 for i in range(1, 40)
        ),
        "a0: xxxxxxxxxx\n" + "".join(f"a{i}: {''.join([f'${{a{i - 1}}}'] * 10)}\n" for i in range(1, 40)),
        "".join(f"a{i}: ${{a{i + 1}}}\n" for i in range(5000)) + "a5000: 1\n",
        "".join(f"a{i}:\n  x: ${{a{i + 1}}}\n" for i in range(2000)) + "a2000: 1\n",
        "".join(f"a{i}: ${{a{i + 1}[${{a{i + 1}}}][${{a{i + 1}}}]}}\n" for i in range(100)) + "a100: a\n",
        "a: " + "${a" * 5000 + "}" * 5000 + "\n",
        "a: ${f:" + "[" * 5000 + "]" * 5000 + "}\n",
        "a: ${f:" + "x" * 200_000 + "}\n",
        "a: '" + "${" * 100_000 + "'\n",
        "a: '" + "\\" * 400_000 + "${b}'\nb: 1\n",
        "a: '${f:" + " " * 400_000 + "'\n",
        "a: '${f:" + "a " * 200_000 + "}'\n",
        "a: '${f:" + "1_" * 200_000 + "}'\n",
    ],
)  # fmt: skip
def test_hostile_interpolations_cost_little(text: str) -> None:
    before = time.process_time()
    _, found = resolved(text, {"f": len})
    assert time.process_time() - before < 2.0
    assert {each.rule for each in found} <= {
        "interpolation-too-large", "bad-interpolation", "unresolved-interpolation"
    }  # fmt: skip


def test_budgets_are_told() -> None:
    bomb = "a: [1, 2, 3]\nb: ['${a}', '${a}']\nc: ['${b}', '${b}', '${b}']\n"
    assert resolved(bomb)[1] == ()
    assert [each.rule for each in resolved(bomb, nodes=15)[1]] == ["interpolation-too-large"]
    assert [each.rule for each in resolved("a: xxx\nb: ${a}${a}\n", characters=5)[1]] == [
        "interpolation-too-large"
    ]
    assert [each.rule for each in resolved("a: ${b}\nb: ${c}\nc: ${d}\nd: 1\n", depth=1)[1]][:1] == [
        "interpolation-too-large"
    ]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("plain", ()),
        ("${a.b}", ("a.b",)),
        ("x${.a}y${..b[c]}", (".a", "..b[c]")),
        ("${a.${b.c}}", ("a.${b.c}", "b.c")),
        ("${f:${a},[${b}],{k: ${c}},'${d}'}", ("a", "b", "c", "d")),
        ("${[a].b}", ("[a].b",)),
        ("\\${a}", ()),
        ("${a", ()),
    ],
)
def test_references_are_listed_as_written(text: str, keys: tuple[str, ...]) -> None:
    assert references(text) == keys


@pytest.mark.parametrize(
    "text", ["${", "${a", "${}", "${a b}", "${.}", "${a.}", "${a[}", "${f:", "${f:[}", "${f:'}", "${a:b:c"]
)
def test_what_is_no_interpolation_is_located(text: str) -> None:
    with pytest.raises(GrammarError) as caught:
        parse(text)
    assert 0 <= caught.value.offset <= len(text)
    found = grammar_diagnostics(tree(f'k: ["{text}"]\n'))
    assert [each.rule for each in found] == ["bad-interpolation"]


def test_follow_goes_through_interpolations_to_the_place() -> None:
    root = tree("a: {b: [1, {c: 2}]}\nr: ${a.b}\n")
    found = follow(root, ("r", "1", "c"))
    assert found is not None
    assert found[0] == ("a", "b", 1, "c")
    assert follow(root, ("r", "7")) is None
    with pytest.raises(LookupError):
        follow(tree("a: ${b}\n"), ("a",))
