"""What a feature group cannot do is said before anything runs, at the field, with what to do instead."""

from __future__ import annotations

import pytest

from mlc.ir.diagnostic import Diagnostic
from stages.semantic_rules.test_semantic_rules import found

DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n"
    "  asked: {type: datetime, role: time}\n"
    "  born: {type: date, nullable: true}\n"
    "  age: {type: number, nullable: true}\n"
    "  pay: {type: number, min: 0}\n"
    "  debt: {type: number}\n"
    "  flat: {type: integer, values: [1, 16777217]}\n"
    "  plan: {type: string, values: [a, b]}\n"
    "  note: {type: string}\n"
    "  left: {type: integer, role: label}\n"
    "split: {method: time}\n"
)
OF_TASK = {
    "binary_classification": "sklearn.linear_model.LogisticRegression",
    "regression": "sklearn.linear_model.Ridge",
    "anomaly_detection": "sklearn.ensemble.IsolationForest",
}


def said(features: str, task: str = "binary_classification", estimator: str = "") -> list[Diagnostic]:
    model = f"task: {task}\ndataset: people\nfeatures: basic\ntrain: {{estimator: {estimator or OF_TASK[task]}}}\n"
    return found(dataset__people=DATASET, features__basic=features, model__churn=model)


def of_group(group: str, task: str = "binary_classification", estimator: str = "") -> list[Diagnostic]:
    return said(f"groups:\n  one: {group}\n", task, estimator)


STEP = "feature-step-unfit"
TYPE = "transform-type-mismatch"


@pytest.mark.parametrize(
    ("group", "expected", "words"),
    [
        # dates
        ("{columns: [asked], dates: {parts: [hour]}}", [], ""),
        ("{columns: [born], dates: {parts: [month]}, impute: median}", [], ""),
        ("{columns: [born], dates: {parts: [month]}}", ["missing-not-imputed"], "may be missing"),
        ("{columns: [born]}", [TYPE], "dates: {parts: [month]}"),
        ("{columns: [asked]}", ["role-as-feature", TYPE], "dates: {parts: [hour]}"),
        ("{columns: [pay], dates: {parts: [hour]}}", [TYPE], "takes dates and times"),
        ("{columns: [asked], dates: {}}", [STEP], "Nothing is taken"),
        ("{columns: [asked], dates: {parts: [hour, hour]}}", [STEP], "taken already"),
        ("{columns: [asked], dates: {cyclic: [hour, hour]}}", [STEP], "taken already"),
        ("{columns: [born], dates: {parts: [hour]}, impute: median}", [STEP], "A date has no hour"),
        (
            "{columns: [born], dates: {since: {moment: 2020-13-01}}, impute: median}",
            [STEP],
            "no such day",
        ),
        ("{columns: [born], dates: {since: {moment: soon}}, impute: median}", ["bad-format"], "2020-01-31"),
        ("{columns: [asked], dates: {parts: [year, hour]}}", ["time-never-recurs"], "never comes again"),
        ("{columns: [asked], dates: {since: {moment: 2020-01-01}}}", ["time-never-recurs"], "never comes again"),
        (
            "{columns: [born], dates: {parts: [year]}, impute: most_frequent, encode: one_hot}",
            [STEP],
            "cannot be encoded",
        ),
        ("{columns: [asked], dates: {parts: [hour]}, encode: one_hot}", [], ""),
        ("{columns: [asked], dates: {cyclic: [hour]}, encode: one_hot}", [STEP], '"cyclic" of a date'),
        (
            "{columns: [born], dates: {parts: [month]}, encode: one_hot}",
            [TYPE],
            '"encode: one_hot" does not take that',
        ),
        (
            "{columns: [born], dates: {parts: [month]}, impute: mean, encode: one_hot}",
            [TYPE],
            "between two categories",
        ),
        ("{columns: [born], dates: {parts: [month]}, impute: most_frequent, encode: one_hot}", [], ""),
        # bins
        ("{columns: [pay], bin: {method: edges, edges: [1, 2]}, encode: one_hot}", [], ""),
        ("{columns: [pay], bin: {method: edges, edges: [1, 1.00000001]}}", [STEP], "not above the one before"),
        ("{columns: [pay], bin: {method: edges, edges: [2, 1]}}", [STEP], "not above the one before"),
        ("{columns: [pay], bin: {method: quantile, bins: 1}}", ["value-out-of-range"], ""),
        ("{columns: [plan], encode: one_hot, bin: {method: quantile}}", [TYPE], '"bin" takes numbers'),
        ("{columns: [pay], encode: one_hot}", [TYPE], 'give the group a "bin"'),
        ("{columns: [age], bin: {method: uniform}, encode: one_hot}", [TYPE], "does not take that"),
        ("{columns: [flat], encode: one_hot}", [STEP], "run together"),
        # by the label
        ("{columns: [plan, flat], encode: target}", [STEP], "run together"),
        ("{columns: [plan], encode: target, scale: standard}", [], ""),
        ("{columns: [note], encode: target, reduce: {method: pca, components: 1}}", [], ""),
        ("{columns: [note], encode: target, select: {method: best, columns: 2}}", [STEP], "has 1 column"),
        ("{columns: [pay], encode: target}", [TYPE], 'give the group a "bin"'),
        ("{columns: [age], bin: {method: uniform}, encode: target}", [], ""),
        ("{columns: [born], dates: {parts: [month]}, encode: target}", [], ""),
        ("{columns: [left], encode: target}", ["label-as-feature"], "predicts"),
        # crosses
        ("{columns: [pay, debt], cross: {degree: 2}}", [], ""),
        ("{columns: [pay], cross: {}}", [STEP], "two columns at least"),
        ("{columns: [note], text: {}, cross: {}}", [TYPE], '"text" goes without "cross"'),
        # selection
        ("{columns: [pay, debt], select: {method: best, columns: 1}}", [], ""),
        ("{columns: [pay, debt], select: {method: best, columns: 3}}", [STEP], "has 2 columns"),
        ("{columns: [pay, debt], select: {method: best, columns: 1, score: chi2}}", [STEP], '"debt" may be negative'),
        ("{columns: [pay], select: {method: best, columns: 1, score: chi2}}", [], ""),
        ("{columns: [age, pay], select: {method: model, columns: 1}}", [TYPE], '"select" does not take that'),
        ("{columns: [note], text: {weigh: count}, select: {method: best, columns: 9, score: chi2}}", [], ""),
        ("{columns: [note], text: {max_words: 8}, select: {method: best, columns: 9}}", [STEP], "at most 8 columns"),
        # reduction
        ("{columns: [pay, debt], reduce: {method: pca, components: 2}}", [], ""),
        ("{columns: [pay, debt], reduce: {method: pca}}", [STEP], "either how many"),
        ("{columns: [pay, debt], reduce: {method: pca, components: 1, variance: 0.5}}", [STEP], "either how many"),
        ("{columns: [pay, debt], reduce: {method: ica, components: 3}}", [STEP], "has 2 columns"),
        ("{columns: [pay, debt], reduce: {method: nmf, components: 1}}", ["no-onnx-form"], "truncated_svd"),
        ("{columns: [pay, debt], reduce: {method: kernel_pca}}", ["no-onnx-form"], "pca, after a cross"),
        ("{columns: [pay, debt], reduce: {method: umap}}", ["value-not-allowed"], "truncated_svd"),
        ("{columns: [note], text: {}, reduce: {method: pca, components: 2}}", [STEP], "would fill them up"),
        ("{columns: [note], text: {}, reduce: {method: truncated_svd, components: 2}}", [], ""),
        ("{columns: [age, pay], reduce: {method: pca, components: 1}}", [TYPE], '"reduce" does not take that'),
        (
            "{columns: [pay, debt, plan], encode: ordinal, reduce: {method: pca, components: 1}}",
            [TYPE, TYPE],
            'give the group a "bin"',
        ),
        (
            "{columns: [pay, debt], select: {method: best, columns: 1}, reduce: {method: pca, components: 2}}",
            [STEP],
            "has 1 column to make them of",
        ),
    ],
)  # fmt: skip
def test_a_group(group: str, expected: list[str], words: str) -> None:
    diagnostics = of_group(group)
    assert [one.rule for one in diagnostics] == expected, diagnostics
    assert all(
        one.primary is not None and one.primary.span.file.startswith("features/") for one in diagnostics
    )
    told = " ".join(f"{one.detail} {one.help} {one.labels}" for one in diagnostics)
    assert words in told


NUMBERS = "groups:\n  one: {columns: [age, pay]}\n  two: {columns: [plan], encode: one_hot}\n"


@pytest.mark.parametrize(
    ("after", "expected", "words"),
    [
        ("select: {method: variance}\n", ["missing-not-imputed"], "LogisticRegression"),
        ("select: {method: best, columns: 2}\n", ["missing-not-imputed", STEP], '"select" of the features'),
        (
            "reduce: {method: pca, components: 5}\n",
            [STEP, "missing-not-imputed", STEP],
            "have 4 columns",
        ),
        ("reduce: {method: nmf}\n", ["no-onnx-form", "missing-not-imputed", STEP], "truncated_svd"),
    ],
)
def test_what_is_done_to_all_groups(after: str, expected: list[str], words: str) -> None:
    diagnostics = said(NUMBERS + after)
    assert sorted(one.rule for one in diagnostics) == sorted(expected), diagnostics
    assert any(words in f"{one.detail} {one.help}" for one in diagnostics)


@pytest.mark.parametrize(
    ("select", "task", "words"),
    [
        ("{method: best, columns: 1}", "regression", ""),
        ("{method: best, columns: 1, score: chi2}", "regression", "the label is a number"),
        ("{method: best, columns: 1}", "anomaly_detection", "learns without a label"),
        ("{method: model, columns: 1}", "anomaly_detection", '"method: variance" does without'),
        ("{method: variance}", "anomaly_detection", ""),
    ],
)
def test_what_selects_by_the_label_needs_one_of_its_sort(select: str, task: str, words: str) -> None:
    diagnostics = of_group(f"{{columns: [pay, debt], select: {select}}}", task)
    assert [one.rule for one in diagnostics] == ([STEP] if words else []), diagnostics
    assert all(words in one.detail for one in diagnostics)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("binary_classification", ""),
        ("regression", ""),
        ("anomaly_detection", '"encode: one_hot" and "encode: ordinal" do without'),
    ],
)
def test_what_encodes_by_the_label_needs_one(task: str, words: str) -> None:
    diagnostics = of_group("{columns: [plan], encode: target}", task)
    assert [one.rule for one in diagnostics] == ([STEP] if words else []), diagnostics
    assert all(words in one.detail for one in diagnostics)


def test_of_several_classes_there_is_a_column_for_each() -> None:
    dataset = DATASET.replace(
        "left: {type: integer,", "left: {type: string, values: [stays, goes, asks], nullable: false,"
    )
    model = "task: multiclass_classification\ndataset: people\nfeatures: basic\n"
    model += "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
    group = "groups:\n  one: {columns: [plan], encode: target, select: {method: best, columns: 3}}\n"
    assert found(dataset__people=dataset, features__basic=group, model__churn=model) == []


@pytest.mark.parametrize("kind", ["transforms", "warm_start"])
def test_means_of_the_label_are_not_reused_as_they_were_fitted(kind: str) -> None:
    model = "task: binary_classification\ndataset: people\nfeatures: basic\n"
    model += "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
    model += f"reuse: {{model: churn:1, as: {kind}}}\n"
    group = "groups:\n  one: {{columns: [plan], encode: {}}}\n"
    (one,) = found(dataset__people=DATASET, features__basic=group.format("target"), model__later=model)
    assert (one.rule, one.path) == ("bad-reuse", "reuse.as")
    assert "as: features" in one.help
    assert not found(dataset__people=DATASET, features__basic=group.format("one_hot"), model__later=model)


def test_a_scale_before_a_reduction_is_in_its_place_for_trees() -> None:
    trees = "sklearn.ensemble.RandomForestClassifier"
    scaled = "{columns: [pay, debt], scale: standard"
    assert [one.rule for one in of_group(scaled + "}", estimator=trees)] == ["scaler-before-trees"]
    assert of_group(scaled + ", reduce: {method: pca, components: 1}}", estimator=trees) == []


def test_a_column_may_stand_in_groups_that_make_different_things_of_it() -> None:
    twice = "groups:\n  one: {columns: [asked], dates: {cyclic: [hour]}}\n"
    assert said(twice + "  two: {columns: [asked], dates: {parts: [weekday]}, encode: one_hot}\n") == []
    again = said(twice + "  two: {columns: [asked], dates: {cyclic: [hour]}, scale: standard}\n")
    assert [one.rule for one in again] == ["column-used-twice"]
