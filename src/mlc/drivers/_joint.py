"""One ONNX graph out of several: a model, and before it those that it feeds on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper
from sklearn.pipeline import Pipeline

from mlc.drivers import _convert, _mean
from mlc.drivers._columns import TIMES, Columns
from mlc.drivers._feeding import Fed, Feed
from mlc.ir.task import OF_TWO, TASKS, Class, Task

_KINDS = {"string": TensorProto.STRING} | dict.fromkeys(TIMES, TensorProto.INT64)
"""Of what is no number, the type in ONNX."""

NUMBER = {"type": "number", "values": [], "nullable": False}
"""How a column that a model gives is declared."""


def to_onnx(
    model: Pipeline, columns: Columns, opset: int, task: Task, classes: Sequence[Class]
) -> onnx.ModelProto:
    """The graph of a Pipeline whose features are `Fed`, with the inputs `columns` and the outputs of the task.

    Each model within is converted as it would be by itself; all that it names gets its own name in front. Raises
    ConversionError.
    """
    fed: Fed = model["features"]
    given = [name for feed in fed.feeds for name in feed["gives"]]
    whole = onnx.ModelProto()
    whole.CopyFrom(_head(model, fed, columns, given, opset, task, classes))
    graph = whole.graph
    behind = list(graph.node)
    del graph.node[:]
    del graph.input[:]
    del graph.value_info[:]
    for name, column in columns.items():
        kind = _KINDS.get(column["type"], TensorProto.FLOAT)
        graph.input.append(helper.make_tensor_value_info(name, kind, [None, 1]))
    versions = {entry.domain: entry.version for entry in whole.opset_import}
    for feed, inner in zip(fed.feeds, fed.models, strict=True):
        part = _part(feed, inner, opset)
        versions |= {entry.domain: entry.version for entry in part.opset_import}
        graph.node.extend(part.graph.node)
        graph.initializer.extend(part.graph.initializer)
        graph.sparse_initializer.extend(part.graph.sparse_initializer)
        _hand_over(graph, feed)
    graph.node.extend(behind)
    del whole.opset_import[:]
    whole.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in versions.items())
    return whole


def _head(
    model: Pipeline,
    fed: Fed,
    columns: Columns,
    given: list[str],
    opset: int,
    task: Task,
    classes: Sequence[Class],
) -> onnx.ModelProto:
    """What follows the models: the mean of what they say, or what was learned from it."""
    if isinstance(model["estimator"], _mean.Mean):
        return _convert.complete(_mean.to_onnx(model["estimator"], given, opset), task, classes)
    seen = {name: columns[name] for name in fed.own} | dict.fromkeys(given, NUMBER)
    alone = Pipeline([("features", fed.features), ("estimator", model["estimator"])])
    return onnx.load_from_string(_convert.to_onnx(alone, seen, opset, task, classes))


def _part(feed: Feed, model: Pipeline, opset: int) -> onnx.ModelProto:
    content = _convert.to_onnx(
        model, feed["columns"], opset, TASKS[feed["task"]], feed.get("classes") or OF_TWO
    )
    return compose.add_prefix(onnx.load_from_string(content), f"{feed['name']}/", rename_inputs=False)


def _hand_over(graph: Any, feed: Feed) -> None:
    """What a model says, as the columns (n, 1) that the next one takes."""
    before, outputs = f"{feed['name']}/", TASKS[feed["task"]].outputs
    if "probabilities" not in outputs:
        shape = f"{before}column"
        graph.initializer.append(numpy_helper.from_array(np.array([-1, 1], np.int64), shape))
        told = f"{before}{'value' if 'value' in outputs else 'score'}"
        graph.node.append(
            helper.make_node("Reshape", [told, shape], [feed["gives"][0]], name=f"{before}give")
        )
        return
    first = 1 if feed["task"] == "binary_classification" else 0
    for place, name in enumerate(feed["gives"], start=first):
        which = f"{before}place_{place}"
        graph.initializer.append(numpy_helper.from_array(np.array([place], np.int64), which))
        told = f"{before}probabilities"
        graph.node.append(
            helper.make_node("Gather", [told, which], [name], name=f"{before}give_{place}", axis=1)
        )
