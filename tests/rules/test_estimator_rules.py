"""What is said of estimators at validate time: names, tasks, ONNX, missing values, trees."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from mlc import pipeline
from mlc.ir.diagnostic import Diagnostic
from mlc.kinds._estimators import catalogue, offered, parameter_schema
from mlc.request import Request
from mlc.rules.unknown_estimator import meant
from rules.project import lay

MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"
NULLABLE = (
    "source: {type: file, path: people.csv, format: csv}\ncolumns:\n  age: {type: number, nullable: true}\n"
    "  plan: {type: string, values: [a, b]}\n  left: {type: integer, role: label}\n"
)
FOREST = "sklearn.ensemble.RandomForestClassifier"
LINEAR = "sklearn.linear_model.LogisticRegression"


def found(**files: str) -> list[Diagnostic]:
    with tempfile.TemporaryDirectory() as folder:
        named = {f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}
        return list(pipeline.validate(Request(lay(Path(folder), named))).diagnostics)


def trained(estimator: str, params: str = "{}") -> list[Diagnostic]:
    return found(model__churn=f"{MODEL}train: {{estimator: {estimator}, params: {params}}}\n")


TASKS = {
    "binary_classification": "",
    "multiclass_classification": "  left: {type: string, role: label, values: [often, once, never]}\n",
    "regression": "  left: {type: number, role: label}\nsplit: {method: random}\n",
    "anomaly_detection": "split: {method: random}\n",
    "clustering": "split: {method: random}\n",
}
"""The label's column in each task, and how rows are split, where that of the small project does not do."""


def of_task(task: str, estimator: str, params: str = "{}") -> list[Diagnostic]:
    """What is said of an estimator in a model of a task."""
    about = f"task: {task}\ndataset: people\nfeatures: basic\n"
    files = {"model__churn": f"{about}train: {{estimator: {estimator}, params: {params}}}\n"}
    if TASKS[task]:
        columns = NULLABLE.replace(", nullable: true", "").partition("  left:")[0]
        files["dataset__people"] = columns + TASKS[task]
    return found(**files)


def grouped(group: str, estimator: str = LINEAR, dataset: str = "") -> list[Diagnostic]:
    files = {
        "features__basic": f"groups:\n  numbers: {group}\n  words: {{columns: [plan], encode: one_hot}}\n"
    }
    files["model__churn"] = f"{MODEL}train: {{estimator: {estimator}}}\n"
    return found(**files, **({"dataset__people": dataset} if dataset else {}))


def rules(said: list[Diagnostic]) -> list[str]:
    return [one.rule for one in said]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", list(catalogue()))
def test_every_estimator_is_taken_or_told_why_not(name: str, task: str) -> None:
    """In `train`: by the rule that fits, with the reason, and with a mend."""
    schema = parameter_schema(name, task)
    assert schema is not None
    needed = ", ".join(f"{key}: {schema['properties'][key]['enum'][0]}" for key in schema.get("required", ()))
    said = of_task(task, name, f"{{{needed}}}")
    told, about = catalogue()[name], schema["x-mlc-estimator"]
    if task in told.trains:
        assert said == []
        return
    reason = about.get("but", {}).get(task, {}).get("reason", told.reason)
    expected = {"not-in-onnx": "no-onnx-form", "not-yet": "not-supported-yet"}.get(reason, "")
    (one,) = said
    assert one.rule == (expected if task in told.tasks and expected else "estimator-not-for-task")
    assert one.path == "train.estimator"
    assert one.help


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("sklearn.linear_model.LogisticRegresion", LINEAR),
        ("LogisticRegression", LINEAR),
        ("logisticregression", LINEAR),
        ("sklearn.RandomForestClassifier", FOREST),
        ("RandomForrestClassifier", FOREST),
        ("xgb.XGBClassifier", "xgboost.XGBClassifier"),
        ("Ridge", "sklearn.linear_model.Ridge"),
        ("sklearn.ensemble._forest.RandomForestClassifier", FOREST),
        ("zzz", None),
    ],
)
def test_the_name_that_was_meant(written: str, expected: str | None) -> None:
    assert meant(written, (*offered("train"), *catalogue())) == expected
    (said,) = trained(written)
    assert said.rule == "unknown-estimator"
    assert (expected or "mlc schema estimators") in said.help


@pytest.mark.parametrize(
    ("estimator", "params", "expected", "words"),
    [
        ("sklearn.linear_model.SGDClassifier", "{}", ["bad-estimator-parameter"], "log_loss"),
        (
            "sklearn.linear_model.SGDClassifier",
            "{loss: hinge}",
            ["bad-estimator-parameter"],
            "no probabilities",
        ),
        ("sklearn.neighbors.KNeighborsClassifier", "{weights: distance}", ["no-onnx-form"], "uniform"),
        (
            "sklearn.neighbors.KNeighborsClassifier",
            "{weights: distnce}",
            ["bad-estimator-parameter"],
            "uniform",
        ),
        ("sklearn.naive_bayes.BernoulliNB", "{binarize: null}", ["no-onnx-form"], "NaN"),
        (
            "sklearn.ensemble.HistGradientBoostingClassifier",
            "{categorical_features: [0]}",
            ["no-onnx-form"],
            "wrong labels",
        ),
        ("lightgbm.LGBMClassifier", "{boosting_type: rf}", ["no-onnx-form"], "gbdt"),
        ("lightgbm.LGBMClassifier", "{num_leafs: 3}", ["bad-estimator-parameter"], "num_leaves"),
        ("xgboost.XGBClassifier", "{subsample: 2}", ["bad-estimator-parameter"], "at most 1"),
        ("xgboost.XGBClassifier", "{n_jobs: 2}", ["bad-estimator-parameter"], "one thread"),
        ("xgboost.XGBClassifier", "{max_depth: 3, eta: 1}", ["bad-estimator-parameter"], "eta"),
        (
            "sklearn.ensemble.HistGradientBoostingRegressor",
            "{loss: poisson}",
            ["estimator-not-for-task", "no-onnx-form"],
            "poisson",
        ),
    ],
)
def test_parameters(estimator: str, params: str, expected: list[str], words: str) -> None:
    said = trained(estimator, params)
    assert sorted(rules(said)) == sorted(expected)
    assert any(words in f"{one.detail} {one.help}" for one in said), said


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("{columns: [age], transforms: {a: {estimator: sklearn.decomposition.PCA}}}", []),
        ("{columns: [age], transforms: {a: {estimator: sklearn.decomposition.NMF}}}", ["no-onnx-form"]),
        (
            "{columns: [age], transforms: {a: {estimator: sklearn.preprocessing.OneHotEncoder}}}",
            ["not-supported-yet"],
        ),
        (
            "{columns: [age], transforms: {a: {estimator: sklearn.linear_model.Ridge}}}",
            ["estimator-not-for-task"],
        ),
        (
            "{columns: [age], transforms: {a: {estimator: sklearn.preprocessing.KBinsDiscretizer}}}",
            ["no-onnx-form"],
        ),
        ("{columns: [age], transforms: {a: {estimator: PCA}}}", ["unknown-estimator"]),
        (
            "{columns: [age], transforms: {a: {estimator: sklearn.decomposition.PCA, params: {n_component: 1}}}}",
            ["bad-estimator-parameter"],
        ),
        (
            "{columns: [age, plan], encode: ordinal, transforms: {a: {estimator: sklearn.decomposition.PCA}}}",
            ["transform-type-mismatch"],
        ),
    ],
)
def test_transforms(group: str, expected: list[str]) -> None:
    said = grouped(group)
    assert [rule for rule in rules(said) if rule != "column-used-twice"] == expected


@pytest.mark.parametrize(
    ("group", "estimator", "expected"),
    [
        (
            "{columns: [age], transforms: {a: {estimator: sklearn.preprocessing.PowerTransformer}}}",
            LINEAR,
            [],
        ),
        (
            "{columns: [age], transforms: {a: {estimator: sklearn.preprocessing.PowerTransformer}}}",
            FOREST,
            ["scaler-before-trees"],
        ),
        ("{columns: [age], scale: robust}", "xgboost.XGBClassifier", ["scaler-before-trees"]),
        ("{columns: [age], scale: robust}", "lightgbm.LGBMClassifier", ["scaler-before-trees"]),
        ("{columns: [age], transforms: {a: {estimator: sklearn.preprocessing.Binarizer}}}", FOREST, []),
        ("{columns: [age], transforms: {a: {estimator: sklearn.feature_selection.SelectKBest}}}", FOREST, []),
    ],
)
def test_what_computes_before_trees(group: str, estimator: str, expected: list[str]) -> None:
    assert rules(grouped(group, estimator)) == expected


@pytest.mark.parametrize(
    ("group", "estimator", "expected"),
    [
        ("{columns: [age]}", LINEAR, ["missing-not-imputed"]),
        ("{columns: [age]}", FOREST, ["missing-not-imputed"]),
        ("{columns: [age]}", "sklearn.ensemble.HistGradientBoostingClassifier", []),
        ("{columns: [age]}", "xgboost.XGBClassifier", []),
        ("{columns: [age]}", "lightgbm.LGBMClassifier", []),
        ("{columns: [age], impute: median}", LINEAR, []),
        ("{columns: [age], scale: standard}", LINEAR, ["transform-type-mismatch"]),
        ("{columns: [age], transforms: {a: {estimator: sklearn.impute.SimpleImputer}}}", LINEAR, []),
        (
            "{columns: [age], transforms: {a: {estimator: sklearn.decomposition.PCA}}}",
            LINEAR,
            ["transform-type-mismatch"],
        ),
        (
            "{columns: [age], impute: mean, transforms: {a: {estimator: sklearn.decomposition.PCA}}}",
            LINEAR,
            [],
        ),
    ],
)
def test_what_may_be_missing(group: str, estimator: str, expected: list[str]) -> None:
    assert rules(grouped(group, estimator, NULLABLE)) == expected
