"""A rename is not a destroy and a create: what was applied under the old name goes on under the new one."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from acceptance.conftest import applied
from mlc import pipeline, states
from mlc.apply import Stop
from mlc.ir.event import Finished, StepDone
from mlc.ir.moves import followed, former
from mlc.ir.operation import Outcome
from mlc.ir.plan import Plan
from mlc.ir.state import AppliedArtifact, Move, renamed
from mlc.request import Request
from mlc.store import saved_plan
from mlc.store.state import opened, read_state
from rules.project import lay

__all__ = ["applied"]

MOVED = "moved:\n  model.churn: model.leaving\n  dataset.people: dataset.persons\n"


@pytest.fixture
def project(applied: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(applied, tmp_path / "project"))


def rename(root: Path, kind: str, was: str, now: str, *fields: str) -> None:
    (root / kind / f"{was}.yaml").rename(root / kind / f"{now}.yaml")
    for path in root.glob("*/*.yaml"):
        text = path.read_text(encoding="utf-8")
        for field in fields:
            text = text.replace(f"{field}: {was}\n", f"{field}: {now}\n").replace(f"{{{was}: ", f"{{{now}: ")
        path.write_text(text, encoding="utf-8")


def add(root: Path, text: str) -> None:
    with (root / "mlc.yaml").open("a", encoding="utf-8") as file:
        file.write(text)


def planned(root: Path, environment: str = "dev") -> Plan:
    validated, compiled = pipeline.compile_project(Request(root, (environment,)))
    assert validated.diagnostics == ()
    return pipeline.plan(root, compiled[0])


def apply(root: Path, plan: Plan) -> list[StepDone]:
    events = [*pipeline.apply(root, plan, Stop())]
    assert isinstance(events[-1], Finished)
    assert events[-1].outcome == "done", events
    return [event for event in events if isinstance(event, StepDone)]


def by_action(plan: Plan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in plan.steps:
        found.setdefault(step.action, []).append(step.id)
    return found


def test_renaming_a_dataset_records_the_name_and_trains_nothing(project: Path) -> None:
    rename(project, "dataset", "people", "persons", "dataset")
    add(project, "moved: {dataset.people: dataset.persons}\n")
    plan = planned(project)
    actions = by_action(plan)
    assert plan.steps[0].action == "move"
    assert actions["move"] == ["move dataset.persons"]
    assert "create" not in actions
    assert "delete" not in actions
    assert "update" not in actions  # that the model refers to it by its new name is part of the rename
    # the card and the registry's entry name the dataset, and nothing else does
    assert {step.partition("/")[0] for step in actions.get("run", [])} <= {
        "model.churn",
        "deployment.local",
        "deployment.web",
    }
    assert not {"model.churn/train", "model.churn/export", "dataset.persons/ingest"} & {*actions["run"]}
    apply(project, plan)
    assert planned(project).is_empty


def test_renaming_a_model_and_its_dataset_at_once(project: Path) -> None:
    rename(project, "dataset", "people", "persons", "dataset")
    rename(project, "model", "churn", "leaving", "model")
    add(project, MOVED)
    plan = planned(project)
    assert [step.action for step in plan.steps[:3]] == ["move", "move", "run"]
    done = apply(project, plan)
    assert not [event for event in done if event.step.endswith(("/ingest", "/train", "/export"))]
    assert planned(project).is_empty
    assert not (project / "generated/dev/models/churn").exists()
    assert (project / "generated/dev/models/leaving/evaluation.html").is_file()
    state = states.read(project, "dev")
    names = {*state.resources, *state.operations, *(found.address for found in state.artifacts.values())}
    assert not [name for name in names if name.startswith(("model.churn", "dataset.people"))]
    assert state.resources["model.leaving"]["dataset"] == "persons"


def test_without_the_entry_it_is_a_destroy_and_a_create(project: Path) -> None:
    rename(project, "dataset", "people", "persons", "dataset")
    actions = by_action(planned(project))
    assert "dataset.persons" in actions["create"]
    assert "dataset.people" in actions["delete"]


def test_a_local_deployment_is_made_anew_and_the_old_one_taken_back(project: Path) -> None:
    rename(project, "deployment", "local", "here")
    add(project, "moved: {deployment.local: deployment.here}\n")
    plan = planned(project)
    actions = by_action(plan)
    assert actions["undo"] == ["deployment.local/deploy"]
    assert "delete" not in actions
    assert {step.address for step in plan.steps if step.action in ("move", "undo")} == {"deployment.here"}
    apply(project, plan)
    assert [path.name for path in (project / ".mlc/deployments/dev").iterdir()] == ["here"]
    assert planned(project).is_empty


def test_killed_after_the_rename_the_next_apply_finishes_it(project: Path) -> None:
    rename(project, "deployment", "local", "here")
    rename(project, "dataset", "people", "persons", "dataset")
    add(project, "moved: {deployment.local: deployment.here, dataset.people: dataset.persons}\n")
    running = pipeline.apply(project, planned(project), Stop())
    moved = 0
    while moved < 2:
        event = next(running)
        moved += isinstance(event, StepDone) and event.action == "move"
    running.close()  # type: ignore[attr-defined]
    assert sorted(path.name for path in (project / ".mlc/deployments/dev").iterdir()) == ["local"]
    plan = planned(project)
    assert "move" not in by_action(plan)
    apply(project, plan)
    assert planned(project).is_empty
    assert [path.name for path in (project / ".mlc/deployments/dev").iterdir()] == ["here"]


def test_a_chain_is_followed_from_any_of_its_names(project: Path) -> None:
    rename(project, "policy", "care", "caution")
    model = project / "model" / "churn.yaml"
    model.write_text(model.read_text(encoding="utf-8").replace("[care]", "[caution]"), encoding="utf-8")
    add(project, "moved: {policy.care: policy.worry, policy.worry: policy.caution}\n")
    plan = planned(project)
    assert by_action(plan) == {"move": ["move policy.caution"]}
    apply(project, plan)
    assert planned(project).is_empty


def test_a_move_that_was_followed_may_stay_written(project: Path) -> None:
    """Environments are applied one after another: the entry is of no effect where there is nothing to move."""
    add(project, "moved: {model.never_applied: model.churn}\n")
    assert planned(project).is_empty
    assert "move" not in by_action(planned(project, "prod"))


def test_steps_wait_for_the_rename(project: Path) -> None:
    rename(project, "model", "churn", "leaving", "model")
    add(project, "moved: {model.churn: model.leaving}\n")
    steps = [step for step in planned(project).steps if step.address == "model.leaving"]
    assert steps[0].id == "move model.leaving"
    assert all("move model.leaving" in step.depends_on for step in steps[1:] if step.action != "remove")


def test_a_saved_plan_holds_the_move(project: Path) -> None:
    rename(project, "dataset", "people", "persons", "dataset")
    add(project, "moved: {dataset.people: dataset.persons}\n")
    plan = planned(project)
    assert saved_plan.decode(saved_plan.encode(plan)).steps[0].move == plan.steps[0].move


def test_the_store_moves_all_of_it_in_one_change(tmp_path: Path) -> None:
    path = tmp_path / "dev.db"
    outcome = Outcome(key="k", driver="files", made_from={}, outputs={})
    move = Move("model.a", "model.b", ("train",), {"deployment.web": {"model": "b"}})
    with opened(path) as store:
        store.put_resource("model.a", {"x": 1})
        store.put_resource("deployment.web", {"model": "a"})
        store.put_operation("model.a/train", outcome)
        store.put_operation("model.a/deploy", outcome)
        store.put_artifact("p", AppliedArtifact("d", "docker", "model.a"))
        store.put_artifact("q", AppliedArtifact("d", "docker", "model.c"))
        before = store.read()
        store.move(move)
        after = store.read()
    assert after.serial == before.serial + 1
    assert sorted(after.operations) == ["model.a/deploy", "model.b/train"]
    assert after.resources == {"model.b": {"x": 1}, "deployment.web": {"model": "b"}}
    assert [after.artifacts[name].address for name in "pq"] == ["model.b", "model.c"]
    expected = renamed(before, move)
    assert (after.resources, after.operations, after.artifacts) == (
        expected.resources,
        expected.operations,
        expected.artifacts,
    )


def test_a_move_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "dev.db"
    with opened(path) as store:
        store.put_resource("model.a", {"x": 1})
        store.put_artifact("p", AppliedArtifact("d", "docker", "model.a"))
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TRIGGER fail BEFORE UPDATE ON entry WHEN old.type = 'artifact' "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    connection.close()
    before = read_state(path)
    with opened(path) as store, pytest.raises(Exception, match="no"):
        store.move(Move("model.a", "model.b"))
    assert read_state(path) == before


def test_following_names() -> None:
    moved = {"a": "b", "b": "c", "x": "c"}
    assert followed(moved, "a") == ("b", "c")
    assert former(moved, "c") == ("b", "x", "a")
    assert former(moved, "b") == ("a",)
    assert followed({"a": "b", "b": "a"}, "a") == ("b", "a")
    assert former({"a": "b", "b": "a"}, "a") == ("b",)


@pytest.mark.parametrize(
    ("moved", "rule"),
    [
        ("{model.old: model.churn}", None),
        ("{model.older: model.old, model.old: model.churn}", None),
        ("{old: model.churn}", "bad-format"),
        ("{model.old: churn}", "bad-format"),
        ("{model.old: 3}", "wrong-type"),
        ("[model.old]", "wrong-type"),
        ("{modle.old: model.churn}", "bad-move"),
        ("{gate.old: model.churn}", "bad-move"),
        ("{model.churn: model.other}", "moved-source-exists"),
        ("{model.old: model.other}", "moved-target-missing"),
        ("{model.a: model.b, model.b: model.a}", "moved-target-missing"),
        ("{model.a: model.a}", "moved-target-missing"),
        ("{model.a: model.churn, model.b: model.churn}", "moved-twice"),
    ],
)
def test_mistakes(tmp_path: Path, moved: str, rule: str | None) -> None:
    project = f"mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\nmoved: {moved}\n"
    found = pipeline.validate(Request(lay(tmp_path, {"mlc.yaml": project}))).diagnostics
    assert {one.rule for one in found} == ({rule} if rule else set())
    assert all(one.primary is not None and one.primary.span.line == 5 for one in found)
