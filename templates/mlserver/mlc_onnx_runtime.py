# Written by mlc; changes here are overwritten.
"""Serves model.onnx by the Open Inference Protocol, with the inputs and outputs of model-settings.json.

Needs the packages mlserver, numpy and onnxruntime. Loading fails when the graph does not have the inputs and
outputs that the settings promise, so that a wrong file is found before the first request.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput, ResponseOutput
from mlserver.utils import get_model_uri

NUMPY = {
    "BOOL": np.bool_,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": np.object_,
}


class OnnxRuntime(MLModel):
    async def load(self) -> bool:
        uri = await get_model_uri(self._settings, wellknown_filenames=["model.onnx"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(uri, options, providers=["CPUExecutionProvider"])
        self._agree("inputs", self._session.get_inputs(), self._settings.inputs)
        self._agree("outputs", self._session.get_outputs(), self._settings.outputs)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        given = {tensor.name: tensor for tensor in payload.inputs}
        expected = {tensor.name: tensor for tensor in self._settings.inputs}
        if len(given) != len(payload.inputs) or given.keys() != expected.keys():
            raise InferenceError(
                f"the request has the inputs {[tensor.name for tensor in payload.inputs]} and the model "
                f"takes {sorted(expected)}, each once"
            )
        feeds = {name: as_array(given[name], expected[name].datatype) for name in expected}
        rows = {name: len(array) for name, array in feeds.items()}
        if len(set(rows.values())) > 1:
            raise InferenceError(f"every input needs the same number of rows, and the request has {rows}")
        wanted = [tensor.name for tensor in payload.outputs or self._settings.outputs]
        known = {tensor.name: tensor.datatype for tensor in self._settings.outputs}
        if unknown := sorted(set(wanted) - known.keys()):
            raise InferenceError(f"the model has no outputs {unknown}; it has {sorted(known)}")
        found = self._session.run(wanted, feeds)
        return InferenceResponse(
            id=payload.id,
            model_name=self.name,
            model_version=self.version,
            outputs=[as_output(name, known[name], array) for name, array in zip(wanted, found, strict=True)],
        )

    def _agree(self, what: str, graph: list[Any], promised: list[Any]) -> None:
        actual, settings = {tensor.name for tensor in graph}, {tensor.name for tensor in promised}
        if actual != settings if what == "inputs" else not settings <= actual:
            raise ValueError(
                f"model.onnx has the {what} {sorted(actual)} and model-settings.json promises "
                f"{sorted(settings)}: put the version beside these settings that they were written for"
            )


def as_array(tensor: RequestInput, datatype: str) -> np.ndarray:
    """A column of a request, in the shape it says it has."""
    if tensor.datatype != datatype:
        raise InferenceError(
            f"the input {tensor.name} is {datatype}, and the request sends {tensor.datatype}"
        )
    values: Any = tensor.data.root if hasattr(tensor.data, "root") else tensor.data
    if datatype == "BYTES":
        values = [value.decode() if isinstance(value, bytes) else str(value) for value in flat(values)]
    try:
        return np.array(values, dtype=NUMPY[datatype]).reshape(tensor.shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise InferenceError(
            f"the input {tensor.name} does not hold {datatype} of shape {tensor.shape}: {error}"
        ) from error


def flat(values: Any) -> list[Any]:
    if not isinstance(values, list):
        return [values]
    return [leaf for value in values for leaf in flat(value)]


def as_output(name: str, datatype: str, array: np.ndarray) -> ResponseOutput:
    values = array.astype(NUMPY[datatype]).ravel().tolist()
    return ResponseOutput(name=name, datatype=datatype, shape=list(array.shape), data=values)
