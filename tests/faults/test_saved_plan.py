"""A saved plan: applied exactly as it was saved, or refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec import structs

from faults.forking import Ended, Server
from faults.small import model, rows, write
from mlc import drivers
from mlc.ir.operation import Operation
from mlc.ir.plan import Plan, Step
from mlc.store import saved_plan
from mlc.store.state import read_state


@pytest.fixture
def plan(server: Server, root: Path) -> Path:
    """A plan of the small project, to which nothing was applied yet."""
    assert server.run(root, "plan", "-o", "saved").code == 0
    return root / "saved"


def test_it_is_applied_whatever_was_written_since(server: Server, root: Path, plan: Path) -> None:
    write(root, "model/risk.yaml", model(description="Written after the plan was saved."))
    ended = server.run(root, "apply", "saved")
    assert ended.code == 0, ended
    state = read_state(root / ".mlc/state/dev.db")
    assert state.resources["model.risk"]["description"] == "Will it default?"
    write(root, "model/risk.yaml", model())
    assert "Nothing to do" in server.run(root, "apply", "--yes").out


def test_the_same_plan_has_the_same_bytes(server: Server, root: Path, plan: Path) -> None:
    assert server.run(root, "plan", "-o", "again").code == 0
    assert (root / "again").read_bytes() == plan.read_bytes()


def test_an_edited_one_is_refused(server: Server, root: Path, plan: Path) -> None:
    plan.write_bytes(plan.read_bytes().replace(b"Will it default?", b"Will it repay???"))
    _refused(server.run(root, "apply", "saved"), "bad-plan-file", "it was changed after it was saved")
    assert not (root / ".mlc/state/dev.db").exists()


def test_one_cut_short_is_refused(server: Server, root: Path, plan: Path) -> None:
    plan.write_bytes(plan.read_bytes()[:-100])
    _refused(server.run(root, "apply", "saved"), "bad-plan-file", "it is not a saved plan")


def test_one_of_another_state_is_refused(server: Server, root: Path, plan: Path) -> None:
    assert server.run(root, "apply", "saved").code == 0
    write(root, "model/risk.yaml", model(description="Another."))
    assert server.run(root, "plan", "-o", "second").code == 0
    write(root, "model/risk.yaml", model(description="A third."))
    assert server.run(root, "apply", "--yes").code == 0
    before = read_state(root / ".mlc/state/dev.db")
    for file in ("saved", "second"):
        ended = server.run(root, "apply", file)
        _refused(ended, "plan-stale", "Make a new plan")
    assert read_state(root / ".mlc/state/dev.db") == before


def test_one_of_other_data_is_refused(server: Server, root: Path, plan: Path) -> None:
    write(root, "data/loans.csv", rows(8))
    _refused(server.run(root, "apply", "saved"), "plan-stale", "data/loans.csv has changed since")


def test_one_made_by_another_mlc_is_refused(server: Server, root: Path, plan: Path) -> None:
    made = saved_plan.decode(plan.read_bytes())
    _write(plan, structs.replace(made, tool="mlc 0.0.1"))
    _refused(server.run(root, "apply", "saved"), "plan-stale", "it was made by mlc 0.0.1, and this is mlc")
    tools = {**made.tools, "sklearn_train": {**made.tools["sklearn_train"], "scikit-learn": "0.1"}}
    _write(plan, structs.replace(made, tools=tools))
    _refused(server.run(root, "apply", "saved"), "plan-stale", "the packages that sklearn_train works with")
    assert made.made is not None
    _write(plan, structs.replace(made, project="large"))
    _refused(server.run(root, "apply", "saved"), "plan-stale", "in the project large, and this is small")
    shown = json.loads(server.run(root, "show", "saved", "--format", "json").out)
    assert shown["stale"] == ["it was made in the project large, and this is small"]
    for other, words in (
        (structs.replace(made.made, source="0" * 64), "the code of mlc 0.1.0 is another one since"),
        (structs.replace(made.made, templates="0" * 64), "the templates have changed since"),
    ):
        _write(plan, structs.replace(made, made=other))
        _refused(server.run(root, "apply", "saved"), "plan-stale", words)
    _write(plan, structs.replace(made, version=99))
    _refused(server.run(root, "apply", "saved"), "bad-plan-file", "it has version 99")


def test_what_is_protected_is_not_destroyed_by_one_made_elsewhere(server: Server, root: Path) -> None:
    """Planning refuses already: a plan that gets past that, of another making, is looked at when it is applied."""
    protected = (root / "deployment/online.yaml").read_text(encoding="utf-8")
    write(root, "deployment/online.yaml", protected + "lifecycle: {prevent_destroy: true}\n")
    assert server.run(root, "apply", "--yes").code == 0
    write(root, "model/risk.yaml", model(description="Another."))
    assert server.run(root, "plan", "-o", "harmless").code == 0
    made = saved_plan.decode((root / "harmless").read_bytes())
    before = read_state(root / ".mlc/state/dev.db")
    deploying = Operation("deployment.online/deploy", "local", cost="redeploy", spec={})
    for step, words in (
        (Step("deployment.online", "deployment.online", "delete"), "delete it"),
        (Step(deploying.id, "deployment.online", "undo", operation=deploying), "take back its deploy"),
    ):
        tools = {**made.tools, **({"local": drivers.tools("local")} if step.operation else {})}
        _write(root / "harmful", structs.replace(made, steps=(*made.steps, step), tools=tools))
        _refused(server.run(root, "apply", "harmful"), "prevent-destroy", words)
        assert read_state(root / ".mlc/state/dev.db") == before
        assert (root / ".mlc/deployments/dev/online").is_dir()
    assert server.run(root, "apply", "harmless").code == 0


def test_every_reason_is_told_at_once(server: Server, root: Path, plan: Path) -> None:
    made = saved_plan.decode(plan.read_bytes())
    assert made.made is not None
    other = structs.replace(made.made, templates="0" * 64)
    _write(plan, structs.replace(made, tool="mlc 0.0.1", serial=7, made=other))
    write(root, "data/loans.csv", rows(8))
    ended = server.run(root, "apply", "saved")
    for words in (
        "made by mlc 0.0.1",
        "templates",
        "it was made against",
        "data/loans.csv has changed since",
    ):
        _refused(ended, "plan-stale", words)
    shown = json.loads(server.run(root, "show", "saved", "--format", "json").out)
    assert len(shown["stale"]) == 4


@pytest.mark.parametrize("selection", [[], ["--select", "+model.risk"], ["--exclude", "deployment.online"]])
def test_it_does_what_it_shows(server: Server, root: Path, selection: list[str]) -> None:
    assert server.run(root, "plan", "-o", "saved", *selection).code == 0
    shown = json.loads(server.run(root, "show", "saved", "--format", "json").out)
    assert (shown["stale"], shown["edited"]) == ([], [])
    write(root, "model/risk.yaml", model(description="Written after the plan was saved."))
    assert json.loads(server.run(root, "show", "saved", "--format", "json").out)["edited"] == [
        "model/risk.yaml"
    ]
    assert server.run(root, "apply", "saved", "--events", "events").code == 0
    events = [json.loads(line) for line in (root / "events").read_text(encoding="utf-8").splitlines()]
    done = {event["step"] for event in events if event["event"] == "step_done"}
    assert done == {step["id"] for step in shown["plans"][0]["steps"]}


def _write(file: Path, plan: Plan) -> None:
    file.write_bytes(saved_plan.encode(plan))


def _refused(ended: Ended, rule: str, words: str) -> None:
    assert ended.code == 1, ended
    assert f"error[{rule}]" in ended.err
    assert words in " ".join(ended.err.split())
    assert "Nothing was done" in " ".join(ended.err.split())
