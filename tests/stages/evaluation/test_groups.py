"""Groups held against each other in every task: what is compared, how surely, and what a gate then says."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from mlc.drivers import gate
from mlc.drivers._canonical import canonical
from mlc.drivers.evaluating import fairness
from mlc.drivers.evaluation import evaluate
from mlc.drivers.reporting import sections
from mlc.drivers.statistics import regression
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.proportions import proportion
from mlc.ir.evaluation import Check, Estimate, Evaluation, FairnessFigures
from mlc.ir.fairness import CRITERIA, criteria_of

ROWS = 2400
CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    region = np.array(["east", "north", "south"])[np.random.default_rng(5).integers(0, 3, ROWS)]
    return pl.DataFrame({"region": region})


@pytest.fixture(scope="module")
def classes(frame: pl.DataFrame) -> Answers:
    """Three classes, of which c is missed more often in the east."""
    generator = np.random.default_rng(6)
    truth = generator.choice(3, ROWS, p=[0.5, 0.3, 0.2])
    hard = (frame["region"] == "east").to_numpy() & (truth == 2)
    right = generator.random(ROWS) < np.where(hard, 0.5, 0.9)
    predicted = np.where(right, truth, (truth + 1) % 3)
    scores = np.full((ROWS, 3), 0.1)
    scores[np.arange(ROWS), predicted] = 0.8
    return Answers("multiclass_classification", truth, predicted, scores, CLASSES)


@pytest.fixture(scope="module")
def numbers(frame: pl.DataFrame) -> Answers:
    """A regression that says 3 too much in the east, and is less sure there."""
    generator = np.random.default_rng(7)
    truth = generator.normal(50, 10, ROWS)
    east = (frame["region"] == "east").to_numpy()
    errors = np.where(east, 3 + generator.normal(0, 6, ROWS), generator.normal(0, 2, ROWS))
    return Answers("regression", truth, None, truth + errors)


def gaps(frame: pl.DataFrame, answers: Answers, design: Design | None = None) -> dict[str, FairnessFigures]:
    found = fairness.gaps(
        "g",
        ["region"],
        criteria_of(answers.task),
        50,
        frame,
        answers,
        design or Design(ROWS, 3),
        [0.9],
    )
    return {one.criterion: one for one in found}


def of(frame: pl.DataFrame, region: str) -> np.ndarray:
    return (frame["region"] == region).to_numpy()


def encloses(one: Estimate) -> None:
    assert one.value is not None
    assert one.low is not None
    assert one.high is not None
    assert one.low <= one.value <= one.high
    narrower = one.at(0.9)
    assert narrower is not None
    assert narrower.high is not None
    assert narrower.high < one.high


def test_each_class_is_held_against_the_rest_and_the_widest_gap_counts(
    frame: pl.DataFrame, classes: Answers
) -> None:
    found = gaps(frame, classes)
    truth, predicted = classes.truth, classes.predicted
    assert truth is not None
    assert predicted is not None
    recalls = {
        (region, name): (predicted == code)[(truth == code) & of(frame, region)].mean()
        for region in ("east", "north", "south")
        for code, name in enumerate(CLASSES)
    }
    opportunity = found["equal_opportunity"]
    assert opportunity.of == "c"
    assert opportunity.between[1] == "east"
    others = max(recalls["north", "c"], recalls["south", "c"])
    assert opportunity.gap.value == pytest.approx(others - recalls["east", "c"])
    for (region, name), recall in recalls.items():
        assert opportunity.shares[f"{region}: {name}"].value == pytest.approx(recall)
    # nine looks: three pairs of groups in three classes, all at the level at which they hold together
    mask = (truth == 2) & of(frame, "east")
    level = 1 - 0.05 / 9
    ends = opportunity.shares["east: c"].at(level)
    assert ends is not None
    expected, _ = proportion(int((predicted == 2)[mask].sum()), int(mask.sum()), level)
    assert (ends.low, ends.high) == pytest.approx(expected)
    assert "all 9 differences" in opportunity.gap.method
    odds = found["equalized_odds"]
    assert odds.of == "true_positive_rate of c"
    assert "all 18 differences" in odds.gap.method
    right = {region: (predicted == truth)[of(frame, region)].mean() for region in ("east", "north", "south")}
    assert found["accuracy_parity"].gap.value == pytest.approx(max(right.values()) - min(right.values()))
    assert found["accuracy_parity"].of == ""
    for one in found.values():
        encloses(one.gap)


DESIGNS = {
    "rows": Design(ROWS, 3),
    "groups": Design(ROWS, 3, groups=np.arange(ROWS) // 8),
    "blocks": Design(ROWS, 3, block=10),
    "weights": Design(ROWS, 3, weights=np.linspace(0.5, 1.5, ROWS)),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_numbers_are_compared_by_means_in_the_unit_of_the_label(
    name: str, frame: pl.DataFrame, numbers: Answers
) -> None:
    design = DESIGNS[name]
    found = gaps(frame, numbers, design)
    assert set(found) == {"mean_prediction_parity", "mean_error_parity", "absolute_error_parity"}
    assert numbers.truth is not None
    assert numbers.scores is not None
    errors = numbers.scores - numbers.truth
    weights = design.weights
    for criterion, values in (
        ("mean_prediction_parity", numbers.scores),
        ("mean_error_parity", errors),
        ("absolute_error_parity", np.abs(errors)),
    ):
        means = {
            region: np.average(
                values[of(frame, region)], weights=None if weights is None else weights[of(frame, region)]
            )
            for region in ("east", "north", "south")
        }
        one = found[criterion]
        assert one.gap.value == pytest.approx(max(means.values()) - min(means.values()))
        encloses(one.gap)
    assert found["mean_error_parity"].between[0] == "east"
    assert found["mean_error_parity"].gap.low is not None
    assert found["mean_error_parity"].gap.low > 1.5


def test_a_mean_of_a_group_is_what_the_whole_set_is_measured_by(numbers: Answers) -> None:
    """The interval of a group's mean error is that of the metric, but for the drawing."""
    assert numbers.truth is not None
    assert numbers.scores is not None
    some = pl.DataFrame({"region": ["one"] * 1200 + ["other"] * 1200})
    mine = gaps(some, numbers)["mean_error_parity"].shares["one"]
    truth, values = numbers.truth[:1200], numbers.scores[:1200]
    whole = regression.estimates(truth, values, Design(1200, 3))["mean_error"]
    assert mine.value == pytest.approx(whole.value)
    assert whole.low is not None
    assert whole.high is not None
    assert mine.low == pytest.approx(whole.low, abs=0.05)
    assert mine.high == pytest.approx(whole.high, abs=0.05)


def test_a_group_without_a_row_that_decides_is_named(frame: pl.DataFrame, classes: Answers) -> None:
    assert classes.truth is not None
    truth = np.where(of(frame, "east") & (classes.truth == 2), 0, classes.truth)
    without = msgspec.structs.replace(classes, truth=truth)
    one = gaps(frame, without)["equal_opportunity"]
    assert one.undecided == ("east: c",)
    assert one.gap.value is not None


def test_a_mean_without_spread_has_no_interval_and_its_gate_does_not_pass(frame: pl.DataFrame) -> None:
    truth = np.linspace(0, 1, ROWS)
    constant = Answers("regression", truth, None, np.full(ROWS, 0.5))
    one = gaps(frame, constant)["mean_prediction_parity"]
    assert one.gap.value == pytest.approx(0, abs=1e-12)
    assert one.gap.high is None
    (check,) = judged(evaluated(frame, constant, ["mean_prediction_parity"]), "mean_prediction_parity", 1.0)
    assert check.outcome == "fail"
    assert "no upper end" in check.reason


def test_what_finds_anomalies_is_held_to_how_often_it_calls_each_group(frame: pl.DataFrame) -> None:
    generator = np.random.default_rng(8)
    called = generator.random(ROWS) < np.where(of(frame, "east"), 0.2, 0.05)
    detector = Answers("anomaly_detection", None, called, called.astype(float))
    found = gaps(frame, detector)
    encloses(found["demographic_parity"].gap)
    assert found["equal_opportunity"].gap.value is None
    assert "no label" in found["equal_opportunity"].gap.warnings[0]


def evaluated(frame: pl.DataFrame, answers: Answers, criteria: list[str]) -> Evaluation:
    asked = {"protected": ["region"], "criteria": criteria, "min_rows": 50, "confidence": 0.95}
    spec: dict[str, Any] = {
        "task": answers.task,
        "label": "amount",
        "seed": 3,
        "confidences": [],
        "columns": {"region": {"type": "string", "values": [], "nullable": False}},
        "asked": {"fair": {"fairness": asked}},
    }
    return evaluate(answers, spec, frame, lambda _: answers)


def judged(evaluation: Evaluation, criterion: str, limit: float) -> tuple[Check, ...]:
    bounds = {"protected": ["region"], "min_rows": 50, "confidence": 0.95, criterion: {"max_gap": limit}}
    bounds |= {name: None for name in CRITERIA if name != criterion}
    proofs = {"evaluation": msgspec.json.decode(canonical(evaluation))}
    return gate.judge({"fair": {}}, proofs, {"fair": {"fairness": bounds}}).checks


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_a_gate_says_of_every_criterion_what_it_found(
    task: str, frame: pl.DataFrame, request: pytest.FixtureRequest
) -> None:
    answers: Answers = request.getfixturevalue(task)
    names = list(criteria_of(answers.task))
    evaluation = evaluated(frame, answers, names)
    for one in evaluation.fairness:
        assert one.gap.low is not None
        assert one.gap.high is not None
        outcomes = {}
        for limit in (one.gap.high + 0.001, (one.gap.low + one.gap.high) / 2, one.gap.low / 2):
            (check,) = judged(evaluation, one.criterion, limit)
            outcomes[check.outcome] = check
            if check.outcome != "pass":
                told = gate.diagnostic(check, "model.loans")
                assert told.path == f"gate.fair.fairness.{one.criterion}.max_gap"
                assert "between the groups of region" in told.detail
                assert CRITERIA[one.criterion].title in told.detail
                assert told.help
        if one.gap.low > 0:
            assert set(outcomes) == {"pass", "inconclusive", "fail"}
    section = sections.fairness(evaluation)
    assert section is not None
    assert len(section["figures"]) == len(names)


def test_the_page_draws_the_groups_of_the_class_in_which_they_lie_apart(
    frame: pl.DataFrame, classes: Answers
) -> None:
    section = sections.fairness(evaluated(frame, classes, ["equal_opportunity"]))
    assert section is not None
    (drawn,) = section["figures"]
    assert ", of c," in drawn["text"]
    assert [one["kind"] for one in drawn["shapes"]].count("circle") == 3
