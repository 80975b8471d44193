"""A part of a plan: never on stale inputs, and empty once it was applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc import pipeline
from mlc.ir.address import Address
from mlc.ir.plan import Plan
from mlc.ir.state import EMPTY
from mlc.plan.narrowed import standings
from rules.project import lay
from stages.plan.test_plan import MORE
from stages.plan.world import Place

OTHER = {
    "model/other.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\ntags: [second]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n",
    "deployment/other.yaml": "model: other\ntarget: here\nport: 0\n",
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where everything was applied."""
    found = Place(lay(tmp_path, MORE, OTHER))
    found.apply()
    return found


def addresses(planned: Plan) -> set[str]:
    return {step.address for step in planned.steps}


def left_out(planned: Plan) -> dict[str, tuple[str, str]]:
    assert planned.narrowing is not None
    return {one.address: (one.outcome, one.because) for one in planned.narrowing.left_out}


class TestNarrowed:
    def test_what_a_selected_resource_builds_on_comes_along(self, place: Place) -> None:
        planned = place.selected("deployment.web", "", "model.churn.train.seed=7", "model.other.train.seed=7")
        assert addresses(planned) == {"model.churn", "deployment.web"}
        assert planned.narrowing is not None
        assert planned.narrowing.included == ("model.churn",)
        assert left_out(planned) == {
            "deployment.local": ("redeploy", "not selected"),
            "model.other": ("retrain", "not selected"),
            "deployment.other": ("redeploy", "not selected"),
        }
        assert planned.unchanged == 0

    def test_what_waits_for_something_excluded_is_left_out(self, place: Place) -> None:
        planned = place.selected("", "model.churn", "model.churn.train.seed=7", "model.other.train.seed=7")
        assert addresses(planned) == {"model.other", "deployment.other"}
        assert left_out(planned) == {
            "model.churn": ("retrain", "excluded"),
            "deployment.local": ("redeploy", "waits for model.churn, which is excluded"),
            "deployment.web": ("redeploy", "waits for model.churn, which is excluded"),
        }
        assert place.selected("deployment.web", "model.churn", "model.churn.train.seed=7").is_empty

    def test_excluding_what_does_not_change_leaves_the_rest(self, place: Place) -> None:
        planned = place.selected("", "dataset.people", "model.churn.train.seed=7")
        assert addresses(planned) == {"model.churn", "deployment.web", "deployment.local"}

    def test_a_plan_reads_only_what_its_steps_read(self, place: Place) -> None:
        place.files["people.csv"] = "2" * 64
        planned = place.selected("deployment.web", "model.churn dataset.people", "deployment.web.port=9000")
        assert planned.is_empty
        assert (planned.files, planned.tools, planned.known) == ({}, {}, {})

    def test_how_resources_stand_to_what_was_applied(self, place: Place) -> None:
        lay(place.root, {"model/third.yaml": OTHER["model/other.yaml"]})
        planned = place.plan("model.churn.train.seed=7", "~deployment.other")
        assert standings(planned) == {
            Address("model", "churn"): "modified",
            Address("model", "third"): "new",
            Address("deployment", "other"): "removed",
        }

    def test_data_that_changed_modify_the_dataset_alone(self, place: Place) -> None:
        place.files["people.csv"] = "2" * 64
        assert standings(place.plan()) == {Address("dataset", "people"): "modified"}
        assert addresses(place.selected("state:modified")) == {"dataset.people"}
        assert addresses(place.selected("state:modified+1,tag:second")) == {"dataset.people", "model.other"}

    def test_before_a_resource_is_removed_what_refers_to_it_lets_go(self, place: Place) -> None:
        words = ("deployment.other.model=churn", "~model.other")
        planned = place.selected("model.other", "", *words)
        assert addresses(planned) == {"model.other", "deployment.other"}
        order = [step.address for step in planned.steps]
        assert order.index("deployment.other") < order.index("model.other")
        assert place.selected("state:removed", "deployment.other", *words).is_empty


WORDS = (
    ("model.churn.train.seed=7",),
    ("model.other.train.seed=7", "gate.quality.metrics.roc_auc.min=0.8"),
    ("dataset.people.columns.age.min=0", "~deployment.web"),
    ("~deployment.other", "~model.other", "features.basic.groups.words.encode=ordinal"),
    ("model.churn.description=New.", "deployment.local.port=9000", "model.other.tags=[third]"),
)
TERMS = st.sampled_from(
    [
        "model.churn",
        "deployment.*",
        "+deployment.local",
        "dataset.people+",
        "@model.o*",
        "tag:second",
        "state:modified+",
        "state:new",
        "gate",
        "state:removed",
        "kind:target",
        "model.*,state:modified",
    ]
)
SELECTIONS = st.lists(TERMS, max_size=2).map(" ".join)


class Compiling(Place):
    """Compiles each list of words once: the files stay as they are."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.known: dict[tuple[str, ...], tuple[pipeline.Compiled, ...]] = {}

    def compiled(self, *words: str) -> tuple[pipeline.Compiled, ...]:
        if words not in self.known:
            self.known[words] = super().compiled(*words)
        return self.known[words]


@pytest.fixture(scope="module")
def compiling(tmp_path_factory: pytest.TempPathFactory) -> Compiling:
    return Compiling(lay(tmp_path_factory.mktemp("narrowed"), MORE, OTHER))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.sampled_from(WORDS), st.sampled_from(WORDS), SELECTIONS, SELECTIONS)
def test_after_apply_the_same_selection_leaves_nothing_to_do(
    compiling: Compiling, before: tuple[str, ...], words: tuple[str, ...], select: str, exclude: str
) -> None:
    """And the rest, applied then, leads to where applying everything at once leads."""
    place = compiling
    place.state, place.written = EMPTY, {}
    place.apply(*before)
    applied, written = place.state, dict(place.written)
    place.apply(*words)
    at_once, files = place.state, place.written

    place.state, place.written = applied, written
    whole = place.plan(*words)
    part = place.selected(select, exclude, *words)
    assert {step.id for step in part.steps} <= {step.id for step in whole.steps}
    place.do(part)  # which holds that no step goes before one that it depends on
    if "state:" not in exclude:  # what was excluded as new may be modified next, but not what was selected
        assert place.selected(select, exclude, *words).is_empty
    place.apply(*words)
    assert place.plan(*words).is_empty
    assert (place.state.resources, place.state.artifacts) == (at_once.resources, at_once.artifacts)
    assert place.state.operations == at_once.operations
    assert place.written == files
