"""The door to onnxruntime: opens an ONNX file with care, and scores rows with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# onnxruntime's official builds send events home; the variable must stand before its library initialises.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnx
import onnxruntime
import polars as pl
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]
from msgspec import Struct

from mlc.drivers._columns import Columns, model_input
from mlc.ir.operation import StepFailed
from mlc.ir.task import OF_TWO, TASKS, Class
from mlc.rules import onnx_refused

onnxruntime.disable_telemetry_events()

LARGEST_FILE = 1 << 30
"""Bytes; a larger ONNX file is refused."""

_BATCH = 2048  # rows at once: bounds the memory that nearest neighbours need


def open_session(path: Path, *, largest: int = LARGEST_FILE) -> onnxruntime.InferenceSession:
    """Open a self-contained ONNX model on the CPU, with one thread.

    Raises StepFailed (onnx-refused) where the file is larger than `largest` bytes, is not ONNX, refers to
    data outside itself, or gives what no task does (`mlc.ir.task`).
    """
    size = path.stat().st_size
    if size > largest:
        raise StepFailed(
            onnx_refused.found(
                f"{path.name} has {size:,} bytes, and mlc opens ONNX files of at most {largest:,} bytes. "
                "A smaller estimator (fewer or shallower trees, fewer neighbours) gives a smaller file."
            )
        )
    content = path.read_bytes()
    refuse_unsafe(content, path.name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # what goes wrong is raised; nothing is printed besides
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base of their own
        raise StepFailed(onnx_refused.found(f"onnxruntime cannot load {path.name}: {error}.")) from error
    outputs = outputs_of(session)
    if all(outputs != task.outputs for task in TASKS.values()):
        raise StepFailed(
            onnx_refused.found(
                f"{path.name} gives {', '.join(outputs)}; a classifier gives label and probabilities, and no other "
                "task gives this."
            )
        )
    return session


def refuse_unsafe(content: bytes, name: str) -> None:
    """Raise StepFailed (onnx-refused) where `content` is not ONNX or refers to data outside itself."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise StepFailed(onnx_refused.found(f"{name} is not an ONNX file: {error}.")) from error
    if not model.graph.node:
        raise StepFailed(onnx_refused.found(f"{name} is not an ONNX file: it holds no graph."))
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise StepFailed(
                onnx_refused.found(
                    f"{name} keeps the data of its tensor {tensor.name!r} in another file. "
                    "mlc refuses that, because such a file could name any path of the machine that loads it."
                )
            )


class Scored(Struct, frozen=True):
    """What a served model says of n rows, whatever its task.

    `labels` (n,) int64 are places in `classes`: 0 or 1 of two classes, the class of several, 1 for a row that is
    unlike the others, the number of the cluster; None of regression. `probabilities` (n, classes) float32 of a
    classifier. `values` (n,) float32: the number predicted by regression, the anomaly score (higher is more
    unlike) of anomaly detection. `classes` is what the places stand for; empty where there are none, and of
    clustering, whose clusters have numbers only.
    """

    labels: np.ndarray[Any, np.dtype[np.int64]] | None
    probabilities: np.ndarray[Any, np.dtype[np.float32]] | None
    values: np.ndarray[Any, np.dtype[np.float32]] | None
    classes: tuple[Class, ...]


def score(
    session: onnxruntime.InferenceSession,
    frame: pl.DataFrame,
    columns: Columns,
    classes: Sequence[Class] = OF_TWO,
) -> Scored:
    """What the model says of the n rows of `frame`.

    `columns` are the columns the model sees (`spec["columns"]` of an operation); others are left alone.
    `classes` are those of a classifier of several classes (`spec["classes"]`), in their order.
    """
    served = model_input(frame, columns)
    names = outputs_of(session)
    empty: dict[str, np.ndarray[Any, Any]] = {
        "label": np.empty(0, np.int64),
        "probabilities": np.empty((0, len(classes)), np.float32),
    }
    nothing: dict[str, list[np.ndarray[Any, Any]]] = {name: [] for name in names}
    given = nothing if served.height else {name: [empty.get(name, np.empty(0, np.float32))] for name in names}
    for batch in served.iter_slices(_BATCH):
        for name, found in zip(names, session.run(list(names), feeds(batch)), strict=True):
            given[name].append(found)
    answers = {name: np.concatenate(parts) for name, parts in given.items()}
    probabilities = answers.get("probabilities")
    return Scored(
        labels=_places(answers["label"], classes) if "label" in answers else None,
        probabilities=probabilities,
        values=answers.get("value", answers.get("score")),
        classes=tuple(classes) if probabilities is not None else OF_TWO if "score" in answers else (),
    )


def outputs_of(session: onnxruntime.InferenceSession) -> tuple[str, ...]:
    """The names of what a model gives, in order."""
    return tuple(output.name for output in session.get_outputs())


def _places(labels: np.ndarray[Any, Any], classes: Sequence[Class]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The places in `classes` of what a model calls them."""
    if tuple(classes) == tuple(range(len(classes))):
        return labels.astype(np.int64, copy=False)
    place = {one: number for number, one in enumerate(classes)}
    return np.fromiter((place[one] for one in labels.tolist()), np.int64, len(labels))


def feeds(served: pl.DataFrame) -> dict[str, np.ndarray[Any, Any]]:
    """What onnxruntime takes, from a table that `model_input` made: (n, 1) per column, float32, int64 or object."""
    return {
        column.name: column.to_numpy().reshape(-1, 1).astype(_dtype(column), copy=False)
        for column in served.iter_columns()
    }


def _dtype(column: pl.Series) -> type:
    return {pl.String: object, pl.Int64: np.int64}.get(type(column.dtype), np.float32)


def _tensors(message: Message) -> Iterator[onnx.TensorProto]:
    """Every tensor anywhere in a message: initialisers, attributes, subgraphs, functions, sparse parts."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in (value,) if isinstance(value, Message) else value:
            yield from _tensors(part)
