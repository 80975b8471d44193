"""A plan as text: what is alike is said once, and nothing in it steers a terminal."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc.ir.operation import Operation
from mlc.ir.plan import Change, Plan, PlannedArtifact, Step
from mlc.ir.span import Span
from mlc.report import plan_entries, plan_text
from mlc.report.terminal import Paint

LINE = Span("model/_layer.yaml", 4, 7, 4, 10)


def changed(number: int, **different: Any) -> tuple[Step, ...]:
    """A model with another parameter, its deployment that follows, and the deployment's file."""
    name = f"m{number:04}"
    train = Operation(f"model.{name}/train", "d", {"estimator": "a.Forest"}, cost="retrain")
    deploy = Operation(f"deployment.{name}/deploy", "d", {}, cost="redeploy")
    change = Change("train.params.C", 1.0, 2.0, LINE, "retrain")
    artifact = PlannedArtifact(f"k8s/{name}/service.yaml", "kserve", "0", b"new\n", 1, 1, "", 4)
    return (
        Step(train.id, f"model.{name}", "run", "retrain", operation=train, unknown=("model",)),
        Step(f"model.{name}", f"model.{name}", "update", "retrain", (different.get("change", change),)),
        Step(
            deploy.id,
            f"deployment.{name}",
            "run",
            "redeploy",
            because=f"because model.{name} changes",
            due_to=f"model.{name}",
            operation=deploy,
        ),
        Step(f"artifact {artifact.path}", f"deployment.{name}", "write", "render", artifact=artifact),
    )


def planned(*steps: Step, **more: Any) -> Plan:
    return Plan(1, "mlc 0", "fleet", more.pop("environment", "dev"), "here", 7, steps, **more)


def text(plan: Plan, *, verbose: bool = False) -> list[str]:
    return plan_text.plan(plan, Paint(), verbose=verbose).splitlines()


class TestTogether:
    def test_a_thousand_alike_are_said_once(self) -> None:
        steps = [step for number in range(1000) for step in changed(number)]
        lines = text(planned(*steps))
        assert lines[1:-1] == [
            "~ 1,000 models                  retrain            train.params.C 1.0 → 2.0  model/_layer.yaml:4:7",
            "    model.m0000, model.m0001, model.m0002, model.m0003 and 996 more (-v names them)",
            "    train (Forest)",
            "~ 1,000 deployments             redeploy           because the model that each builds on changes",
            "    deployment.m0000, deployment.m0001, deployment.m0002, deployment.m0003 and 996 more (-v names them)",
            "    deploy",
            "~ 1,000 artifacts k8s/*/service.yaml  +1 −1 each",
        ]
        assert lines[-1].startswith(
            "Plan: 0 to add, 3,000 to change, 0 to destroy · 1,000 retrain · 1,000 redeploy"
        )
        assert len([line for line in text(planned(*steps), verbose=True) if line.startswith("~")]) == 3000

    def test_one_that_differs_stands_by_itself(self) -> None:
        other = Change("train.params.C", 1.5, 2.0, LINE, "retrain")
        steps = [step for number in range(6) for step in changed(number)] + [*changed(6, change=other)]
        lines = [line for line in text(planned(*steps)) if line.startswith("~")]
        assert lines[0].startswith("~ 6 models ")
        assert lines[2].startswith("~ model.m0006 ")
        assert "1.5 → 2.0" in lines[2]

    def test_a_few_are_named(self) -> None:
        steps = [step for number in range(plan_entries.TOGETHER - 1) for step in changed(number)]
        assert [line[2:14] for line in text(planned(*steps)) if line.startswith("~ m")] == [
            "model.m0000 ",
            "model.m0001 ",
            "model.m0002 ",
        ]

    def test_an_integer_that_becomes_a_number_is_no_other_change(self) -> None:
        """1 and 1.0 are equal to Python; what the text says of them is not."""
        steps = [step for number in range(3) for step in changed(number)]
        for number in range(3, 6):
            steps += changed(number, change=Change("train.params.C", 1, 2.0, LINE, "retrain"))
        assert sum(line.startswith("~ model.") for line in text(planned(*steps))) == 6


class TestEnvironments:
    def test_the_same_is_not_repeated(self) -> None:
        plans = [planned(*changed(1), environment=name) for name in ("dev", "stage", "prod")]
        lines = plan_text.plans(plans, Paint()).splitlines()
        assert sum("1.0 → 2.0" in line for line in lines) == 1
        assert sum(line == "  the same as in dev (-v shows it)" for line in lines) == 2
        assert lines[-1] == (
            "3 environments: 0 to add, 9 to change, 0 to destroy · 3 retrain · 3 redeploy · 0 resources unchanged"
        )

    def test_what_differs_is(self) -> None:
        plans = [planned(*changed(1)), planned(*changed(2), environment="prod")]
        assert "the same" not in plan_text.plans(plans, Paint())


class TestDifference:
    def test_it_is_shown_with_v(self) -> None:
        diff = "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
        artifact = PlannedArtifact("f", "docker", "0", b"a\nc\n", 1, 1, diff, 4)
        plan = planned(Step("artifact f", "model.a", "write", "render", artifact=artifact))
        assert text(plan)[1] == "~ artifact f  +1 −1"
        assert text(plan, verbose=True)[1:6] == [
            "~ artifact f  +1 −1",
            "    @@ -1,2 +1,2 @@",
            "     a",
            "    -b",
            "    +c",
        ]

    @pytest.mark.parametrize(
        ("content", "size", "expected"),
        [
            (b"a\n" * 30, None, "    … and 10 more lines"),
            (b"\0\1\2", None, "    3 bytes, not shown line by line"),
            (b"a" * 2000, 1000, "    1,000 → 2,000 bytes, not shown line by line"),
        ],
    )
    def test_the_rest_is_summed_up(self, content: bytes, size: int | None, expected: str) -> None:
        artifact = PlannedArtifact("f", "docker", "0", content, 1, 0, "", size)
        plan = planned(Step("artifact f", "model.a", "write", "render", artifact=artifact))
        assert text(plan, verbose=True)[-2] == expected


class TestValues:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            (1, 2.0, "1 → 2.0"),
            ("", "a", '"" → a'),
            (["a"], ["a", "b"], '["a"] → ["a", "b"]'),
            ("x" * 60 + "old", "x" * 60 + "new", "…" + "x" * 12 + "old → …" + "x" * 12 + "new"),
            ("a" + "x" * 60, "b" + "x" * 60, "a" + "x" * 38 + "… → b" + "x" * 38 + "…"),
        ],
    )
    def test_two_values_are_cut_where_they_differ(self, before: Any, after: Any, expected: str) -> None:
        change = Change("f", before, after, None, "none")
        plan = planned(Step("model.a", "model.a", "update", "none", (change,)))
        assert text(plan)[1].endswith(f"f {expected}")
        assert str(after) in "".join(text(plan, verbose=True)) or not isinstance(after, str)


HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["\x1b[2J", "\x1b]0;title\x07", "a\r\nb", "\u202e", "::error::x", "\x9b31m"]
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(HOSTILE, HOSTILE, st.booleans(), st.booleans())
def test_nothing_steers_the_terminal(one: str, two: str, verbose: bool, colour: bool) -> None:
    change = Change(f"description.{two}", one, two, Span(one, 1, 1, 1, 1), "metadata")
    diff = "--- f\n+++ f\n@@ -1 +1 @@\n" + "\n".join(f"-{line}" for line in [one, two])
    artifact = PlannedArtifact(two, "docker", "0", two.encode(), 1, 1, diff, 4)
    plan = planned(
        Step("model.a", f"model.{one}", "update", "metadata", (change,), because=two),
        Step("artifact f", "model.a", "write", "render", because=one, artifact=artifact),
    )
    shown = plan_text.plan(plan, Paint(colour), verbose=verbose)
    shown = shown.replace("\x1b[0m", "")
    for code in ("1", "2", "31", "32", "33", "34", "36"):
        shown = shown.replace(f"\x1b[{code}m", "")
    steering = {one for one in shown if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")}
    assert steering <= {"\n", "\t"}
