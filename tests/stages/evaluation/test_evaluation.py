"""The operation `evaluate`, on a real ONNX file."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import polars as pl
import pytest
from onnx import TensorProto, helper
from syrupy.assertion import SnapshotAssertion

from mlc.drivers import evaluation as driver
from mlc.drivers._canonical import canonical
from mlc.ir.evaluation import Evaluation
from mlc.ir.metrics import of_task
from mlc.ir.operation import StepFailed, Work
from stages.evaluation.synthetic import binary_evaluation

MakeWork = Callable[..., Work]
SPEC: dict[str, Any] = {
    "task": "binary_classification",
    "label": "repaid",
    "positive": "yes",
    "seed": 3,
    "confidences": [0.9],
    "columns": {"amount": {"type": "number", "values": [], "nullable": False}},
}


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Path]:
    return {"onnx": logistic(tmp_path / "model.onnx", 1.0), "test": loans(tmp_path / "test.parquet")}


def test_the_served_model_is_scored_and_every_metric_estimated(
    work: MakeWork, inputs: dict[str, Path]
) -> None:
    product = driver.run(work("evaluation", SPEC, inputs))
    found = msgspec.json.decode(product.outputs["evaluation"].read_bytes(), type=Evaluation)
    measured = {
        name for name, metric in of_task("binary_classification").items() if metric.source == "evaluation"
    }
    assert set(found.estimates) == measured
    assert (found.rows, found.positive, found.label) == (400, "yes", "repaid")
    frame = pl.read_parquet(inputs["test"])
    said = 1 / (1 + np.exp(-frame["amount"].to_numpy()))
    truth = frame["repaid"].to_numpy() == "yes"
    assert found.positives == truth.sum()
    assert found.estimates["accuracy"].value == pytest.approx(((said > 0.5) == truth).mean())
    assert found.estimates["brier"].value == pytest.approx(((said - truth) ** 2).mean(), abs=1e-7)
    assert found.estimates["roc_auc"].at(0.9) is not None
    counts = found.confusion
    assert counts is not None
    assert counts.true_positives + counts.false_negatives == found.positives
    assert product.summary["rows"] == 400
    assert product.summary["ROC AUC"].startswith(f"{found.estimates['roc_auc'].value:.4f} (")


def test_the_same_inputs_give_the_same_bytes(work: MakeWork, inputs: dict[str, Path]) -> None:
    first = {
        name: path.read_bytes() for name, path in driver.run(work("evaluation", SPEC, inputs)).outputs.items()
    }
    again = driver.run(work("evaluation", SPEC, inputs)).outputs
    assert {name: path.read_bytes() for name, path in again.items()} == first


def test_a_test_set_without_rows_is_refused(work: MakeWork, inputs: dict[str, Path], tmp_path: Path) -> None:
    empty = tmp_path / "empty.parquet"
    pl.read_parquet(inputs["test"]).clear().write_parquet(empty)
    message = refusal(work("evaluation", SPEC, {**inputs, "test": empty}))
    assert "holds no rows" in message


def test_scores_that_are_not_numbers_are_refused(
    work: MakeWork, inputs: dict[str, Path], tmp_path: Path
) -> None:
    missing = tmp_path / "missing.parquet"
    frame = pl.read_parquet(inputs["test"])
    amounts = [None, None, None, *frame["amount"].to_list()[3:]]
    frame.with_columns(pl.Series("amount", amounts)).write_parquet(missing)
    message = refusal(work("evaluation", SPEC, {**inputs, "test": missing}))
    assert "On 3 of 400 test rows" in message


def test_scores_that_are_no_probabilities_are_refused(
    work: MakeWork, inputs: dict[str, Path], tmp_path: Path
) -> None:
    doubled = logistic(tmp_path / "doubled.onnx", 2.0)
    assert "not a probability" in refusal(work("evaluation", SPEC, {**inputs, "onnx": doubled}))


def test_missing_labels_are_refused(work: MakeWork, inputs: dict[str, Path], tmp_path: Path) -> None:
    missing = tmp_path / "unlabelled.parquet"
    frame = pl.read_parquet(inputs["test"])
    labels = [None, *frame["repaid"].to_list()[1:]]
    frame.with_columns(pl.Series("repaid", labels)).write_parquet(missing)
    assert "labels" in refusal(work("evaluation", SPEC, {**inputs, "test": missing}))


def test_one_class_alone_is_evaluated_with_a_warning(
    work: MakeWork, inputs: dict[str, Path], tmp_path: Path
) -> None:
    one = tmp_path / "one.parquet"
    pl.read_parquet(inputs["test"]).filter(pl.col("repaid") == "yes").write_parquet(one)
    product = driver.run(work("evaluation", SPEC, {**inputs, "test": one}))
    found = msgspec.json.decode(product.outputs["evaluation"].read_bytes(), type=Evaluation)
    assert found.estimates["roc_auc"].value is None
    assert found.roc == ()
    assert "no negative rows" in found.warnings[0]


def test_canonical_json_is_sorted_rounded_and_finite() -> None:
    assert canonical({"b": 1 / 3, "a": [math.nan, math.inf, 0.1 + 0.2, -0.0]}) == (
        b'{\n  "a": [\n    null,\n    null,\n    0.3,\n    0.0\n  ],\n  "b": 0.333333333333\n}\n'
    )


def test_evaluation_snapshot(
    evaluation: Evaluation, snapshot_file: Callable[[str], SnapshotAssertion]
) -> None:
    assert canonical(evaluation) == snapshot_file("json")


def test_an_evaluation_read_back_is_the_same() -> None:
    written = canonical(binary_evaluation(*arrays(), SPEC))
    assert canonical(msgspec.json.decode(written, type=Evaluation)) == written


def arrays() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    scores = generator.random(90)
    return generator.random(90) < scores, scores > 0.5, scores


def loans(path: Path) -> Path:
    generator = np.random.default_rng(5)
    amount = np.round(generator.normal(0, 1.5, 400), 3)
    repaid = generator.random(400) < 1 / (1 + np.exp(-amount))
    pl.DataFrame(
        {"id": np.arange(400), "amount": amount, "repaid": np.where(repaid, "yes", "no")}
    ).write_parquet(path)
    return path


def logistic(path: Path, factor: float) -> Path:
    """A classifier of one number; with a factor other than 1 it gives no probabilities."""
    nodes = [
        helper.make_node("Sigmoid", ["amount"], ["chance"]),
        helper.make_node("Mul", ["chance", "factor"], ["positive"]),
        helper.make_node("Sub", ["one", "positive"], ["negative"]),
        helper.make_node("Concat", ["negative", "positive"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "logistic",
        [helper.make_tensor_value_info("amount", TensorProto.FLOAT, [None, 1])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]),
        ],
        [
            helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
            helper.make_tensor("factor", TensorProto.FLOAT, [1], [factor]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def refusal(work: Work) -> str:
    with pytest.raises(StepFailed) as caught:
        driver.run(work)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.rule == "evaluation-impossible"
    assert diagnostic.address == "model.default_risk"
    assert diagnostic.help
    return diagnostic.detail
