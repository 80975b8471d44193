"""Slices, groups and disturbed inputs: measured, and held to the bounds of a gate."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from mlc.drivers import gate
from mlc.drivers._canonical import canonical
from mlc.drivers._gate_words import sentence
from mlc.drivers.evaluating import disturbed, fairness, slices
from mlc.drivers.evaluation import evaluate
from mlc.drivers.statistics import proportions
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design
from mlc.ir.evaluation import Check, Evaluation
from mlc.ir.fairness import criteria_of

ROWS = 3000


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Loans of four regions, of which the first is served worse; and a number."""
    generator = np.random.default_rng(1)
    region = np.array(["east", "north", "south", "west"])[generator.integers(0, 4, ROWS)]
    amount = generator.normal(size=ROWS)
    flag = generator.random(ROWS) < 0.5
    noise = np.where(region == "east", 2.0, 0.5) * generator.normal(size=ROWS)
    return pl.DataFrame(
        {
            "region": region,
            "amount": amount,
            "flag": flag,
            "rare": np.where(np.arange(ROWS) < 20, "few", "many"),
            "repaid": amount + noise > 0,
            "signal": amount,
        }
    )


def answers(frame: pl.DataFrame) -> Answers:
    signal = frame["signal"].fill_null(0.0).fill_nan(0.0).to_numpy()
    scores = 1 / (1 + np.exp(-3 * signal))
    return Answers("binary_classification", frame["repaid"].to_numpy(), scores >= 0.5, scores)


DESIGN = Design(ROWS, 3)


def test_a_slice_has_what_its_rows_say_at_the_level_of_all_looks(frame: pl.DataFrame) -> None:
    look = slices.Look(["region", "flag"], ["accuracy", "roc_auc"], 100, 0.95)
    found = slices.slices("g", look, frame, answers(frame), DESIGN)
    assert len(found) == 12
    east = next(one for one in found if (one.value, one.metric) == ("east", "accuracy"))
    rows = (frame["region"] == "east").to_numpy()
    said = answers(frame)
    assert said.predicted is not None
    assert said.truth is not None
    right = np.equal(said.predicted, said.truth)
    assert east.rows == rows.sum()
    assert east.looks == 12
    assert east.estimate is not None
    assert east.estimate.value == pytest.approx(right[rows].mean())
    level = 1 - 0.05 / 12
    expected, _ = proportions.proportion(int(right[rows].sum()), int(rows.sum()), level)
    together = east.estimate.at(level)
    assert together is not None
    assert (together.low, together.high) == pytest.approx(expected)
    assert east.gap is not None
    assert east.gap.value == pytest.approx(right[~rows].mean() - right[rows].mean())
    assert east.gap.low is not None
    assert east.gap.low > 0.1
    assert east.p_adjusted is not None
    assert east.p_adjusted < 1e-6
    alike = next(one for one in found if (one.column, one.metric) == ("flag", "roc_auc"))
    assert alike.p_adjusted is not None
    assert alike.p_adjusted > 0.05


def test_numbers_are_cut_into_quarters_and_small_slices_are_shown_untested(frame: pl.DataFrame) -> None:
    look = slices.Look(["amount", "rare"], ["accuracy"], 100, 0.95)
    found = slices.slices("g", look, frame, answers(frame), DESIGN)
    quarters = [one for one in found if one.column == "amount"]
    assert [one.rows for one in quarters] == [750] * 4
    few = next(one for one in found if one.value == "few")
    assert few.estimate is None
    assert few.rows == 20
    assert all(one.looks == 5 for one in found)


def test_a_column_of_too_many_values_is_refused(frame: pl.DataFrame) -> None:
    many = frame.with_columns(pl.Series("name", [str(place) for place in range(ROWS)]))
    with pytest.raises(ValueError, match="has 3,000 values"):
        list(slices.parts_of(many, "name"))


def test_missing_values_are_a_slice_of_their_own(frame: pl.DataFrame) -> None:
    holed = frame.with_columns(pl.when(pl.col("flag")).then(None).otherwise(pl.col("region")).alias("region"))
    assert [one.value for one in slices.parts_of(holed, "region")] == [
        "east",
        "missing",
        "north",
        "south",
        "west",
    ]


def test_the_gap_of_a_criterion_is_the_largest_between_two_groups(frame: pl.DataFrame) -> None:
    said = answers(frame)
    found = fairness.gaps(
        "g", ["region"], criteria_of("binary_classification"), 50, frame, said, DESIGN, [0.9]
    )
    assert [one.criterion for one in found] == [*criteria_of("binary_classification")]
    parity = found[0]
    assert said.predicted is not None
    rates = {
        region: said.predicted[(frame["region"] == region).to_numpy()].mean()
        for region in ("east", "north", "south", "west")
    }
    assert parity.gap.value == pytest.approx(max(rates.values()) - min(rates.values()))
    assert set(parity.between) == {max(rates, key=rates.__getitem__), min(rates, key=rates.__getitem__)}
    assert parity.shares["east"].value == pytest.approx(rates["east"])
    for one in found:
        assert one.gap.low is not None
        assert one.gap.high is not None
        assert one.gap.low <= (one.gap.value or 0) <= one.gap.high
        narrower = one.gap.at(0.9)
        assert narrower is not None
        assert (narrower.high or 1) < one.gap.high
    opportunity, odds = found[1], found[2]
    assert (odds.gap.value or 0) >= (opportunity.gap.value or 0)


def test_groups_of_few_rows_are_left_out_and_told(frame: pl.DataFrame) -> None:
    (found,) = fairness.gaps("g", ["rare"], ["demographic_parity"], 50, frame, answers(frame), DESIGN, [])
    assert found.small == {"few": 20}
    assert found.gap.value is None
    assert "two groups" in found.gap.warnings[0]


COLUMNS = {"signal": {"type": "number", "values": [], "nullable": True}}


def test_noise_and_missing_values_cost_what_the_model_loses(frame: pl.DataFrame) -> None:
    asked = {"metric": "roc_auc", "noise": 1.0, "missing": 0.3, "confidence": 0.9}
    noise, missing = disturbed.robustness("g", asked, COLUMNS, frame, answers(frame), DESIGN, answers)
    for one in (noise, missing):
        assert one.before is not None
        assert one.after is not None
        assert one.drop.value == pytest.approx(one.before - one.after)
        assert one.drop.low is not None
        assert one.drop.low > 0
        assert one.drop.at(0.9) is not None
        assert one.columns == ("signal",)
    little = disturbed.robustness(
        "g", {**asked, "noise": 0.01, "missing": None}, COLUMNS, frame, answers(frame), DESIGN, answers
    )
    assert len(little) == 1
    assert abs(little[0].drop.value or 1) < 0.001


def test_what_the_model_does_not_look_at_is_worth_nothing(frame: pl.DataFrame) -> None:
    metric, found = disturbed.importance(["amount", "signal"], frame, answers(frame), DESIGN, answers)
    assert metric == "roc_auc"
    assert [one.column for one in found] == ["signal", "amount"]
    assert (found[0].drop.low or 0) > 0.2
    assert found[1].drop.value == pytest.approx(0)


ASKED = {
    "slices": {"by": ["region"], "metrics": ["accuracy"], "min_rows": 100, "confidence": 0.95},
    "fairness": {
        "protected": ["region"],
        "criteria": ["demographic_parity"],
        "min_rows": 100,
        "confidence": 0.95,
    },
    "robustness": {"metric": "roc_auc", "noise": 0.2, "missing": None, "confidence": 0.95},
}
SPEC: dict[str, Any] = {
    "task": "binary_classification",
    "label": "repaid",
    "positive": True,
    "seed": 3,
    "confidences": [],
    "columns": COLUMNS,
    "asked": {"fair": ASKED},
}
BOUNDS: dict[str, Any] = {
    "slices": {
        "by": ["region"],
        "min_rows": 100,
        "confidence": 0.95,
        "metrics": {"accuracy": {"max_gap": 0.4, "min": 0.5, "max": None}},
    },
    "fairness": {
        "protected": ["region"],
        "min_rows": 100,
        "confidence": 0.95,
        "demographic_parity": {"max_gap": 0.2},
        "equal_opportunity": None,
        "equalized_odds": None,
        "predictive_parity": None,
    },
    "robustness": {"metric": "roc_auc", "noise": 0.2, "missing": None, "max_drop": 0.1, "confidence": 0.95},
}


@pytest.fixture(scope="module")
def evaluation(frame: pl.DataFrame) -> Evaluation:
    return evaluate(answers(frame), SPEC, frame, answers)


def judged(evaluation: Evaluation, bounds: dict[str, Any], comparison: Any = None) -> tuple[Check, ...]:
    proofs = {"evaluation": plain(evaluation), "comparison": comparison}
    return gate.judge({"fair": {}}, proofs, {"fair": bounds}).checks


def plain(value: Any) -> Any:
    return msgspec.json.decode(canonical(value))


def test_a_gate_tests_parts_of_the_rows(evaluation: Evaluation) -> None:
    checks = judged(evaluation, BOUNDS)
    assert {one.kind for one in checks} == {"gap", "slice", "fairness", "robustness"}
    assert len(checks) == 4 + 4 + 1 + 1
    assert all(one.outcome == "pass" for one in checks), [sentence(one) for one in checks]
    assert all(one.method != "none" for one in checks)


def test_a_gap_that_is_too_large_fails_and_one_that_may_be_is_not_proven(evaluation: Evaluation) -> None:
    east = next(one for one in judged(evaluation, BOUNDS) if one.kind == "gap" and "east" in one.where)
    assert east.low is not None
    assert east.value is not None
    for limit, outcome in (
        (east.low / 2, "fail"),
        (east.value + 0.01, "inconclusive"),
        (east.value - 0.01, "inconclusive"),
    ):
        bounds = msgspec.json.decode(msgspec.json.encode(BOUNDS))
        bounds["slices"]["metrics"]["accuracy"]["max_gap"] = limit
        again = next(one for one in judged(evaluation, bounds) if one.kind == "gap" and "east" in one.where)
        assert again.outcome == outcome
        assert (again.rows_needed is not None) == (outcome == "inconclusive")
        told = gate.diagnostic(again, "model.loans")
        assert told.path == "gate.fair.slices.metrics.accuracy.max_gap"
        assert "the gap of accuracy where region is east to the rest of the rows" in told.detail


def test_what_was_not_measured_fails(evaluation: Evaluation) -> None:
    nothing = msgspec.structs.replace(evaluation, slices=(), fairness=(), robustness=())
    checks = judged(nothing, {**BOUNDS, "champion": CHAMPION})
    assert all(one.outcome == "fail" for one in checks)
    assert {one.kind for one in checks} == {"gap", "slice", "fairness", "robustness", "champion"}
    for one in checks:
        assert gate.diagnostic(one, "model.loans").detail.endswith("What cannot be tested does not pass.")
    unreadable = gate.judge({"fair": {}}, {"evaluation": {"task": 1}}, {"fair": BOUNDS})
    assert unreadable.outcome == "fail"


CHAMPION: dict[str, Any] = {
    "alias": "production",
    "metric": "roc_auc",
    "test": None,
    "require": "non_inferior",
    "margin": 0.01,
    "confidence": 0.95,
}


@pytest.mark.parametrize(
    ("low", "high", "require", "outcome"),
    [
        (0.001, 0.02, "superior", "pass"),
        (-0.001, 0.02, "superior", "inconclusive"),
        (-0.02, -0.001, "superior", "fail"),
        (-0.005, 0.02, "non_inferior", "pass"),
        (-0.02, 0.02, "non_inferior", "inconclusive"),
        (-0.05, -0.02, "non_inferior", "fail"),
    ],
)
def test_a_challenger_is_held_to_what_the_gate_requires(
    evaluation: Evaluation, low: float, high: float, require: str, outcome: str
) -> None:
    difference = {
        "metric": "roc_auc",
        "value": (low + high) / 2,
        "low": low,
        "high": high,
        "confidence": 0.95,
        "method": "DeLong, paired",
        "n": ROWS,
    }
    duel = {
        "gate": "fair",
        "alias": "production",
        "metric": "roc_auc",
        "test": "delong",
        "version": 3,
        "difference": difference,
        "p_value": 0.02,
    }
    margin = 0.0 if require == "superior" else 0.01
    bounds = {"champion": {**CHAMPION, "require": require, "margin": margin}}
    (check,) = judged(evaluation, bounds, {"rows": ROWS, "duels": [duel]})
    assert check.outcome == outcome
    if outcome != "pass":
        told = gate.diagnostic(check, "model.loans")
        assert "the gain in ROC AUC on the champion production (version 3)" in told.detail
        assert told.path == f"gate.fair.champion.{'require' if require == 'superior' else 'margin'}"


def test_without_a_champion_the_gate_passes_and_says_so(evaluation: Evaluation) -> None:
    duel = {"gate": "fair", "alias": "production", "metric": "roc_auc", "test": "delong", "note": "None yet."}
    (check,) = judged(evaluation, {"champion": CHAMPION}, {"rows": ROWS, "duels": [duel]})
    assert check.outcome == "pass"
    assert sentence(check) == "None yet."
    broken = {**duel, "note": "", "problem": "Its file is gone."}
    (check,) = judged(evaluation, {"champion": CHAMPION}, {"rows": ROWS, "duels": [broken]})
    assert check.outcome == "fail"
    assert check.reason == "Its file is gone."
