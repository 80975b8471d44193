"""What skl2onnx's graph gives, turned into what the task gives (`mlc.ir.task`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from mlc.ir.task import Class, Task


def as_the_task_gives(graph: Any, task: Task, classes: Sequence[Class]) -> None:
    """Append what is missing to a graph whose outputs have their names already. A binary classifier's is right."""
    match task.name:
        case "multiclass_classification":
            _name_classes(graph, classes)
        case "regression":
            _flatten(graph, "value", TensorProto.FLOAT)
        case "anomaly_detection":
            _tell_anomalies(graph)
        case "clustering":
            _flatten(graph, "label", TensorProto.INT64)


def _name_classes(graph: Any, classes: Sequence[Class]) -> None:
    """The label as its class is called: the graph has its place from 0."""
    if tuple(classes) == tuple(range(len(classes))):
        return
    texts = isinstance(classes[0], str)
    names = np.array(classes, dtype=object if texts else np.int64)
    place = _set_apart(graph, "label")
    graph.initializer.append(numpy_helper.from_array(names, "mlc_classes"))
    graph.node.append(helper.make_node("Gather", ["mlc_classes", place], ["label"], name="mlc_name_classes"))
    _declare(graph, "label", TensorProto.STRING if texts else TensorProto.INT64)


def _flatten(graph: Any, name: str, kind: int) -> None:
    """(n, 1) as (n,)."""
    column = _set_apart(graph, name)
    _reshape(graph, column, name)
    _declare(graph, name, kind)


def _tell_anomalies(graph: Any) -> None:
    """scikit-learn says -1 of what is unlike the others and gives it a low score; here it is 1 and a high one."""
    label, score = _set_apart(graph, "label"), _set_apart(graph, "score")
    graph.initializer.append(numpy_helper.from_array(np.array(0, np.int64), "mlc_zero"))
    graph.node.append(helper.make_node("Less", [label, "mlc_zero"], ["mlc_unlike"], name="mlc_less"))
    graph.node.append(
        helper.make_node("Cast", ["mlc_unlike"], ["mlc_label"], name="mlc_cast", to=TensorProto.INT64)
    )
    graph.node.append(helper.make_node("Neg", [score], ["mlc_score"], name="mlc_negate"))
    _reshape(graph, "mlc_label", "label")
    _reshape(graph, "mlc_score", "score")
    _declare(graph, "label", TensorProto.INT64)
    _declare(graph, "score", TensorProto.FLOAT)


def _reshape(graph: Any, given: str, name: str) -> None:
    if all(one.name != "mlc_rows" for one in graph.initializer):
        graph.initializer.append(numpy_helper.from_array(np.array([-1], np.int64), "mlc_rows"))
    graph.node.append(helper.make_node("Reshape", [given, "mlc_rows"], [name], name=f"mlc_flatten_{name}"))


def _set_apart(graph: Any, name: str) -> str:
    """Free the name of an output for what is computed out of it; gives what it is called from now on."""
    inner = f"mlc_inner_{name}"
    for node in graph.node:
        node.input[:] = [inner if one == name else one for one in node.input]
        node.output[:] = [inner if one == name else one for one in node.output]
    return inner


def _declare(graph: Any, name: str, kind: int) -> None:
    """The output of this name is (n,) of a type."""
    (output,) = (one for one in graph.output if one.name == name)
    output.type.CopyFrom(helper.make_tensor_type_proto(kind, [None]))
