"""The mean of what several models say, and its ONNX form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

Floats = NDArray[np.float64]


class Mean(BaseEstimator):  # type: ignore[misc]
    """Of each row the mean over m models, by their `weights` (m,), of the k numbers that each of them says.

    Models of two classes say one number, the probability of the positive class; of several one for each; of regression
    the value. They stand one model after the other: (n, m · k).
    """

    def __init__(self, weights: Any = (), task: str = "binary_classification") -> None:
        self.weights = weights
        self.task = task

    def fit(self, table: Any, labels: Any = None) -> Mean:
        """Always raises: there is nothing to learn."""
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def matrix(self, columns: int) -> Floats:
        """Shape (columns, k): what a row is multiplied with."""
        shares = np.asarray(self.weights, dtype=np.float64)
        return np.kron((shares / shares.sum()).reshape(-1, 1), np.eye(columns // len(shares)))

    def predict_proba(self, table: Any) -> Floats:
        """Shape (n, classes)."""
        mean = self._mean(table)
        return np.hstack([1 - mean, mean]) if self.task == "binary_classification" else mean

    def predict(self, table: Any) -> NDArray[Any]:
        """Shape (n,): the place of the class with the largest mean, or the mean value."""
        mean = self._mean(table)
        if self.task == "regression":
            return mean.reshape(-1)
        if self.task == "binary_classification":
            return (mean[:, 0] > 0.5).astype(np.int64)
        return np.asarray(mean.argmax(axis=1))

    def _mean(self, table: Any) -> Floats:
        told = np.asarray(table, dtype=np.float64)
        return np.asarray(told @ self.matrix(told.shape[1]))


def to_onnx(mean: Mean, given: list[str], opset: int) -> Any:
    """A graph whose inputs are the numbers (n, 1) called `given`, and whose outputs are skl2onnx's of such a model."""
    from onnx import TensorProto, helper, numpy_helper

    weights = mean.matrix(len(given)).astype(np.float32)
    width = weights.shape[1]
    constants: dict[str, NDArray[Any]] = {
        "weights": weights,
        "one": np.array([1], np.float32),
        "half": np.array([0.5], np.float32),
        "flat": np.array([-1], np.int64),
    }
    nodes = [
        helper.make_node("Concat", given, ["told"], name="concat", axis=1),
        helper.make_node("MatMul", ["told", "weights"], ["mean"], name="mean"),
    ]
    outputs = [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [None, width])]
    if mean.task == "binary_classification":
        nodes += [
            helper.make_node("Sub", ["one", "mean"], ["rest"], name="rest"),
            helper.make_node("Concat", ["rest", "mean"], ["both"], name="both", axis=1),
            helper.make_node("Greater", ["mean", "half"], ["above"], name="above"),
            helper.make_node("Cast", ["above"], ["places"], name="places", to=TensorProto.INT64),
            helper.make_node("Reshape", ["places", "flat"], ["place"], name="place"),
        ]
        outputs = [helper.make_tensor_value_info("both", TensorProto.FLOAT, [None, 2])]
    elif mean.task == "multiclass_classification":
        nodes.append(helper.make_node("ArgMax", ["mean"], ["place"], name="place", axis=1, keepdims=0))
    if mean.task != "regression":
        outputs.insert(0, helper.make_tensor_value_info("place", TensorProto.INT64, [None]))
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "mlc",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in given],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
