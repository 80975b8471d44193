"""What has to be done, and why, in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from mlc.ir.plan import Plan, outcome
from mlc.ir.state import State
from rules.project import FILES, lay
from stages.plan.world import Place

MORE = {
    "gate/quality.yaml": "metrics: {roc_auc: {min: 0.7}}\n",
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression, params: {C: 1.0}}\ngates: [quality]\n",
    "target/cluster.yaml": "type: kserve\nstorage: s3://models\nserving_runtime: kserve-mlserver\n",
    "deployment/web.yaml": "model: churn\ntarget: cluster\n",
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where everything was applied."""
    found = Place(lay(tmp_path, MORE))
    found.apply()
    return found


def ids(planned: Plan) -> list[str]:
    return [step.id for step in planned.steps]


def because(planned: Plan, step_id: str) -> str:
    return next(step.because for step in planned.steps if step.id == step_id)


class TestFirst:
    def test_everything_is_created_dependencies_first(self, tmp_path: Path) -> None:
        planned = Place(lay(tmp_path, MORE)).plan()
        done: set[str] = set()
        for step in planned.steps:
            assert set(step.depends_on) <= done, step.id
            done.add(step.id)
        created = {step.address for step in planned.steps if step.action == "create"}
        assert created == {
            file.replace("/", ".").removesuffix(".yaml") for file in {**FILES, **MORE} if "env" not in file
        } - {"mlc"}
        assert planned.serial == 0
        assert planned.lineage == ""

    def test_a_plan_names_what_it_was_made_from(self, tmp_path: Path) -> None:
        planned = Place(lay(tmp_path, MORE)).plan()
        assert planned.files == {"people.csv": "1" * 64}
        assert set(planned.tools) == {step.operation.driver for step in planned.steps if step.operation}
        assert planned.known == {}

    def test_the_same_plan_again(self, tmp_path: Path) -> None:
        place = Place(lay(tmp_path, MORE))
        assert place.plan() == place.plan()


def test_nothing_is_to_do_after_it_was_done(place: Place) -> None:
    planned = place.plan()
    assert planned.is_empty
    assert planned.unchanged == len(place.graph().resources)


class TestWhy:
    def test_a_parameter(self, place: Place) -> None:
        planned = place.plan("model.churn.train.params.C=2.0")
        (update,) = [step for step in planned.steps if step.action == "update"]
        (change,) = update.changes
        assert (change.path, change.before, change.after, change.change_class) == (
            "train.params.C",
            1.0,
            2.0,
            "retrain",
        )
        assert str(change.cause) == "<command line>"
        assert because(planned, "model.churn/export") == "after train"
        assert because(planned, "deployment.local/promote") == "because model.churn changes"
        assert "dataset.people/ingest" not in ids(planned)
        assert planned.known == {
            "dataset.people/ingest": place.state.operations["dataset.people/ingest"].outputs
        }

    def test_the_line_that_gives_a_field_its_value(self, place: Place) -> None:
        lay(place.root, {**MORE, "env/dev.yaml": "patch: {model: {churn: {train: {params: {C: 3}}}}}\n"})
        (change,) = next(step.changes for step in place.plan().steps if step.action == "update")
        assert str(change.cause) == "env/dev.yaml:1:45"

    def test_a_field_that_is_gone_has_no_cause(self, place: Place) -> None:
        (change,) = next(
            step.changes
            for step in place.plan("~model.churn.train.params.C").steps
            if step.action == "update"
        )
        assert (change.path, change.after, change.cause) == ("train.params.C", None, None)

        assert change.origin == "gone"
        assert str(change.near) == "model/churn.yaml:4:69"

    def test_a_field_that_is_not_written_any_more_has_its_default_again(self, place: Place) -> None:
        place.apply("model.churn.train.seed=7")
        (change,) = next(step.changes for step in place.plan().steps if step.action == "update")
        assert (change.path, change.before, change.after, change.cause) == ("train.seed", 7, 0, None)
        assert change.origin == "default"
        assert str(change.near) == "model/churn.yaml:4:8"

    def test_a_field_that_is_new_was_not_null_before(self, place: Place) -> None:
        planned = place.plan("+model.churn.train.params.max_iter=50", "model.churn.card.risk_class=limited")
        changes = next(step.changes for step in planned.steps if step.action == "update")
        assert {change.path: (change.before, change.added) for change in changes} == {
            "train.params.max_iter": (None, True),
            "card.risk_class": (None, False),
        }

    def test_a_longer_list_is_caused_by_what_is_new_in_it(self, place: Place) -> None:
        text = FILES["dataset/people.yaml"].replace("values: [a, b]", "values: [a, b, c]")
        lay(place.root, MORE, {"dataset/people.yaml": text})
        (change,) = next(step.changes for step in place.plan().steps if step.action == "update")
        assert str(change.cause) == "dataset/people.yaml:4:39"

    def test_the_values_that_an_interpolation_read(self, place: Place) -> None:
        env = "vars: {who: one, all: 'for ${vars.who}'}\n"
        texts = {"env/dev.yaml": env, "target/here.yaml": "type: local\ndescription: Served ${vars.all}.\n"}
        lay(place.root, MORE, texts)
        place.apply()
        (place.root / "env/dev.yaml").write_text(env.replace("one", "another"), encoding="utf-8")
        (change,) = next(step.changes for step in place.plan().steps if step.action == "update")
        assert (change.before, change.after) == ("Served for one.", "Served for another.")
        assert str(change.cause) == "target/here.yaml:2:14"
        assert [f"{one.key} {one.span}" for one in change.reads] == [
            "vars.all env/dev.yaml:1:27",
            "vars.who env/dev.yaml:1:13",
        ]

    def test_a_gate_does_not_train_again(self, place: Place) -> None:
        planned = place.plan("gate.quality.metrics.roc_auc.min=0.8")
        assert "model.churn/gate" in ids(planned)
        assert not {"model.churn/train", "model.churn/export", "model.churn/measure"} & set(ids(planned))

    def test_another_confidence_evaluates_again(self, place: Place) -> None:
        planned = place.plan("gate.quality.metrics.roc_auc.confidence=0.99")
        assert {"model.churn/evaluate", "model.churn/gate"} <= set(ids(planned))
        assert "model.churn/train" not in ids(planned)

    def test_a_description_costs_metadata(self, place: Place) -> None:
        planned = place.plan("model.churn.description=Who leaves?")
        (update,) = [step for step in planned.steps if step.action == "update"]
        assert update.change_class == "metadata"
        assert ids(planned) == ["model.churn/card", "model.churn/register", "model.churn"]

    def test_a_version_that_stays_is_not_deployed_again(self, place: Place) -> None:
        """But who deploys it for another reason waits for what becomes of it."""
        planned = place.plan("model.churn.description=Who leaves?", "deployment.local.port=9000")
        register = next(step for step in planned.steps if step.id == "model.churn/register")
        assert register.unknown == ()
        assert set(register.stays) == {"version"}
        assert "deployment.web/promote" not in ids(planned)
        deploy = next(step for step in planned.steps if step.id == "deployment.local/deploy")
        assert deploy.depends_on == ("model.churn/register",)
        assert (deploy.because, deploy.due_to) == ("", "")
        assert "model.churn/register" not in planned.known
        place.do(planned)
        assert place.plan("model.churn.description=Who leaves?", "deployment.local.port=9000").is_empty

    def test_a_version_that_is_lost_does_not_stay(self, place: Place) -> None:
        place.lost.update(place.state.operations["model.churn/register"].outputs.values())
        planned = place.plan("model.churn.description=Who leaves?")
        assert "deployment.web/promote" in ids(planned)
        assert next(step for step in planned.steps if step.id == "model.churn/register").stays == {}

    def test_a_training_that_was_done_costs_nothing_again(self, place: Place) -> None:
        """A gate refused the model, say: its record and what comes after the gate are still to do."""
        words = ("model.churn.train.seed=7",)
        operations = dict(place.state.operations)
        place.apply(*words)
        done = {
            name: found
            for name, found in place.state.operations.items()
            if name.endswith(("/train", "/export"))
        }
        resources = {**place.state.resources, "model.churn": {**place.state.resources["model.churn"]}}
        resources["model.churn"]["train"] = {**resources["model.churn"]["train"], "seed": 0}
        place.state = structs.replace(place.state, resources=resources, operations={**operations, **done})
        steps = [step for step in place.plan(*words).steps if step.address == "model.churn"]
        assert [step.change_class for step in steps if step.action == "update"] == ["retrain"]
        assert "model.churn/train" not in {step.id for step in steps}
        assert outcome(steps) == "reevaluate"

    def test_the_dearest_of_several_changes_is_blamed(self, place: Place) -> None:
        planned = place.plan("dataset.people.description=New.", "gate.quality.metrics.roc_auc.min=0.8")
        assert because(planned, "model.churn/gate") == "because gate.quality changes"

    def test_what_was_applied_before_is_blamed_on_nobody_here(self, place: Place) -> None:
        place.do(place.selected("gate.quality", "", "gate.quality.metrics.roc_auc.min=0.8"))
        planned = place.plan("gate.quality.metrics.roc_auc.min=0.8")
        assert because(planned, "model.churn/gate") == "because what it was made from is different now"
        place.do(place.selected("+model.churn", "", "model.churn.train.seed=7"))
        planned = place.plan("model.churn.train.seed=7")
        assert because(planned, "deployment.local/promote") == "because the version of model.churn changed"

    def test_what_only_applying_tells(self, place: Place) -> None:
        planned = place.plan("model.churn.train.seed=7")
        unknown = {step.id: step.unknown for step in planned.steps if step.operation}
        assert unknown["model.churn/evaluate"] == ("evaluation",)
        assert unknown["model.churn/register"] == ("version",)
        assert unknown["deployment.local/deploy"] == ()

    def test_data_that_changed(self, place: Place) -> None:
        place.files["people.csv"] = "2" * 64
        planned = place.plan()
        assert because(planned, "dataset.people/ingest") == "because people.csv changed"
        assert because(planned, "model.churn/train") == "because dataset.people changes"
        assert [step for step in planned.steps if step.action == "update"] == []

    def test_a_package_of_another_version(self, place: Place) -> None:
        place.tools = lambda driver: {driver: "1", "python": "3.12" if driver == "sklearn_train" else "3.11"}
        planned = place.plan()
        assert because(planned, "model.churn/train") == "because python is 3.12, was 3.11"
        assert "dataset.people/ingest" not in ids(planned)

    def test_a_result_that_is_no_longer_there(self, place: Place) -> None:
        place.lost.update(place.state.operations["model.churn/train"].outputs.values())
        assert because(place.plan(), "model.churn/train") == "its result is no longer in the store"

    def test_a_published_file_that_was_edited_or_removed(self, place: Place) -> None:
        card = "generated/dev/models/churn/README.md"
        place.written[card] += b"edited"
        planned = place.plan()
        assert because(planned, "model.churn/card") == f"{card} was edited by hand"
        assert ids(planned) == ["model.churn/card"]  # it comes out as it was
        del place.written[card]
        assert because(place.plan(), "model.churn/card") == f"{card} is gone"

    def test_an_artifact_that_was_edited_or_removed(self, place: Place) -> None:
        path = next(
            path for path, applied in place.state.artifacts.items() if applied.address == "deployment.web"
        )
        content = place.written[path]
        place.written[path] = b"# mine\n" + content
        (step,) = place.plan().steps
        assert (step.action, step.because) == ("write", "the file was edited by hand")
        assert step.artifact is not None
        assert (step.artifact.added, step.artifact.removed) == (0, 1)
        assert step.artifact.diff.splitlines()[3] == "-# mine"
        del place.written[path]
        (step,) = place.plan().steps
        assert step.because == "the file is gone"
        assert step.artifact is not None
        assert step.artifact.added == len(content.splitlines())


class TestEarlyCutoff:
    def test_what_came_out_the_same_leads_to_nothing_more(self, place: Place) -> None:
        """The next plan is empty although the data differ, as what they were made into does not."""
        key = place.state.operations["dataset.people/ingest"].key
        place.files["people.csv"] = "2" * 64
        before = {name: found.outputs for name, found in place.state.operations.items()}
        place.apply(same={"dataset.people/ingest": key})
        assert place.state.operations["dataset.people/ingest"].outputs == before["dataset.people/ingest"]
        assert place.state.operations["model.churn/train"].outputs == before["model.churn/train"]
        assert place.plan().is_empty

    def test_known_holds_what_a_step_reads_of_operations_that_stay(self, place: Place) -> None:
        planned = place.plan("gate.quality.metrics.roc_auc.min=0.8")
        running = {step.id for step in planned.steps}
        needs = {need for step in planned.steps if step.operation for need in step.operation.needs}
        assert set(planned.known) == needs - running


class TestRemoval:
    def test_a_deployment_that_is_gone_is_undone_and_forgotten(self, place: Place) -> None:
        planned = place.plan("~deployment.web")
        actions = [(step.action, step.address) for step in planned.steps]
        assert ("undo", "deployment.web") in actions
        assert ("remove", "deployment.web") in actions
        assert actions[-1] == ("delete", "deployment.web")
        assert {address for _, address in actions} == {"deployment.web"}
        last = planned.steps[-1]
        assert set(last.depends_on) == set(ids(planned)) - {"deployment.web"}

    def test_a_later_operation_is_undone_before_an_earlier_one(self, place: Place) -> None:
        steps = place.plan("~deployment.local").steps
        undone = [step.id for step in steps if step.action == "undo"]
        assert sorted(undone) == ["deployment.local/deploy", "deployment.local/promote"]

    def test_what_builds_on_something_goes_before_it(self, place: Place) -> None:
        planned = place.plan("~deployment.web", "~deployment.local", "~model.churn", "~gate.quality")
        order = ids(planned)
        assert order.index("deployment.web") < order.index("model.churn/register")
        assert order.index("model.churn") < order.index("gate.quality")
        train = next(step for step in planned.steps if step.id == "model.churn/train")
        assert train.depends_on == ("deployment.local", "deployment.web")
        place.do(planned)

    def test_all_of_it(self, place: Place) -> None:
        place.apply("~deployment.web", "~deployment.local", "~model.churn")
        assert {address.partition(".")[0] for address in place.state.resources} == {
            "dataset",
            "features",
            "gate",
            "target",
        }
        assert all(address.startswith("dataset.") for address in place.state.operations)
        assert place.state.artifacts == {}
        assert place.plan("~deployment.web", "~deployment.local", "~model.churn").is_empty

    def test_it_comes_back(self, place: Place) -> None:
        place.apply("~deployment.web")
        assert {step.address for step in place.plan().steps} == {"deployment.web"}

    def test_a_deployment_that_moves_to_another_target_undoes_what_it_no_longer_does(
        self, place: Place
    ) -> None:
        planned = place.plan("deployment.local.target=cluster")
        assert [step.id for step in planned.steps if step.action == "undo"] == ["deployment.local/deploy"]
        assert next(step.change_class for step in planned.steps if step.action == "update") == "replace"


def test_a_state_of_nothing_is_like_a_fresh_start(tmp_path: Path) -> None:
    place = Place(lay(tmp_path, MORE))
    fresh = ids(place.plan())
    place.state = State(version=1, lineage="begun", serial=0)
    assert ids(place.plan()) == fresh
    assert place.plan().lineage == "begun"
