"""Appends the calibration of a classifier of two classes to its ONNX graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from mlc.drivers._calibration import LEAST, MOST, Calibrated

_PREFIX = "calibration_"


def append(graph: onnx.ModelProto, calibrated: Calibrated) -> onnx.ModelProto:
    """The graph of the classifier within, whose first output is the label and second the probabilities (n, 2),
    with the outputs of the whole."""
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    inner = model.graph.output[1].name
    nodes = _Nodes(model.graph)
    column = nodes.constant("column", np.array([1], np.int64))
    raw = nodes.add("Gather", inner, column, axis=1)  # (n, 1)
    positive = (
        _isotonic(nodes, raw, calibrated)
        if calibrated.method == "isotonic"
        else _sigmoid(nodes, raw, calibrated)
    )
    one = nodes.constant("one", np.array([1], np.float32))
    rest = nodes.add("Sub", one, positive)
    probabilities = nodes.add("Concat", rest, positive, axis=1)
    half = nodes.constant("half", np.array([0.5], np.float32))
    above = nodes.add("Cast", nodes.add("Greater", positive, half), to=onnx.TensorProto.INT64)
    label = nodes.add("Reshape", above, nodes.constant("flat", np.array([-1], np.int64)))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(label, onnx.TensorProto.INT64, [None]))
    model.graph.output.append(helper.make_tensor_value_info(probabilities, onnx.TensorProto.FLOAT, [None, 2]))
    return model


def _isotonic(nodes: _Nodes, raw: str, calibrated: Calibrated) -> str:
    """Along the line between the two points around a value: y + (value − x) · slope."""
    x, y = calibrated.x_, calibrated.y_
    slopes = np.diff(y) / np.diff(x)
    ends = nodes.constant("x", x[:-1].astype(np.float32))
    within = nodes.add(
        "Clip",
        raw,
        nodes.constant("least", np.array(x[0], np.float32)),
        nodes.constant("most", np.array(x[-1], np.float32)),
    )
    reached = nodes.add("Cast", nodes.add("GreaterOrEqual", within, ends), to=onnx.TensorProto.INT64)
    axis = nodes.constant("axis", np.array([1], np.int64))
    counted = nodes.add("ReduceSum", reached, axis, keepdims=1)
    place = nodes.add("Sub", counted, nodes.constant("first", np.array([1], np.int64)))
    start = nodes.add("Gather", ends, place)
    low = nodes.add("Gather", nodes.constant("y", y[:-1].astype(np.float32)), place)
    slope = nodes.add("Gather", nodes.constant("slopes", slopes.astype(np.float32)), place)
    return nodes.add("Add", low, nodes.add("Mul", nodes.add("Sub", within, start), slope))


def _sigmoid(nodes: _Nodes, raw: str, calibrated: Calibrated) -> str:
    clipped = nodes.add(
        "Clip",
        raw,
        nodes.constant("least", np.array(LEAST, np.float32)),
        nodes.constant("most", np.array(MOST, np.float32)),
    )
    rest = nodes.add("Sub", nodes.constant("whole", np.array([1], np.float32)), clipped)
    odds = nodes.add("Log", nodes.add("Div", clipped, rest))
    scaled = nodes.add("Mul", odds, nodes.constant("slope", np.array([calibrated.slope_], np.float32)))
    intercept = nodes.constant("intercept", np.array([calibrated.intercept_], np.float32))
    return nodes.add("Sigmoid", nodes.add("Add", scaled, intercept))


class _Nodes:
    """A graph that grows: each node is named after its number, its one output after the node."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._count = 0

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        self._count += 1
        name = f"{_PREFIX}{self._count}_{operator.lower()}"
        self._graph.node.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: Any) -> str:
        self._graph.initializer.append(numpy_helper.from_array(value, f"{_PREFIX}{name}"))
        return f"{_PREFIX}{name}"
