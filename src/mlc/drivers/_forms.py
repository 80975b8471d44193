"""Makes variants of a served form: another graph, fewer bits, fewer trees."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from sklearn.pipeline import Pipeline

CALIBRATION_ROWS = 1024
"""Training rows by which static quantisation learns the range of every activation."""


class ImpossibleError(Exception):
    """A variant that cannot be made of this model: a sentence to show."""


Feeds = Mapping[str, np.ndarray[Any, Any]]


def form(
    variant: Mapping[str, Any],
    model: Pipeline,
    base: Path,
    folder: Path,
    rows: Callable[[], Feeds],
    convert: Callable[[Pipeline], bytes],
) -> bytes:
    """The bytes of a variant, the same each time. `base` is the form as exported, `rows` gives training rows as
    onnxruntime takes them, and `convert` makes ONNX of a model. Raises ImpossibleError."""
    if "prune" in variant:
        return convert(pruned(model, variant["prune"]))
    try:
        if "graph" in variant:
            return _optimised(base, folder, variant["graph"])
        if "precision" in variant:
            return _halved(base)
        if "quantize" in variant:
            return _quantised(base, folder, variant["quantize"], rows)
    except ImpossibleError:
        raise
    except Exception as error:  # onnxruntime's tools raise whatever comes their way
        raise ImpossibleError(f"onnxruntime cannot make it: {_line(error)}") from error
    return base.read_bytes()


def pruned(model: Pipeline, share: float) -> Pipeline:
    """The model with the first trees (of boosting: stages) of its ensemble only. Raises ImpossibleError."""
    estimator = copy(model["estimator"])
    for name in ("estimators_", "_predictors"):
        trees = getattr(estimator, name, None)
        if trees is not None and len(trees):
            setattr(estimator, name, trees[: max(1, round(share * len(trees)))])
            break
    else:
        raise ImpossibleError(f"{type(estimator).__name__} has no trees that could be left out.")
    if hasattr(estimator, "n_estimators_"):
        estimator.n_estimators_ = len(estimator.estimators_)
    if "n_estimators" in estimator.get_params():
        estimator.n_estimators = len(estimator.estimators_)
    return Pipeline([("features", model["features"]), ("estimator", estimator)])


def _optimised(base: Path, folder: Path, level: str) -> bytes:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = {
        "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
        "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    }[level]
    made = folder / "optimised.onnx"
    options.optimized_model_filepath = str(made)
    onnxruntime.InferenceSession(base.read_bytes(), options, providers=["CPUExecutionProvider"])
    return _clean(onnx.load(made))


def _halved(base: Path) -> bytes:
    """The weights of matrix products kept as 16 bits, and computed with as 32.

    Not onnxruntime's own converter: it casts every input of the graph to 16 bits, in which a number above 65,504 is
    infinite (seen: one row in thirteen was NaN, by a column of prices). On a processor 16 bits are not faster.
    """
    model = onnx.load(base)
    graph = model.graph
    used = {
        node.input[1] for node in graph.node if node.op_type in ("MatMul", "Gemm") and len(node.input) > 1
    }
    casts = []
    for tensor in graph.initializer:
        if tensor.name not in used or tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        name = tensor.name
        halved = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(halved, f"{name}_half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], name, to=onnx.TensorProto.FLOAT))
    if not casts:
        raise ImpossibleError("It has no matrix product with weights of its own.")
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return _clean(model)


def _quantised(base: Path, folder: Path, how: str, rows: Callable[[], Feeds]) -> bytes:
    from onnxruntime import quantization

    logging.getLogger().setLevel(logging.ERROR)  # it advises, whatever it is given
    made = folder / "quantised.onnx"
    if how == "dynamic":
        quantization.quantize_dynamic(base, made, weight_type=quantization.QuantType.QInt8)
    else:
        quantization.quantize_static(
            base,
            made,
            _Reader(rows()),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["MatMul", "Gemm"],
            weight_type=quantization.QuantType.QInt8,
        )
    return _clean(onnx.load(made))


class _Reader:
    """Training rows for onnxruntime's calibration, all in one batch."""

    def __init__(self, rows: Feeds) -> None:
        self._batches: Iterator[Feeds] = iter([rows])

    def get_next(self) -> Feeds | None:
        return next(self._batches, None)


def _clean(model: onnx.ModelProto) -> bytes:
    """Without what says which tool made it."""
    model.producer_name, model.producer_version, model.doc_string = "mlc", "", ""
    del model.metadata_props[:]
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
