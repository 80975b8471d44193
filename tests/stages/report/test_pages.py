"""Pages and pictures of plans and graphs: they need nothing but themselves, and no value becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension

from mlc.cli._page import page
from mlc.ir.plan import Change, Narrowing, Plan, PlannedArtifact, Step
from mlc.ir.span import Span
from mlc.report import graph_dot, graph_mermaid, graph_page, graph_svg, plan_page
from rules.project import lay
from stages.html_page import Page
from stages.plan.test_narrowed import OTHER
from stages.plan.test_plan import MORE
from stages.plan.world import Place
from stages.report.test_plan_text import changed, planned

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;${{ x }}\x1b[2J\u202e]]>"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    found = Place(lay(tmp_path_factory.mktemp("pages"), MORE, OTHER))
    found.apply()
    return found


@pytest.fixture(scope="module")
def plan(place: Place) -> Plan:
    """Something of everything: a change, what follows, a removal, a file edited by hand, a part left out."""
    path = next(path for path, one in place.state.artifacts.items() if one.address == "deployment.web")
    place.written[path] += b"# mine\n"
    words = ("model.churn.train.seed=7", "gate.quality.metrics.roc_auc.min=0.8", "~deployment.other")
    return place.selected("", "model.other", *words, "model.other.description=Left out.")


def written(data: dict[str, Any]) -> Page:
    return Page(page(data))


def snapshot_of(snapshot: SnapshotAssertion, extension: str) -> SnapshotAssertion:
    class Single(SingleFileSnapshotExtension):
        file_extension = extension

    return snapshot.use_extension(Single)


class TestPlanPage:
    def test_snapshot(self, plan: Plan, snapshot: SnapshotAssertion) -> None:
        text = page(
            plan_page.page([plan, structs.replace(plan, environment="prod", steps=(), narrowing=None)])
        )
        assert text.encode() == snapshot_of(snapshot, "html")

    def test_it_says_what_the_plan_says(self, plan: Plan) -> None:
        words = " ".join(written(plan_page.page([plan])).words)
        for step in plan.steps:
            assert step.address in words
            for change in step.changes:
                assert change.path in words
        assert "left out by --exclude" in words
        assert "the file was edited by hand" in words
        assert "-# mine" in words

    def test_it_needs_nothing_but_itself(self, plan: Plan) -> None:
        self_contained(page(plan_page.page([plan])))

    def test_every_box_leads_to_its_entry(self, plan: Plan) -> None:
        complete(written(plan_page.page([plan])), boxes=5)

    def test_what_follows_is_connected(self, plan: Plan) -> None:
        (section,) = plan_page.page([plan])["sections"]
        titles = {box["id"]: box["title"] for box in section["boxes"]}
        lines = {(titles[line["source"]], titles[line["target"]]) for line in section["lines"]}
        assert lines == {
            ("gate.quality", "model.churn"),
            ("model.churn", "deployment.local"),
            ("model.churn", "deployment.web"),
        }

    def test_an_empty_plan_has_a_page(self, place: Place) -> None:
        found = written(plan_page.page([place.selected("kind:gate")]))
        assert any("Nothing to do: 1 resource selected and as described." in text for text in found.words)
        assert found.named("svg") == []

    def test_three_hundred_that_differ(self) -> None:
        steps: list[Step] = []
        for number in range(150):
            steps += changed(number, change=Change("train.seed", 0, number, None, "retrain"))
        complete(written(plan_page.page([planned(*steps)])), boxes=151)  # the deployments are alike

    def test_three_hundred_that_are_alike(self) -> None:
        steps = [step for number in range(150) for step in changed(number)]
        complete(written(plan_page.page([planned(*steps)])), boxes=2)

    def test_groups_that_refer_to_each_other_are_taken_apart(self) -> None:
        """m1 is in one group with m3, and m2 between them."""
        steps, edges = [], []
        for number in range(10):
            note = "a" if number % 2 else "b"
            change = Change("description", "", note, None, "metadata")
            steps.append(Step(f"model.m{number}", f"model.m{number}", "update", "metadata", (change,)))
            edges += [(f"model.m{number}", f"model.m{number - 1}")] if number else []
        complete(written(plan_page.page([planned(*steps, edges=tuple(edges))])), boxes=10)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.just(HOSTILE))
def test_no_value_becomes_markup(value: str) -> None:
    """The page of any text has the elements that the page of a plain text has."""

    def of(text: str) -> Page:
        span = Span(f"f{text}", 1, 1, 1, 1)
        change = Change(f"x{text}", f"x{text}", {f"k{text}": text}, span, "metadata")
        artifact = PlannedArtifact(
            f"a{text}", f"b{text}", "0", b"new", 1, 1, f"--- a\n+++ b\n@@ x\n+y{text!r}", 3
        )
        steps = (
            Step(f"model.{text}", f"model.x{text}", "update", "metadata", (change,), because=f"b{text}"),
            Step("artifact a", f"model.x{text}", "write", "render", because=f"w{text}", artifact=artifact),
        )
        narrowing = Narrowing((f"s{text}",), (), 1, (f"model.i{text}",))
        plan = planned(*steps, environment=f"e{text}", narrowing=narrowing)
        return written(plan_page.page([structs.replace(plan, project=f"p{text}")]))

    def shape(found: Page) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attributes)) for tag, attributes in found.elements]

    assert shape(of(value)) == shape(of("plain"))


class TestGraphPage:
    def test_snapshot(self, place: Place, snapshot: SnapshotAssertion) -> None:
        text = page(graph_page.page([place.graph()]))
        assert text.encode() == snapshot_of(snapshot, "html")
        self_contained(text)
        complete(Page(text), boxes=10)

    def test_picture(self, place: Place, snapshot: SnapshotAssertion) -> None:
        text = graph_svg.graph(place.graph())
        assert text.encode() == snapshot_of(snapshot, "svg")
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        labels = {one.text for one in root.iter("{http://www.w3.org/2000/svg}text")}
        assert {str(resource.address) for resource in place.graph().resources} <= labels

    def test_mermaid(self, place: Place) -> None:
        lines = graph_mermaid.graph(place.graph()).splitlines()
        assert lines[0] == "flowchart LR"
        assert '  r6["model.churn"]' in lines
        assert any(re.fullmatch(r'  r6 -- "model" --> r\d', line) for line in lines)

    def test_hostile_values_stay_values(self, tmp_path: Path) -> None:
        text = (
            HOSTILE.replace("\x1b", "")
            .replace("\u202e", "")
            .replace('"', "")
            .replace("${{", "")
            .replace("}}", "")
        )
        project = f'mlc: 1\nproject: shop\nowner: "{text}"\nenvironments: [dev]\n'
        graph = Place(lay(tmp_path, MORE, {"mlc.yaml": project})).graph()
        found = written(graph_page.page([graph]))
        assert found.named("img") == []
        assert len(found.named("script")) == 1
        ElementTree.fromstring(graph_svg.graph(graph))
        for form in (graph_mermaid.graph, graph_dot.graph):
            assert "<script" not in form(graph)


def self_contained(text: str) -> None:
    """No other file, no network, and no script but the page's own, by its digest."""
    found = Page(text)
    tags = {tag for tag, _ in found.elements}
    assert tags.isdisjoint({"link", "img", "iframe", "object", "embed", "base", "form"})
    for _, attributes in found.elements:
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert "://" not in text
    assert not re.search(r"url\(|@import|@font-face", text)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = (one for one in found.named("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    assert "prefers-color-scheme: dark" in text


def complete(found: Page, *, boxes: int) -> None:
    """Every id is there once, every box leads to an entry, every line to boxes."""
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    drawn = [one for one in found.named("a") if "data-box" in one]
    assert len(drawn) == boxes
    assert {one["href"] for one in drawn} <= {f"#{name}" for name in ids}
    keys = {one["data-box"] for one in drawn}
    for line in found.named("path"):
        assert {line["data-from"], line["data-to"]} <= keys
