"""Appends the calibration of a classifier to its ONNX graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from mlc.drivers._calibration import FLOOR, LEAST, MOST, Calibrated, Floats

_PREFIX = "calibration_"


def append(graph: onnx.ModelProto, calibrated: Calibrated) -> onnx.ModelProto:
    """The graph of the classifier within, whose first output is the label and second the probabilities (n, k),
    with the outputs of the whole."""
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    inner = model.graph.output[1].name
    nodes, classes = _Nodes(model.graph), len(calibrated.classes_)
    label, probabilities = (_of_two if classes == 2 else _of_several)(nodes, inner, calibrated)
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(label, onnx.TensorProto.INT64, [None]))
    model.graph.output.append(
        helper.make_tensor_value_info(probabilities, onnx.TensorProto.FLOAT, [None, classes])
    )
    return model


def _of_two(nodes: _Nodes, inner: str, calibrated: Calibrated) -> tuple[str, str]:
    """The names of the label (n,) and the probabilities (n, 2)."""
    column = nodes.constant("column", np.array([1], np.int64))
    raw = nodes.add("Gather", inner, column, axis=1)  # (n, 1)
    positive = (
        _isotonic(nodes, raw, calibrated.x_, calibrated.y_)
        if calibrated.method == "isotonic"
        else _sigmoid(nodes, raw, calibrated)
    )
    one = nodes.constant("one", np.array([1], np.float32))
    rest = nodes.add("Sub", one, positive)
    probabilities = nodes.add("Concat", rest, positive, axis=1)
    half = nodes.constant("half", np.array([0.5], np.float32))
    above = nodes.add("Cast", nodes.add("Greater", positive, half), to=onnx.TensorProto.INT64)
    return nodes.add("Reshape", above, nodes.constant("flat", np.array([-1], np.int64))), probabilities


def _of_several(nodes: _Nodes, inner: str, calibrated: Calibrated) -> tuple[str, str]:
    """The names of the label (n,) and the probabilities (n, k): each class against the rest, then all over their
    sum."""
    if calibrated.method == "isotonic":
        columns = []
        for one, (x, y) in enumerate(zip(calibrated.x_, calibrated.y_, strict=True)):
            column = nodes.constant(f"column_{one}", np.array([one], np.int64))
            raw = nodes.add("Gather", inner, column, axis=1)  # (n, 1)
            columns.append(_isotonic(nodes, raw, x, y, f"_{one}"))
        together = nodes.add("Concat", *columns, axis=1)
        mapped = nodes.add("Max", together, nodes.constant("floor", np.array([FLOOR], np.float32)))
    else:
        mapped = _sigmoid(nodes, inner, calibrated)
    axis = nodes.constant("across", np.array([1], np.int64))
    probabilities = nodes.add("Div", mapped, nodes.add("ReduceSum", mapped, axis, keepdims=1))
    return nodes.add("ArgMax", probabilities, axis=1, keepdims=0), probabilities


def _isotonic(nodes: _Nodes, raw: str, x: Floats, y: Floats, which: str = "") -> str:
    """Along the line between the two points around a value: y + (value − x) · slope."""
    slopes = np.diff(y) / np.diff(x)
    ends = nodes.constant(f"x{which}", x[:-1].astype(np.float32))
    within = nodes.add(
        "Clip",
        raw,
        nodes.constant(f"least{which}", np.array(x[0], np.float32)),
        nodes.constant(f"most{which}", np.array(x[-1], np.float32)),
    )
    reached = nodes.add("Cast", nodes.add("GreaterOrEqual", within, ends), to=onnx.TensorProto.INT64)
    axis = nodes.constant(f"axis{which}", np.array([1], np.int64))
    counted = nodes.add("ReduceSum", reached, axis, keepdims=1)
    place = nodes.add("Sub", counted, nodes.constant(f"first{which}", np.array([1], np.int64)))
    start = nodes.add("Gather", ends, place)
    low = nodes.add("Gather", nodes.constant(f"y{which}", y[:-1].astype(np.float32)), place)
    slope = nodes.add("Gather", nodes.constant(f"slopes{which}", slopes.astype(np.float32)), place)
    return nodes.add("Add", low, nodes.add("Mul", nodes.add("Sub", within, start), slope))


def _sigmoid(nodes: _Nodes, raw: str, calibrated: Calibrated) -> str:
    """Of one column, or of one for each class."""
    clipped = nodes.add(
        "Clip",
        raw,
        nodes.constant("least", np.array(LEAST, np.float32)),
        nodes.constant("most", np.array(MOST, np.float32)),
    )
    rest = nodes.add("Sub", nodes.constant("whole", np.array([1], np.float32)), clipped)
    odds = nodes.add("Log", nodes.add("Div", clipped, rest))
    slope = np.atleast_1d(np.asarray(calibrated.slope_, np.float32))
    scaled = nodes.add("Mul", odds, nodes.constant("slope", slope))
    intercept = np.atleast_1d(np.asarray(calibrated.intercept_, np.float32))
    return nodes.add("Sigmoid", nodes.add("Add", scaled, nodes.constant("intercept", intercept)))


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
