"""Merging: what replaced what, and that nothing is changed in place."""

from __future__ import annotations

from mlc.compose.merge import merge
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node, plain
from mlc.load.reader import read


def tree(text: str, file: str) -> Node:
    node = read(text, file).node
    assert node is not None
    return node


def chain(node: Node | None) -> list[tuple[object, str]]:
    found = []
    while node is not None:
        found.append((plain(node), str(node.span)))
        node = node.overwrote
    return found


def test_a_value_remembers_every_value_it_replaced() -> None:
    low, middle, high = (tree(f"a: {{x: {n}}}\n", f"{n}.yaml") for n in (1, 2, 3))
    merged = merge(merge(low, middle), high)
    assert chain(merged.at(("a", "x"))) == [(3, "3.yaml:1:8"), (2, "2.yaml:1:8"), (1, "1.yaml:1:8")]
    again = merge(low, merge(middle, high))
    assert chain(again.at(("a", "x"))) == chain(merged.at(("a", "x")))


def test_a_value_replaced_by_a_map_stays_in_the_chain() -> None:
    merged = merge(
        merge(tree("a: 1\n", "1.yaml"), tree("a: {x: 2}\n", "2.yaml")), tree("a: {y: 3}\n", "3.yaml")
    )
    assert plain(merged) == {"a": {"x": 2, "y": 3}}
    assert chain(merged.at(("a",)))[1:] == [(1, "1.yaml:1:4")]


def test_a_missing_value_replaces_nothing() -> None:
    merged = merge(tree("a: 1\nb: ???\n", "1.yaml"), tree("a: ???\nb: ???\nc: ???\n", "2.yaml"))
    assert plain(merged) == {"a": 1, "b": "???", "c": "???"}
    assert chain(merged.at(("a",))) == [(1, "1.yaml:1:4")]


def test_inputs_are_not_changed() -> None:
    low, high = tree("a: {x: {p: 1}}\n", "1.yaml"), tree("a: {x: {q: 2}}\nb: 1\n", "2.yaml")
    before = plain(low), plain(high)
    merged = merge(low, high)
    merge(merged, tree("a: {x: {q: 5, r: 6}}\n", "3.yaml"))
    assert (plain(low), plain(high)) == before
    assert plain(merged) == {"a": {"x": {"p": 1, "q": 2}}, "b": 1}


def test_an_interpolation_that_leads_to_a_map_is_merged_into() -> None:
    merged = merge(tree("a: ${b}\nb: {x: 1}\n", "1.yaml"), tree("a: {y: 2}\n", "2.yaml"))
    assert plain(merged) == {"a": {"x": 1, "y": 2}, "b": {"x": 1}}


def test_a_map_and_a_list_cannot_be_merged() -> None:
    found: list[Diagnostic] = []
    merge(tree("a: {b: [1]}\n", "1.yaml"), tree("a: {b: {c: 1}}\n", "2.yaml"), found)
    assert [each.rule for each in found] == ["cannot-merge"]
    assert found[0].primary is not None
    assert str(found[0].primary.span) == "2.yaml:1:8"
    assert str(found[0].labels[1].span) == "1.yaml:1:8"
    assert "`a.b` is a map here and a list" in found[0].detail
