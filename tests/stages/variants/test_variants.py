"""Variants of a served form: each proven, evaluated, measured and gated; what is wrong is refused and never served."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import polars as pl
import pytest

from mlc import pipeline
from mlc.drivers import _forms, sklearn_train, variants
from mlc.drivers._columns import model_input
from mlc.ir.operation import Product, StepFailed
from mlc.ir.variant import Measured, Variants
from mlc.request import Request
from rules.project import lay
from stages.drivers import lending
from stages.drivers import measured as measuring
from stages.selection import steps

NETWORK = "sklearn.neural_network.MLPClassifier"
FOREST = "sklearn.ensemble.RandomForestClassifier"
EXACT = {"max_probability_difference": 1e-4, "min_label_agreement": 1.0}
LOOSE = {"max_probability_difference": 0.1, "min_label_agreement": 0.99}

Optimised = Callable[..., Product]


@pytest.fixture
def optimised(step: Any, tmp_path: Path) -> Optimised:
    """Train, export and optimise, with the variants given."""

    def run(
        estimator: str,
        params: dict[str, Any],
        *made: dict[str, Any],
        scale: str = "standard",
        rule: dict[str, Any] | None = None,
        gates: dict[str, Any] | None = None,
    ) -> Product:
        paths = lending.parts(tmp_path)
        spec = lending.train(estimator, scale, params=params)
        model = step("sklearn_train", spec, train=paths["train"]).outputs["model"]
        exported = step("onnx_export", lending.export(), model=model, test=paths["test"]).outputs["onnx"]
        spec = {
            **lending.LEARNED,
            "opset": 21,
            "variants": list(made),
            "choose": rule or {"smallest": "size"},
            "metric": "roc_auc",
            "evaluate": {**lending.LEARNED, "name": "loan", "seed": 0, "confidences": [0.95]},
            "measure": {"columns": lending.COLUMNS},
            "gates": gates or {},
        }
        work = steps.work(
            tmp_path, "variants", spec, onnx=exported, model=model, train=paths["train"], test=paths["test"]
        )
        return variants.run(work)

    return run


def told(product: Product) -> dict[str, Measured]:
    found = msgspec.json.decode(product.outputs["variants"].read_bytes(), type=Variants)
    return {one.name: one for one in found.variants}


def variant(name: str, **what: Any) -> dict[str, Any]:
    bounds = LOOSE if what.keys() & {"precision", "quantize", "prune"} else EXACT
    return {"name": name, **bounds, **what}


@pytest.mark.filterwarnings("ignore")
def test_a_network_has_every_variant_and_the_smallest_is_served(optimised: Optimised) -> None:
    product = optimised(
        NETWORK,
        {"hidden_layer_sizes": [64, 64], "max_iter": 30},
        variant("fp32"),
        variant("basic", graph="basic"),
        variant("extended", graph="extended"),
        variant("half", precision="float16"),
        variant("dynamic", quantize="dynamic"),
        variant("static", quantize="static"),
        rule={"smallest": "size", "within": {"roc_auc": 0.01}},
    )
    found = told(product)
    assert {name: one.refused for name, one in found.items()} == {name: [] for name in found}
    sizes = {name: one.size or 0 for name, one in found.items()}
    assert sizes["dynamic"] < 0.5 * sizes["fp32"]
    assert sizes["half"] < 0.75 * sizes["fp32"]
    assert product.summary["chosen"] == min(sizes, key=sizes.__getitem__)
    assert product.outputs["onnx"].stat().st_size == min(sizes.values())
    parity = json.loads(product.outputs["parity"].read_bytes())
    assert parity["label_agreement"] == found[product.summary["chosen"]].label_agreement
    assert all(one.metrics["roc_auc"] is not None and one.latency for one in found.values())


@pytest.mark.filterwarnings("ignore")
def test_the_same_variant_is_the_same_bytes(optimised: Optimised) -> None:
    for what in (
        {"quantize": "dynamic"},
        {"quantize": "static"},
        {"precision": "float16"},
        {"graph": "basic"},
    ):
        made = variant("only", **what)
        params = {"hidden_layer_sizes": [16], "max_iter": 10}
        one, other = (optimised(NETWORK, params, made).outputs["onnx"].read_bytes() for _ in range(2))
        assert one == other, what


@pytest.mark.filterwarnings("ignore")
def test_half_precision_takes_numbers_that_are_infinite_in_it(optimised: Optimised) -> None:
    """onnxruntime's own converter casts the inputs: a car of more than 65,504 is then worth NaN. The parity gate
    would refuse it; here only weights are kept in 16 bits."""
    params = {"hidden_layer_sizes": [32], "max_iter": 30}
    product = optimised(NETWORK, params, variant("half", precision="float16"))
    from onnxruntime.transformers.float16 import convert_float_to_float16

    trap = onnx.load(product.outputs["onnx"].parent.parent.parent / "step-2" / "model.onnx")
    assert pl.read_parquet(lending.LOANS)["car_value"].max() > 65504  # type: ignore[operator]
    converted = convert_float_to_float16(trap, keep_io_types=True)
    casts = {node.input[0] for node in converted.graph.node if node.op_type == "Cast"}
    assert "car_value" in casts
    (half,) = told(product).values()
    assert not half.refused


@pytest.mark.filterwarnings("ignore")
def test_eight_bits_that_are_too_few_are_refused(optimised: Optimised) -> None:
    """One unscaled column takes the whole range of eight bits: the others round to nothing."""
    product = optimised(
        NETWORK,
        {"hidden_layer_sizes": [16], "max_iter": 30},
        variant("fp32"),
        variant("int8", quantize="dynamic"),
        scale="none",
    )
    int8 = told(product)["int8"]
    assert int8.label_agreement is not None
    assert int8.label_agreement < 0.99
    assert any("labels of the test set differ" in reason for reason in int8.refused)
    assert product.summary["chosen"] == "fp32"


def test_fewer_trees_are_the_first_of_them(step: Any, tmp_path: Path) -> None:
    paths = lending.parts(tmp_path)
    for estimator in (
        FOREST,
        "sklearn.ensemble.ExtraTreesClassifier",
        "sklearn.ensemble.GradientBoostingClassifier",
        steps.BOOSTED,
    ):
        many, few = (
            sklearn_train.load_model(
                step(
                    "sklearn_train",
                    lending.train(
                        estimator,
                        "none",
                        params={"max_iter" if "Hist" in estimator else "n_estimators": count},
                    ),
                    train=paths["train"],
                ).outputs["model"]
            )
            for count in (20, 10)
        )
        table = model_input(pl.read_parquet(paths["test"]), lending.COLUMNS)
        half = _forms.pruned(many, 0.5)
        assert np.allclose(half.predict_proba(table), few.predict_proba(table)), estimator
        assert not np.allclose(many.predict_proba(table), few.predict_proba(table)), "the whole is as it was"


def test_a_pruned_forest_is_judged_like_every_other(optimised: Optimised) -> None:
    small = variant("small", prune=0.05)
    product = optimised(
        FOREST,
        {"n_estimators": 40, "max_depth": 6},
        variant("fp32"),
        variant("half", prune=0.5) | {"max_probability_difference": 0.5, "min_label_agreement": 0.9},
        small | {"max_probability_difference": 1.0, "min_label_agreement": 0.0},
        scale="none",
        rule={"smallest": "size", "within": {"roc_auc": 0.005}},
    )
    found = told(product)
    assert product.summary["chosen"] == "half"
    assert any("ROC AUC is worse by" in reason for reason in found["small"].refused)
    assert found["fp32"].worse == {"roc_auc": 0.0}


def test_each_variant_passes_the_gates_of_the_model_or_is_refused(optimised: Optimised) -> None:
    bound = {"min": None, "max": "1B", "bound": None, "confidence": 0.95}
    with pytest.raises(StepFailed) as refused:
        optimised(
            steps.TREE,
            {},
            variant("fp32"),
            variant("graph", graph="basic"),
            scale="none",
            gates={"small": {"model_size": bound}},
        )
    (diagnostic,) = refused.value.diagnostics
    assert (diagnostic.rule, diagnostic.refused) == ("no-variant-fits", True)
    assert "Gate small, model_size" in diagnostic.detail


def test_a_graph_keeps_its_inputs_and_outputs(optimised: Optimised) -> None:
    product = optimised(steps.LINEAR, {}, variant("basic", graph="basic"))
    graph = onnx.load(product.outputs["onnx"]).graph
    assert [entry.name for entry in graph.input] == list(lending.COLUMNS)
    assert [entry.name for entry in graph.output] == ["label", "probabilities"]


def measured(name: str, size: int, latency: float, auc: float, *refused: str) -> Measured:
    return Measured(name, "", list(refused), size=size, latency=latency, metrics={"roc_auc": auc})


def test_the_front_holds_what_no_other_beats() -> None:
    found = variants.front(
        [
            measured("a", 100, 3.0, 0.9),
            measured("b", 50, 3.0, 0.9),
            measured("c", 10, 4.0, 0.8),
            measured("d", 10, 5.0, 0.8),
            Measured("e", "", ["It cannot be made."]),
        ],
        "roc_auc",
    )
    assert [one.name for one in found if one.front] == ["b", "c"]


def test_the_rule_chooses_among_what_is_not_refused_and_of_equals_the_first() -> None:
    found = [
        measured("a", 100, 1.0, 0.9),
        measured("b", 50, 3.0, 0.9),
        measured("c", 50, 2.0, 0.9),
        measured("d", 1, 0.1, 0.9, "no"),
    ]
    assert variants.choose(found, {"smallest": "size"}) == found[1]
    assert variants.choose(found, {"fastest": "latency"}) == found[0]
    assert variants.choose(found[3:], {"smallest": "size"}) is None


_MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"


@pytest.mark.parametrize(
    ("estimator", "variant", "said"),
    [
        ("sklearn.ensemble.RandomForestClassifier", "quantize: dynamic", "cannot be quantised"),
        (
            "sklearn.ensemble.HistGradientBoostingClassifier",
            "precision: float16",
            "cannot be given half the precision",
        ),
        ("sklearn.linear_model.LogisticRegression", "quantize: static", "cannot be quantised"),
        ("sklearn.linear_model.LogisticRegression", "prune: 0.5", "cannot be pruned"),
        ("xgboost.XGBClassifier", "prune: 0.5", "cannot be pruned"),
        ("sklearn.neural_network.MLPClassifier", "quantize: dynamic, prune: 0.5", "one thing that is done"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_trained(
    tmp_path: Path, estimator: str, variant: str, said: str
) -> None:
    optimize = f"optimize: {{variants: {{fp32: {{}}, other: {{{variant}}}}}, choose: {{smallest: size}}}}\n"
    files = {"model/churn.yaml": f"{_MODEL}train: {{estimator: {estimator}}}\n{optimize}"}
    found = pipeline.validate(Request(lay(tmp_path, files))).diagnostics
    (one,) = [each for each in found if each.severity == "error"]
    assert one.rule == "variant-not-possible"
    assert said in one.detail
    assert one.primary is not None
    assert one.primary.span.line == 5


@pytest.mark.parametrize(
    ("optimize", "said"),
    [
        ("{variants: {fp32: {}}}", "`variants` says nothing without `choose`"),
        ("{choose: {smallest: size}}", "`choose` says nothing without `variants`"),
        ("{variants: {fp32: {}}, choose: {}}", "A rule says `smallest` or `fastest`"),
        (
            "{variants: {fp32: {}}, choose: {smallest: size, within: {roc_acu: 0.1}}}",
            '"roc_acu" is no metric',
        ),
        (
            "{variants: {fp32: {}}, choose: {smallest: size, within: {roc_auc: -0.1}}}",
            "would want a variant to be better",
        ),
    ],
)
def test_a_rule_that_says_nothing_is_refused(tmp_path: Path, optimize: str, said: str) -> None:
    model = f"{_MODEL}train: {{estimator: sklearn.linear_model.LogisticRegression}}\noptimize: {optimize}\n"
    found = pipeline.validate(Request(lay(tmp_path, {"model/churn.yaml": model}))).diagnostics
    assert any(said in one.detail for one in found if one.rule == "variant-not-possible")


def test_of_several_candidates_one_may_have_it(tmp_path: Path) -> None:
    model = (
        _MODEL
        + "candidates:\n  net: {estimator: sklearn.neural_network.MLPClassifier}\n"
        + "  tree: {estimator: sklearn.tree.DecisionTreeClassifier}\n"
        + "optimize: {variants: {fp32: {}, int8: {quantize: dynamic}}, choose: {smallest: size}}\n"
    )
    found = pipeline.validate(Request(lay(tmp_path, {"model/churn.yaml": model}))).diagnostics
    assert not [one for one in found if one.severity == "error"]


@pytest.mark.parametrize(
    ("estimator", "variant", "said"),
    [
        ("linear_model.Ridge", "quantize: dynamic", "That is so of networks (MLPClassifier, MLPRegressor)."),
        ("svm.SVR", "prune: 0.5", "that mlc shortens: RandomForestClassifier, RandomForestRegressor,"),
        ("neighbors.KNeighborsRegressor", "precision: float16", "That is so of networks (MLPRegressor)."),
        ("tree.DecisionTreeRegressor", "prune: 0.5", "that mlc shortens: RandomForestRegressor, Extra"),
    ],
)
def test_what_cannot_be_names_what_can_predict_the_same(
    tmp_path: Path, estimator: str, variant: str, said: str
) -> None:
    files = {
        "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\ncolumns:\n"
        "  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
        "  left: {type: number, role: label}\nsplit: {method: random}\n",
        "model/churn.yaml": "task: regression\ndataset: people\nfeatures: basic\n"
        f"train: {{estimator: sklearn.{estimator}}}\n"
        f"optimize: {{variants: {{fp32: {{}}, other: {{{variant}}}}}, choose: {{smallest: size}}}}\n",
    }
    found = pipeline.validate(Request(lay(tmp_path, files))).diagnostics
    (one,) = [each for each in found if each.severity == "error"]
    assert one.rule == "variant-not-possible"
    assert said in one.detail


def test_a_variant_has_the_bounds_of_its_task(tmp_path: Path) -> None:
    variants = "{fp32: {}, half: {graph: basic, min_value_agreement: 0.9}}"
    files = {
        "model/churn.yaml": f"{_MODEL}train: {{estimator: sklearn.linear_model.LogisticRegression}}\n"
        f"optimize: {{variants: {variants}, choose: {{smallest: size}}}}\n"
    }
    found = pipeline.validate(Request(lay(tmp_path, files))).diagnostics
    (one,) = [each for each in found if each.severity == "error"]
    assert (one.rule, one.path) == ("not-of-this-task", "optimize.variants.half.min_value_agreement")


NETWORKS = {
    "regression": "sklearn.neural_network.MLPRegressor",
    "multiclass_classification": NETWORK,
}
FORESTS = {"regression": "sklearn.ensemble.RandomForestRegressor", "multiclass_classification": FOREST}
METRIC = {"regression": "rmse", "multiclass_classification": "log_loss", "clustering": "silhouette"}
ROUNDED: dict[str, dict[str, Any]] = {
    "multiclass_classification": {"max_probability_difference": 0.2, "min_label_agreement": 0.95},
    "regression": {"max_value_difference": 0.05, "min_value_agreement": 0.9},
}


def optimised_of(
    step: Any, folder: Path, task: str, estimator: str, *made: dict[str, Any], **asked: Any
) -> Product:
    """Train, export and optimise a model of another task."""
    paths = measuring.parts(task, folder)
    spec = measuring.train(task, estimator, asked.pop("scale", "standard"), asked.pop("params", {}))
    model = step("sklearn_train", spec, train=paths["train"]).outputs["model"]
    exported = step("onnx_export", measuring.export(task), model=model, test=paths["test"]).outputs["onnx"]
    learned = measuring.learned(task)
    spec = {
        **learned,
        "opset": 21,
        "variants": [{**measuring.BOUNDS[task], **one} for one in made],
        "choose": {"smallest": "size"},
        "metric": METRIC[task],
        "evaluate": {**learned, "name": "model", "seed": 0, "confidences": [0.95]},
        "measure": {"columns": learned["columns"]},
        "gates": {},
        **asked,
    }
    inputs = {"onnx": exported, "model": model, "train": paths["train"], "test": paths["test"]}
    return variants.run(steps.work(folder, "variants", spec, **inputs))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", NETWORKS)
def test_networks_of_other_tasks_have_every_variant_too(step: Any, tmp_path: Path, task: str) -> None:
    product = optimised_of(
        step,
        tmp_path,
        task,
        NETWORKS[task],
        {"name": "fp32"},
        {"name": "graph", "graph": "extended"},
        {"name": "half", "precision": "float16", **ROUNDED[task]},
        {"name": "dynamic", "quantize": "dynamic", **ROUNDED[task]},
        {"name": "static", "quantize": "static", **ROUNDED[task]},
        params={"hidden_layer_sizes": [64, 64], "max_iter": 50},
        choose={"smallest": "size", "within": {METRIC[task]: 5.0}},
    )
    found = told(product)
    assert {name: one.refused for name, one in found.items()} == {name: [] for name in found}
    sizes = {name: one.size or 0 for name, one in found.items()}
    assert sizes["dynamic"] < 0.6 * sizes["fp32"]
    assert product.summary["chosen"] == min(sizes, key=sizes.__getitem__)
    share = "value_agreement" if task == "regression" else "label_agreement"
    assert all(getattr(one, share) is not None for one in found.values())
    assert all(one.metrics[METRIC[task]] is not None for one in found.values())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", FORESTS)
def test_what_rounds_too_much_is_refused_in_other_tasks_too(step: Any, tmp_path: Path, task: str) -> None:
    product = optimised_of(
        step,
        tmp_path,
        task,
        FORESTS[task],
        {"name": "fp32"},
        {"name": "half", "prune": 0.5},
        scale="none",
        params={"n_estimators": 10, "max_depth": 5},
    )
    half = told(product)["half"]
    assert product.summary["chosen"] == "fp32"
    assert half.size is not None
    assert half.size < (told(product)["fp32"].size or 0)
    said = (
        "values of the test set differ" if task == "regression" else "A probability of the ONNX form differs"
    )
    assert any(said in reason for reason in half.refused)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("task", "estimator"),
    [
        ("regression", "sklearn.ensemble.RandomForestRegressor"),
        ("regression", "sklearn.ensemble.ExtraTreesRegressor"),
        ("regression", "sklearn.ensemble.GradientBoostingRegressor"),
        ("regression", "sklearn.ensemble.HistGradientBoostingRegressor"),
        ("multiclass_classification", "sklearn.ensemble.GradientBoostingClassifier"),
        ("multiclass_classification", steps.BOOSTED),
    ],
)
def test_fewer_trees_of_other_tasks_are_the_first_of_them(
    step: Any, tmp_path: Path, task: str, estimator: str
) -> None:
    paths = measuring.parts(task, tmp_path)
    count = "max_iter" if "Hist" in estimator else "n_estimators"
    many, few = (
        sklearn_train.load_model(
            step(
                "sklearn_train",
                measuring.train(task, estimator, "none", {count: trees}),
                train=paths["train"],
            ).outputs["model"]
        )
        for trees in (12, 6)
    )
    table = model_input(pl.read_parquet(paths["test"]), measuring.columns(task))
    ask = "predict" if task == "regression" else "predict_proba"
    half = _forms.pruned(many, 0.5)
    assert np.allclose(getattr(half, ask)(table), getattr(few, ask)(table))
    assert not np.allclose(getattr(many, ask)(table), getattr(few, ask)(table))


def test_clusters_are_compared_in_the_space_that_they_were_found_in(step: Any, tmp_path: Path) -> None:
    product = optimised_of(
        step,
        tmp_path,
        "clustering",
        "sklearn.cluster.KMeans",
        {"name": "fp32"},
        {"name": "g", "graph": "basic"},
    )
    assert all(one.metrics["silhouette"] is not None for one in told(product).values())
