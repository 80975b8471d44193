"""What dbt's selector grammar chooses, against a model that says it in the most naive way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc import pipeline
from mlc.ir.address import Address
from mlc.ir.selection import Candidate, Candidates, Chosen, Standing
from mlc.request import request
from mlc.select import candidates, choose, not_there
from mlc.select.grammar import METHODS, parse, source
from rules.project import lay

KINDS = ("dataset", "model", "deployment", "target")
STANDINGS: tuple[Standing, ...] = ("new", "modified", "unmodified", "removed")


def chosen(among: Candidates, select: str, exclude: str = "") -> Chosen:
    selection, mistakes = parse((select,) if select else (), (exclude,) if exclude else (), KINDS)
    assert mistakes == ()
    return choose(selection, among)


def names(among: Candidates, select: str, exclude: str = "") -> str:
    return " ".join(sorted(map(str, chosen(among, select, exclude).selected)))


@st.composite
def graphs(draw: st.DrawFn) -> Candidates:
    """Up to eight resources; each may refer to earlier ones."""
    resources: list[Candidate] = []
    upstream: dict[Address, tuple[Address, ...]] = {}
    downstream: dict[Address, tuple[Address, ...]] = {}
    standings: dict[Address, Standing] = {}
    for index in range(draw(st.integers(1, 8))):
        address = Address(draw(st.sampled_from(KINDS)), f"{draw(st.sampled_from('abc'))}{index}")
        tags = tuple(draw(st.lists(st.sampled_from(["nightly", "risk"]), unique=True)))
        owner = draw(st.sampled_from(["growth", "risk-ml"]))
        earlier = [one.address for one in resources]
        targets = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        resources.append(Candidate(address, tags, owner, None))
        upstream[address] = tuple(targets)
        for target in targets:
            downstream[target] = (*downstream.get(target, ()), address)
        standings[address] = draw(st.sampled_from(STANDINGS))
    return Candidates(tuple(resources), upstream, downstream, KINDS, standings)


VALUES = st.sampled_from(
    [
        "a*",
        "*0",
        "model.*",
        "model",
        "*.b?",
        "tag:nightly",
        "tag:r*",
        "owner:risk-ml",
        "kind:model",
        "resource_type:dep*",
        "path:model",
        "path:*/a*.yaml",
        "state:new",
        "state:modified",
        "state:removed",
        "[bc]*",
    ]
)
TERMS = st.builds(
    lambda before, value, after: f"{before}{value}{after}",
    st.sampled_from(["", "", "+", "1+", "2+", "0+"]),
    VALUES,
    st.sampled_from(["", "", "+", "+1", "+2", "+0"]),
) | VALUES.map(lambda value: f"@{value}")
SELECTIONS = st.lists(st.lists(TERMS, min_size=1, max_size=3).map(",".join), min_size=1, max_size=3).map(
    " ".join
)


def naive(among: Candidates, text: str) -> set[Address]:
    """The same by single steps from neighbour to neighbour."""
    found: set[Address] = set()
    for word in text.split():
        found |= set.intersection(*(naive_term(among, part) for part in word.split(",")))
    return found


def naive_term(among: Candidates, text: str) -> set[Address]:
    everything = [one.address for one in among.resources]

    def walked(start: set[Address], steps: int, *, up: bool) -> set[Address]:
        reached = set(start)
        for _ in range(steps):
            reached |= {
                other
                for other in everything
                for one in reached
                if (other in among.upstream.get(one, ()) if up else one in among.upstream.get(other, ()))
            }
        return reached

    most = len(everything)
    if text.startswith("@"):
        return walked(walked(naive_value(among, text[1:]), most, up=False), most, up=True)
    above = below = 0
    head, plus, rest = text.partition("+")
    if plus and (not head or head.isdigit()):
        above, text = int(head or most), rest
    head, plus, rest = text.rpartition("+")
    if plus and (not rest or rest.isdigit()):
        below, text = int(rest or most), head
    found = naive_value(among, text)
    return walked(found, above, up=True) | walked(found, below, up=False)


def naive_value(among: Candidates, value: str) -> set[Address]:
    from fnmatch import fnmatchcase

    method, colon, rest = value.rpartition(":")
    found = set()
    for one in among.resources:
        kind, name = one.address.kind, one.address.name
        values: dict[str, list[str]] = {
            "": [kind, name, f"{kind}.{name}"],
            "tag": list(one.tags),
            "owner": [one.owner],
            "kind": [kind],
            "resource_type": [kind],
            "path": [kind, f"{kind}/{name}.yaml"],
            "state": [among.standings[one.address]],
        }
        against = values[method if colon else ""]
        if rest == "modified":
            against += ["modified"] if against == ["new"] else []
        if any(fnmatchcase(text, rest) for text in against):
            found.add(one.address)
    return found


@settings(max_examples=400, deadline=None, derandomize=True)
@given(graphs(), SELECTIONS, SELECTIONS | st.just(""))
def test_it_chooses_what_the_naive_model_chooses(among: Candidates, select: str, exclude: str) -> None:
    left = naive(among, exclude)
    assert chosen(among, select, exclude).selected == naive(among, select) - left
    assert chosen(among, "", exclude).selected == {one.address for one in among.resources} - left
    assert chosen(among, select, exclude).excluded == left


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="ab.:+@,*123 \tü[state", max_size=20))
def test_any_words_are_followed_or_refused_with_a_place(text: str) -> None:
    selection, mistakes = parse((text,), (), KINDS)
    shown = source((text,), ()).splitlines() or [""]
    for one in mistakes:
        assert one.rule == "bad-selection"
        assert one.primary is not None
        assert 1 <= one.primary.span.column <= len(shown[0]) + 1
    assert mistakes or selection.select
    for term in selection.terms:
        assert term.value
        assert text.expandtabs(1)[term.span.column - 1 :].startswith(term.text)


class TestProject:
    """On a real one, where a resource has layers, an owner of its project, and references."""

    @pytest.fixture
    def among(self, tmp_path: Path) -> Candidates:
        layers = {
            "model/_linear.yaml": "tags: [linear]\n",
            "model/other.yaml": "defaults: [_linear, _self_]\ntask: binary_classification\ndataset: people\n"
            "features: basic\nowner: risk\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n",
            "env/dev.yaml": "presets: {model: {tags: [all]}}\n",
        }
        _, (compiled,) = pipeline.compile_project(request(lay(tmp_path, layers), ()))
        return candidates(compiled.graph, pipeline.LANGUAGE.kinds)

    @pytest.mark.parametrize(
        ("select", "expected"),
        [
            ("model.churn", "model.churn"),
            ("churn", "model.churn"),
            ("target", "target.here"),
            ("dataset.people+1", "dataset.people model.churn model.other"),
            ("people+2,deployment", "deployment.local"),
            ("+deployment.local", "dataset.people deployment.local features.basic model.churn target.here"),
            ("1+deployment.local", "deployment.local model.churn target.here"),
            ("@model.other", "dataset.people features.basic model.other"),
            ("tag:linear", "model.other"),
            ("tag:all", "model.churn"),
            ("owner:growth,model", "model.churn"),
            ("owner:risk", "model.other"),
            ("path:model", "model.churn model.other"),
            ("path:model/", "model.churn model.other"),
            ("path:model/_linear.yaml", "model.other"),
            ("./model/_linear.yaml", "model.other"),
            ("path:env/dev.yaml", "model.churn model.other"),
            ("model.c* target", "model.churn target.here"),
            ("kind:deployment resource_type:target", "deployment.local target.here"),
            ("model.zz* tag:*zz", ""),
            ("state:new", ""),
        ],
    )
    def test_chooses(self, among: Candidates, select: str, expected: str) -> None:
        assert names(among, select) == expected

    @pytest.mark.parametrize(
        ("select", "words", "help_text"),
        [
            ("model.chrun", "no resource has it as its name or kind", 'Did you mean "model.churn"?'),
            ("chrun+", "no resource has it", 'Did you mean "churn"?'),
            ("tag:liner", "no resource has this tag", 'Did you mean "linear"?'),
            ("owner:growht", "no resource has this owner", 'Did you mean "growth"?'),
            ("path:modle/", "no resource is written in a file or folder", 'Did you mean "model"?'),
            ("model/churn.yml", "no resource has it", 'Did you mean "model/churn.yaml"?'),
        ],
    )
    def test_a_name_that_is_not_there_is_a_mistake(
        self, among: Candidates, select: str, words: str, help_text: str
    ) -> None:
        for arguments in ((select, ""), ("", select)):
            (found,) = not_there([("dev", among, chosen(among, *arguments))])
            assert found.rule == "bad-selection"
            assert words in found.detail
            assert found.help == help_text

    def test_a_name_of_one_environment_is_right(self, among: Candidates) -> None:
        """`--env all --select deployment.canary`, which only one of them has."""
        empty = Candidates((), {}, {}, KINDS)
        asked = [("dev", empty, chosen(empty, "churn")), ("prod", among, chosen(among, "churn"))]
        assert not_there(asked) == ()


@pytest.mark.parametrize(
    ("text", "words", "help_text"),
    [
        ("tga:nightly", 'no way to select by "tga"', 'Did you mean "tag"?'),
        ("state:modifed", "selects nothing in any project", 'Did you mean "modified"?'),
        ("kind:modle", "selects nothing in any project", 'Did you mean "model"?'),
        ("@model.a+", "leave the + out", ""),
        ("+@model.a", "", None),
        ("a,,b", "names nothing to select", ""),
        ("+", "names nothing to select", ""),
        ("tag:", "names nothing to select", ""),
        ("", "names nothing to select", ""),
    ],
)
def test_what_cannot_be_followed(text: str, words: str, help_text: str | None) -> None:
    _, mistakes = parse((text,), (), KINDS)
    if help_text is None:  # taken for a name, which no resource has
        assert mistakes == ()
        return
    (found,) = mistakes
    assert words in found.detail
    assert help_text in found.help


def test_every_method_finds_something_by_itself() -> None:
    address = Address("model", "a")
    among = Candidates((Candidate(address, ("t",), "o", None),), {}, {}, KINDS, {address: "new"})
    values = {"kind": "model", "owner": "o", "path": "model/a.yaml", "state": "new", "tag": "t"}
    assert set(values) == set(METHODS)
    for method, value in values.items():
        assert names(among, f"{method}:{value}") == "model.a"
