# Written by mlc; changes here are overwritten.
"""Serves model.onnx by the Open Inference Protocol, with the inputs and outputs of model-settings.json.

Needs the packages mlserver, numpy and onnxruntime. Loading fails when the graph does not have the inputs and
outputs that the settings promise, so that a wrong file is found before the first request.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput, ResponseOutput
from mlserver.utils import get_model_uri

GRAPH = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(string)": np.object_,
}
# as the model was trained: a missing text is empty, a missing time the smallest number, and any other value is NaN
MISSING = {"BYTES": "", "INT64": -(2**63)}


class OnnxRuntime(MLModel):
    async def load(self) -> bool:
        uri = await get_model_uri(self._settings, wellknown_filenames=["model.onnx"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(uri, options, providers=["CPUExecutionProvider"])
        self._inputs = {tensor.name: tensor.datatype for tensor in self._settings.inputs}
        self._outputs = {tensor.name: tensor.datatype for tensor in self._settings.outputs}
        self._nullable = set((self._settings.parameters.extra or {}).get("nullable", []))
        agree("inputs", [tensor.name for tensor in self._session.get_inputs()], self._inputs)
        agree("outputs", [tensor.name for tensor in self._session.get_outputs()], self._outputs)
        self._types = {tensor.name: GRAPH[tensor.type] for tensor in self._session.get_inputs()}
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        given = {tensor.name: tensor for tensor in payload.inputs}
        if len(given) != len(payload.inputs) or given.keys() != self._inputs.keys():
            names = [tensor.name for tensor in payload.inputs]
            raise InferenceError(f"the request has the inputs {names}, and it needs {list(self._inputs)}")
        feeds = {name: self._column(given[name], datatype) for name, datatype in self._inputs.items()}
        rows = {name: len(column) for name, column in feeds.items()}
        if len(set(rows.values())) > 1:
            raise InferenceError(f"every input needs the same number of rows, and the request has {rows}")
        wanted = [tensor.name for tensor in payload.outputs or self._settings.outputs]
        if unknown := [name for name in wanted if name not in self._outputs]:
            raise InferenceError(f"the model has no outputs {unknown}; it has {list(self._outputs)}")
        found = self._session.run(wanted, feeds)
        return InferenceResponse(
            id=payload.id,
            model_name=self.name,
            model_version=self.version,
            outputs=[
                ResponseOutput(
                    name=name,
                    datatype=self._outputs[name],
                    shape=list(values.shape),
                    data=values.ravel().tolist(),
                )
                for name, values in zip(wanted, found, strict=True)
            ],
        )

    def _column(self, tensor: RequestInput, datatype: str) -> np.ndarray:
        """An input as the graph takes it, of shape (rows, 1)."""
        if tensor.datatype != datatype:
            raise InferenceError(f"{tensor.name} is {datatype}, and the request sends {tensor.datatype}")
        values = list(flat(getattr(tensor.data, "root", tensor.data)))
        if (
            len(tensor.shape) not in (1, 2)
            or tensor.shape[1:] not in ([], [1])
            or tensor.shape[0] != len(values)
        ):
            raise InferenceError(f"{tensor.name} has {len(values)} values, and its shape says {tensor.shape}")
        nullable = tensor.name in self._nullable
        read = [
            value_of(value, datatype, nullable, f"{tensor.name}, row {i}") for i, value in enumerate(values)
        ]
        return np.array(read, dtype=self._types[tensor.name]).reshape(-1, 1)


def agree(what: str, graph: list[str], promised: Iterable[str]) -> None:
    if sorted(graph) != sorted(promised):
        raise ValueError(
            f"model.onnx has the {what} {sorted(graph)}, and model-settings.json promises "
            f"{sorted(promised)}: put the version beside these settings that they were written for"
        )


def value_of(value: Any, datatype: str, nullable: bool, where: str) -> Any:
    """One value of a request. Raises InferenceError for what is not of the datatype."""
    if value is None and nullable:
        return MISSING.get(datatype, math.nan)
    if datatype == "BYTES" and isinstance(value, str | bytes):
        return value.decode() if isinstance(value, bytes) else value
    if datatype == "BOOL" and isinstance(value, bool | np.bool_):
        return float(value)
    if datatype == "INT64" and isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    number = datatype not in ("BYTES", "BOOL", "INT64") and not isinstance(value, bool | str | bytes | None)
    if number and math.isfinite(value):
        return value
    raise InferenceError(f"{where}: {value!r:.40} is not {datatype}{' or null' if nullable else ''}")


def flat(values: Any) -> Iterator[Any]:
    """The values of a tensor, row by row: JSON may nest them, and gRPC gives containers of its own."""
    for value in values:
        if isinstance(value, Iterable) and not isinstance(value, str | bytes):
            yield from flat(value)
        else:
            yield value
