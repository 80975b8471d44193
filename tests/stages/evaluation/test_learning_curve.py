"""A learning curve: who joins when, what each share is worth, and what the last step says of more rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from mlc import lower, pipeline
from mlc.drivers import _curve, learning_curve, sklearn_train
from mlc.drivers.reporting.learning import learning
from mlc.ir.evaluation import Estimate
from mlc.ir.learning import CurvePoint, LearningCurve
from mlc.ir.operation import StepFailed, Work
from mlc.request import Request
from rules.project import lay
from stages.drivers import lending
from stages.selection import steps

DRAW = {"purpose": "learning curve", "method": "hash", "column": "id", "seed": 0, "label": "repaid"}


def rows(n: int = 400) -> pl.DataFrame:
    generator = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "id": np.arange(n),
            "repaid": (generator.random(n) < 0.1).astype(int),
            "bank": np.arange(n) // 10,
            "day": generator.permutation(n),
        }
    )


def test_a_smaller_share_lies_within_a_larger_and_has_as_many_of_each_class() -> None:
    frame = rows()
    order, words = _curve.order(frame, DRAW, "binary_classification")
    small, large = order.of(0.25), order.of(0.5)
    assert set(small) < set(large)
    assert len(order.of(1.0)) == 400
    share = frame["repaid"].mean()
    for part in (small, large):
        assert frame[part]["repaid"].mean() == pytest.approx(share, abs=0.02)
    assert frame[order.of(0.001)]["repaid"].n_unique() == 2  # of each class one row is there from the start
    assert "by the hash of id" in words


def test_rows_that_are_appended_and_their_order_change_nobody_s_rank() -> None:
    frame = rows()
    order, _ = _curve.order(frame, DRAW, "binary_classification")
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=3)
    again, _ = _curve.order(shuffled, DRAW, "binary_classification")
    assert set(frame[order.of(0.3)]["id"]) == set(shuffled[again.of(0.3)]["id"])


def test_groups_join_whole_and_time_begins_later() -> None:
    frame = rows()
    order, _ = _curve.order(frame, DRAW | {"method": "group", "column": "bank"}, "binary_classification")
    for share in (0.2, 0.5):
        inside = frame[order.of(share)]
        assert inside.height == pytest.approx(400 * share, abs=10)
        assert inside.group_by("bank").len()["len"].to_list() == [10] * inside["bank"].n_unique()
    order, words = _curve.order(frame, DRAW | {"method": "time", "column": "day"}, "regression")
    assert sorted(frame[order.of(0.25)]["day"]) == list(range(300, 400))
    assert "latest rows by day" in words


def spec(**changes: Any) -> dict[str, Any]:
    curve = {"shares": [0.02, 0.25, 0.5], "metric": "roc_auc", "draw": DRAW}
    learn = {"driver": "sklearn_train", "spec": lending.train(steps.LINEAR, params={"C": 1.0})}
    return {**lending.LEARNED, "seed": 1, "curve": curve, "learn": learn, **changes}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("curve")
    paths = lending.parts(folder)
    whole = steps.work(folder, "sklearn_train", spec()["learn"]["spec"], train=paths["train"])
    return paths | {"model": sklearn_train.run(whole).outputs["model"], "folder": folder}


def work(folder: Path, asked: dict[str, Any], paths: dict[str, Path]) -> Work:
    train, test, model = paths["train"], paths["test"], paths["model"]
    return steps.work(folder, "learning_curve", asked, train=train, test=test, model=model)


def drawn(trained: dict[str, Path], tmp_path: Path, asked: dict[str, Any]) -> LearningCurve:
    made = learning_curve.run(work(tmp_path, asked, trained))
    curve = msgspec.json.decode(made.outputs["curve"].read_bytes(), type=LearningCurve)
    assert made.summary["words"] == curve.words
    assert list(made.summary["points"]) == [f"{one.rows:,} rows" for one in curve.points]
    return curve


def test_each_share_is_learned_as_the_whole_is(trained: dict[str, Path], tmp_path: Path) -> None:
    curve = drawn(trained, tmp_path, spec())
    assert [one.share for one in curve.points] == [0.02, 0.25, 0.5, 1.0]
    train, test = (pl.read_parquet(trained[name]) for name in ("train", "test"))
    order, _ = _curve.order(train, DRAW, "binary_classification")
    half = curve.points[2]
    assert half.rows == len(order.of(0.5))
    # the same rows, learned by hand
    part = tmp_path / "half.parquet"
    train[order.of(0.5)].write_parquet(part)
    by_hand = steps.work(tmp_path, "sklearn_train", spec()["learn"]["spec"], train=part)
    said = _curve.answers(sklearn_train.run(by_hand).outputs["model"], test, spec())
    from sklearn.metrics import roc_auc_score

    assert half.estimate is not None
    assert half.estimate.value == pytest.approx(roc_auc_score(said.truth, said.scores))
    whole = curve.points[-1]
    assert whole.gain is None
    assert whole.estimate is not None
    assert whole.estimate.value is not None
    for one in curve.points[:-1]:
        assert one.estimate is not None
        assert one.gain is not None
        assert one.gain.value == pytest.approx(whole.estimate.value - (one.estimate.value or 0))
        assert one.estimate.low is not None
        assert one.learned is not None
    assert curve.points[0].estimate.low < curve.points[0].estimate.value  # type: ignore[union-attr,operator]
    section = learning(curve)
    assert section is not None
    assert len(section["tables"][0]["rows"]) == 4
    shapes = section["figures"][0]["shapes"]
    assert [one["class"] for one in shapes].count("whisker") == 4


def test_a_share_that_cannot_be_learned_from_is_told_and_stops_nothing(
    trained: dict[str, Path], tmp_path: Path
) -> None:
    neighbours = lending.train("sklearn.neighbors.KNeighborsClassifier", params={"n_neighbors": 60})
    curve_spec = spec(learn={"driver": "sklearn_train", "spec": neighbours})
    curve = drawn(trained, tmp_path, curve_spec)
    assert "n_neighbors" in curve.points[0].problem
    assert curve.points[0].estimate is None
    assert curve.points[1].estimate is not None
    section = learning(curve)
    assert section is not None
    assert "n_neighbors" in str(section["tables"][0]["rows"][0])


def test_test_rows_that_decide_nothing_are_told(trained: dict[str, Path], tmp_path: Path) -> None:
    one_class = tmp_path / "one.parquet"
    pl.read_parquet(trained["test"]).filter(pl.col("repaid") == 1).write_parquet(one_class)
    with pytest.raises(StepFailed) as failed:
        learning_curve.run(work(tmp_path, spec(), {**trained, "test": one_class}))
    (told,) = failed.value.diagnostics
    assert told.rule == "evaluation-impossible"
    assert "The learning curve cannot be drawn" in told.detail


def point(share: float, value: float, gain: tuple[float, float, float] | None = None) -> CurvePoint:
    estimate = Estimate("roc_auc", value, value - 0.01, value + 0.01, 0.95, "DeLong", 1000)
    apart = None if gain is None else Estimate("roc_auc", *gain, 0.95, "DeLong, paired", 1000)
    return CurvePoint(share, int(1000 * share), estimate, None, apart)


@pytest.mark.parametrize(
    ("gain", "advice", "said"),
    [
        ((0.02, 0.01, 0.03), "more", "more rows of the same kind would help"),
        ((0.002, -0.002, 0.006), "enough", "would hardly help"),
        ((-0.02, -0.03, -0.01), "enough", "got worse by 0.02"),
        ((0.01, -0.02, 0.04), "unclear", "too few to tell"),
    ],
)
def test_the_last_step_says_whether_more_rows_would_help(
    gain: tuple[float, float, float], advice: str, said: str
) -> None:
    curve = _curve.concluded("roc_auc", [point(0.5, 0.9, gain), point(1.0, 0.92)], "by hash")
    assert curve.advice == advice
    assert said in curve.words


def test_without_a_smaller_share_nothing_is_known() -> None:
    lost = CurvePoint(0.5, 10, problem="Too few rows.")
    curve = _curve.concluded("roc_auc", [lost, point(1.0, 0.9)], "by hash")
    assert curve.advice == "unclear"


MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"


@pytest.mark.parametrize(
    ("learner", "driver"),
    [
        ("train: {estimator: sklearn.linear_model.LogisticRegression}\n", "sklearn_train"),
        (
            "candidates: {a: {estimator: sklearn.linear_model.LogisticRegression}, "
            "b: {estimator: xgboost.XGBClassifier}}\n",
            "chosen_train+xgboost_train",
        ),
        (
            "candidates: {a: {estimator: sklearn.linear_model.LogisticRegression}, "
            "b: {estimator: sklearn.naive_bayes.GaussianNB}}\nensemble: {method: voting}\n",
            "ensemble_train",
        ),
    ],
)
def test_the_step_learns_by_the_driver_of_the_model(tmp_path: Path, learner: str, driver: str) -> None:
    lay(tmp_path, {"model/churn.yaml": MODEL + learner + "evaluate: {learning_curve: {}}\n"})
    validated = pipeline.validate(Request(tmp_path))
    (graph,) = (lower.lower(checked) for checked in validated.checked.values())
    operations = {one.id: one for resource in graph.resources for one in resource.operations}
    step, train = operations["model.churn/learning-curve"], operations["model.churn/train"]
    assert step.driver == f"learning_curve+{driver}"
    assert step.spec["learn"] == {"driver": driver, "spec": train.spec}
    assert step.cost == "reevaluate"
    assert step.inputs["model"] == "model.churn/train#model"
    assert set(train.inputs) <= set(step.inputs)
    assert operations["model.churn/report"].inputs["curve"] == "model.churn/learning-curve#curve"
