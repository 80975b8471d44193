# Written by mlc; changes here are overwritten.
"""Serves model.onnx by the Open Inference Protocol v2 on KServe's Python server.

Needs the packages of requirements.txt. KServe puts the model below --model_dir; the variable MLC_SIGNATURE of the
InferenceService says which inputs and outputs it has. The server does not start when the graph has others, so that a
wrong file is found before the first request.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer, model_server
from kserve.errors import InvalidInput

GRAPH = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(string)": np.object_,
}
# as the model was trained: a missing text is empty, a missing time the smallest number, and any other value is NaN
MISSING = {"BYTES": "", "INT64": -(2**63)}


class OnnxModel(Model):
    """One graph. Its requests are checked against the signature before the graph sees them."""

    def __init__(self, name: str, folder: Path, said: dict[str, Any]) -> None:
        super().__init__(name)
        self.folder, self.said = folder, said
        self.inputs = {tensor["name"]: tensor["datatype"] for tensor in said["inputs"]}
        self.outputs = {tensor["name"]: tensor["datatype"] for tensor in said["outputs"]}

    def load(self) -> bool:
        """Raises ValueError for a folder or a graph that is not what was promised."""
        file = self.folder / "model.onnx"
        if not file.is_file():
            there = sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []
            raise ValueError(
                f"there is no {file}, only {there}: put the version's model.onnx into the storage that "
                "the InferenceService names"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        agree("inputs", [tensor.name for tensor in self.session.get_inputs()], list(self.inputs))
        agree("outputs", [tensor.name for tensor in self.session.get_outputs()], list(self.outputs))
        self.types = {tensor.name: GRAPH[tensor.type] for tensor in self.session.get_inputs()}
        self.ready = True
        return self.ready

    def get_input_types(self) -> list[dict[str, Any]]:
        return list(self.said["inputs"])

    def get_output_types(self) -> list[dict[str, Any]]:
        return list(self.said["outputs"])

    def predict(self, payload: Any, _headers: dict[str, str] | None = None) -> InferResponse:
        if not isinstance(payload, InferRequest):
            raise InvalidInput(f"it speaks the protocol v2: ask /v2/models/{self.name}/infer")
        given = {tensor.name: tensor for tensor in payload.inputs}
        if len(given) != len(payload.inputs) or given.keys() != self.inputs.keys():
            names = [tensor.name for tensor in payload.inputs]
            raise InvalidInput(f"the request has the inputs {names}, and it needs {list(self.inputs)}")
        feeds = {name: self.column(given[name], datatype) for name, datatype in self.inputs.items()}
        rows = {name: len(column) for name, column in feeds.items()}
        if len(set(rows.values())) > 1:
            raise InvalidInput(f"every input needs the same number of rows, and the request has {rows}")
        asked = payload.request_outputs or []
        wanted = list(dict.fromkeys(output.name for output in asked)) or list(self.outputs)
        if unknown := [name for name in wanted if name not in self.outputs]:
            raise InvalidInput(f"the model has no outputs {unknown}; it has {list(self.outputs)}")
        found = self.session.run(wanted, feeds)
        outputs = [
            InferOutput(name, list(values.shape), self.outputs[name], values)
            for name, values in zip(wanted, map(np.asarray, found), strict=True)
        ]
        return InferResponse(
            payload.id or str(uuid.uuid4()),
            self.name,
            outputs,
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )

    def column(self, tensor: Any, datatype: str) -> np.ndarray:
        """An input as the graph takes it, of shape (rows, 1)."""
        name, shape = tensor.name, list(tensor.shape)
        if tensor.datatype != datatype:
            raise InvalidInput(f"{name} is {datatype}, and the request sends {tensor.datatype!r:.40}")
        values = list(flat(tensor.data))
        if shape not in ([len(values), 1], [len(values)]) or not values:
            raise InvalidInput(f"{name} has {len(values)} values, and its shape says {shape!r:.60}")
        nullable = name in self.said["nullable"]
        checked = [value_of(value, datatype, nullable, f"{name}, row {i}") for i, value in enumerate(values)]
        return np.array(checked, dtype=self.types[name]).reshape(-1, 1)


def agree(what: str, graph: list[str], promised: list[str]) -> None:
    if sorted(graph) != sorted(promised):
        raise ValueError(
            f"model.onnx has the {what} {sorted(graph)}, and the InferenceService promises {sorted(promised)}: "
            "put the version into the storage that it was written for"
        )


def value_of(value: Any, datatype: str, nullable: bool, where: str) -> Any:
    """One value of a request. Raises InvalidInput for what is not of the datatype."""
    if value is None and nullable:
        return MISSING.get(datatype, math.nan)
    if datatype == "BYTES" and isinstance(value, str):
        return value
    if datatype == "BOOL" and isinstance(value, bool):
        return float(value)
    if datatype == "INT64" and type(value) is int and -(2**63) <= value < 2**63:
        return value
    number = datatype not in ("BYTES", "BOOL", "INT64") and type(value) in (int, float)
    if number and abs(value) <= 1e300:
        return value
    raise InvalidInput(f"{where}: {value!r:.40} is not {datatype}{' or null' if nullable else ''}")


def flat(values: Any) -> Iterator[Any]:
    """The values of a tensor, row by row: JSON may nest a row in a list of its own."""
    for row in values:
        if isinstance(row, list) and len(row) == 1:
            yield row[0]
        else:
            yield row


def main() -> None:
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    parser.add_argument("--model_dir", type=Path, default=Path("/mnt/models"), help="Where model.onnx is.")
    known = parser.parse_args()
    try:
        model = OnnxModel(known.model_name, known.model_dir, json.loads(os.environ["MLC_SIGNATURE"]))
        model.load()
    except KeyError as missing:
        sys.exit(f"{missing} is not there: apply the InferenceService that mlc wrote")
    except ValueError as wrong:
        sys.exit(str(wrong))
    ModelServer().start([model])


if __name__ == "__main__":
    main()
