"""Candidates are compared on the same folds by corrected tests, and the rule that was asked for chooses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from mlc.drivers.selection import select
from mlc.drivers.statistics.resampled import corrected_test, holm, standard_error
from mlc.ir.choice import Chosen, FoldRows, Scores
from mlc.ir.operation import StepFailed


def scores(name: str, *values: float | None) -> Scores:
    return Scores(
        candidate=Chosen(name, f"sklearn.{name}", {}, 0),
        folds=[FoldRows(80, 20)] * len(values),
        metrics={"roc_auc": list(values), "brier": list(values)},
        method="5 folds by the hash of id",
    )


def spec(*simplest_first: str, **changes: Any) -> dict[str, Any]:
    asked = {"metric": "roc_auc", "prefer": "best", "confidence": 0.95}
    return {**asked, "simplest_first": list(simplest_first), **changes}


SIMPLE = scores("simple", 0.80, 0.82, 0.81, 0.80, 0.83)
BETTER = scores("better", 0.81, 0.82, 0.82, 0.80, 0.83)
ONE_ERROR = "simplest_within_one_standard_error"


def test_the_corrected_test_is_the_paired_one_with_a_larger_variance() -> None:
    differences = [0.03, 0.01, 0.02, 0.05, -0.01]
    found = corrected_test(differences, 0.25)
    assert found is not None
    plain = stats.ttest_1samp(differences, 0)
    # 1/J becomes 1/J + n_test/n_train
    assert found.statistic == pytest.approx(plain.statistic * np.sqrt((1 / 5) / (1 / 5 + 0.25)))
    assert found.p == pytest.approx(2 * stats.t.sf(found.statistic, 4))
    assert found.p > plain.pvalue


def test_the_corrected_test_keeps_its_level_where_the_plain_one_does_not() -> None:
    """Two learners that are equally good, on overlapping training rows: the difference of a fold is a part that all
    folds share and a part of its own, correlated by n_test / (n_train + n_test) as Nadeau and Bengio suppose."""
    random = np.random.default_rng(1)
    folds, rho, runs = 10, 0.1, 4000
    shared = random.normal(0, np.sqrt(rho), (runs, 1))
    differences = shared + random.normal(0, np.sqrt(1 - rho), (runs, folds))
    corrected = np.mean([corrected_test(list(one), rho / (1 - rho)).p < 0.05 for one in differences])  # type: ignore[union-attr]
    plain = np.mean(stats.ttest_1samp(differences, 0, axis=1).pvalue < 0.05)
    assert corrected == pytest.approx(0.05, abs=0.012)
    assert plain > 0.12


@pytest.mark.parametrize("differences", [[0.1], [0.02, 0.02, 0.02]])
def test_without_variance_there_is_no_test(differences: list[float]) -> None:
    assert corrected_test(differences, 0.25) is None


def test_holm_multiplies_by_the_tests_that_are_left_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_standard_error_is_of_the_mean() -> None:
    assert standard_error([1.0, 2.0, 3.0]) == pytest.approx(1 / np.sqrt(3))


def test_the_best_mean_wins_where_that_is_asked_for() -> None:
    found = select([SIMPLE, BETTER], spec("simple", "better"))
    assert found.chosen.name == found.best == "better"
    assert "cannot tell simple from it" in found.why


def test_the_simplest_within_one_standard_error_wins_where_that_is_asked_for() -> None:
    found = select([BETTER, SIMPLE], spec("simple", "better", prefer=ONE_ERROR))
    assert (found.best, found.chosen.name) == ("better", "simple")
    assert found.why.startswith("simple is the simplest candidate within one standard error (0.0051)")


def test_a_simpler_one_further_off_does_not_win() -> None:
    worse = scores("simple", 0.70, 0.72, 0.71, 0.69, 0.73)
    found = select([worse, BETTER], spec("simple", "better", prefer=ONE_ERROR))
    assert found.chosen.name == "better"
    assert found.standings[1].differs
    assert not found.standings[1].within_one_error


def test_of_a_metric_that_is_better_lower_the_lowest_wins() -> None:
    found = select([SIMPLE, BETTER], spec("simple", "better", metric="brier"))
    assert found.chosen.name == "simple"
    assert found.standings[1].difference == pytest.approx(0.004)


def test_of_equals_the_simpler_wins() -> None:
    twin = scores("twin", *SIMPLE.metrics["roc_auc"])
    assert select([twin, SIMPLE], spec("simple", "twin")).chosen.name == "simple"


def test_the_tests_of_several_are_adjusted() -> None:
    third = scores("third", 0.80, 0.81, 0.80, 0.80, 0.82)
    found = select([SIMPLE, BETTER, third], spec("simple", "third", "better"))
    tested = {one.name: one for one in found.standings[1:]}
    expected = holm([one.p for one in tested.values() if one.p is not None])
    assert [one.adjusted for one in tested.values()] == pytest.approx(expected)


def test_a_score_that_is_not_defined_is_refused() -> None:
    with pytest.raises(StepFailed) as failed:
        select([scores("simple", 0.8, None)], spec("simple"), "model.churn")
    (diagnostic,) = failed.value.diagnostics
    assert diagnostic.rule == "selection-impossible"
    assert diagnostic.path == "select.metric"
    assert "ROC AUC of simple is not defined on 1 of 2 folds" in diagnostic.detail
