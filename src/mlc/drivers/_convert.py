"""The door to skl2onnx: a fitted Pipeline as an ONNX graph that is the same bytes every time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import onnx
import skl2onnx
from onnx import checker
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.pipeline import Pipeline

from mlc.drivers import _answers, _pipeline, _texts
from mlc.drivers._calibration import Calibrated
from mlc.drivers._calibration_onnx import append
from mlc.drivers._columns import TIMES, Columns
from mlc.ir.task import OF_TWO, TASKS, Class, Task


class ConversionError(Exception):
    """A Pipeline that cannot be written as ONNX: a sentence to show."""


def to_onnx(
    model: Pipeline,
    columns: Columns,
    opset: int,
    task: Task = TASKS["binary_classification"],
    classes: Sequence[Class] = OF_TWO,
) -> bytes:
    """An ONNX file with one input (rows, 1) per column and the outputs of the task (`mlc.ir.task`).

    Text is a string; integers, numbers and booleans are float32; dates and times are int64. `classes` are what a
    classifier of several calls its labels, which it was trained on as numbers from 0. Raises ConversionError.
    """
    if clash := sorted({*columns} & {*task.outputs}):
        raise ConversionError(f"a column may not be called {' or '.join(clash)}, as an output is")
    calibrated = model["estimator"] if isinstance(model["estimator"], Calibrated) else None
    if calibrated is not None:
        model = Pipeline([("features", model["features"]), ("estimator", calibrated.estimator)])
    kinds = [(name, _tensor(column["type"])) for name, column in columns.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # skl2onnx leans on what NumPy deprecates
        try:
            graph = skl2onnx.to_onnx(
                model,
                initial_types=kinds,
                final_types=None,
                options=_options(model, task),
                target_opset={"": opset, "ai.onnx.ml": 3},
                name="mlc",
            )
        except Exception as error:  # its converters raise whatever comes their way
            raise ConversionError(
                f"skl2onnx {skl2onnx.__version__} cannot convert it for opset {opset}: "
                f"{str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}"
            ) from error
    if [entry.name for entry in graph.graph.input] != list(columns):
        raise ConversionError("skl2onnx renamed or dropped a column; call the columns otherwise")
    whole = graph if calibrated is None else append(graph, calibrated)
    content = _canonical(whole, task, classes)
    try:
        checker.check_model(content, full_check=True)
    except (checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ConversionError(f"the ONNX checker refuses the graph: {str(error).strip()}") from error
    return content


def _tensor(kind: str) -> StringTensorType | Int64TensorType | FloatTensorType:
    if kind == "string":
        return StringTensorType([None, 1])
    return Int64TensorType([None, 1]) if kind in TIMES else FloatTensorType([None, 1])


def _options(model: Pipeline, task: Task) -> dict[int, dict[str, Any]]:
    """Probabilities as a tensor, and words in the one locale. An estimator that brings its own conversion has no
    options."""
    estimator = model.steps[-1][1]
    own = {} if hasattr(estimator, "onnx_converter") or not task.classifies else {"zipmap": False}
    # said also where there are none: skl2onnx would give a classifier an option of its own
    made = (made for _, _, made in _pipeline.parts_of(model["features"]))
    return {id(estimator): own, **_texts.options(made)}


def _canonical(graph: onnx.ModelProto, task: Task, classes: Sequence[Class]) -> bytes:
    """The bytes without what says nothing about the model or follows a hash seed."""
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    _rename_outputs(model.graph, task.outputs)
    _answers.as_the_task_gives(model.graph, task, classes)
    model.producer_name, model.producer_version = "mlc", ""
    model.domain, model.model_version, model.doc_string = "", 0, ""
    model.graph.name, model.graph.doc_string = "mlc", ""
    del model.metadata_props[:]
    versions = {entry.domain: entry.version for entry in model.opset_import}
    del model.opset_import[:]
    for domain, version in sorted(versions.items()):
        model.opset_import.add(domain=domain, version=version)
    for node in model.graph.node:
        node.doc_string = ""
        attributes = sorted(node.attribute, key=lambda attribute: attribute.name)
        del node.attribute[:]
        node.attribute.extend(attributes)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _rename_outputs(graph: Any, outputs: Sequence[str]) -> None:
    """skl2onnx calls them what it likes: the first is the label, the second the probabilities. What a task has no
    use for, such as the distances of a cluster, is no output."""
    del graph.output[len(outputs) :]
    names = dict(zip((output.name for output in graph.output), outputs, strict=True))
    taken = {name for node in graph.node for name in (*node.input, *node.output)} - set(names)
    # an inner value may already be called as an output is to be called: it makes way
    moved = {name: f"{name}_inner" for name in outputs if name in taken and name not in names}
    renamed = moved | names
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for output in graph.output:
        output.name = names[output.name]
