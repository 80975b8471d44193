# Written by mlc; changes here are overwritten.
"""Serves a version by the Open Inference Protocol's requests, on Azure's inference server (`azmlinfsrv`).

Needs the packages azureml-inference-server-http, numpy and onnxruntime. What is served lies in the model's folder:
model.onnx, and bundle.json with the inputs and outputs that are promised. The server does not become ready when the
graph does not have these, so that a wrong file is found before the first request.

Where the deployment has a data collector (MLC_COLLECT), what was asked and answered is handed over to it, which takes
azureml-ai-monitoring and pandas.
"""

from __future__ import annotations

import json
import logging
import math
import os
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse

GRAPH = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(string)": np.object_}
MISSING = {"BYTES": ""}  # as the model was trained: a missing text is empty, and any other value is NaN
MOST_BYTES = 16 * 1024 * 1024
MODELS: list[Model] = []
COLLECTED: list[Any] = []


class Refused(Exception):
    """A request that does not fit, with a sentence for whoever sent it."""


def init() -> None:
    """Once, when the server starts."""
    MODELS[:] = [Model(folder_of(Path(os.environ["AZUREML_MODEL_DIR"])))]
    if os.environ.get("MLC_COLLECT"):
        from azureml.ai.monitoring import Collector

        COLLECTED[:] = [
            Collector(name=name, on_error=not_collected) for name in ("model_inputs", "model_outputs")
        ]


@rawhttp
def run(request: AMLRequest) -> AMLResponse:
    """An answer to a request for inference; to a GET, what the model takes and gives."""
    (model,) = MODELS
    if request.method == "GET":
        return AMLResponse(model.metadata(), 200, json_str=True)
    try:
        return AMLResponse(model.answer(request.get_data(cache=False)), 200, json_str=True)
    except Refused as refusal:
        return AMLResponse({"error": str(refusal)}, 400, json_str=True)


def not_collected(error: Exception) -> None:
    """A request is answered whether or not it is kept."""
    logging.getLogger("mlc").warning("what was asked and answered is not kept: %s", error)


def collect(given: dict[str, dict[str, Any]], found: dict[str, np.ndarray]) -> None:
    """Hand over what was asked as it was sent, and what was answered: a class as a text, so that it is no number."""
    import pandas

    asked, answered = COLLECTED
    rows = {name: [one[0] if isinstance(one, list) else one for one in given[name]["data"]] for name in given}
    columns: dict[str, list[Any]] = {}
    for name, values in found.items():
        table = values.reshape(len(values), -1)
        for i in range(table.shape[1]):
            column = table[:, i].tolist()
            columns[name if table.shape[1] == 1 else f"{name}_{i}"] = (
                [str(one) for one in column] if name == "label" else column
            )
    answered.collect(pandas.DataFrame(columns), asked.collect(pandas.DataFrame(rows)))


def folder_of(root: Path) -> Path:
    """The folder of the version: Azure puts the folder that was registered below the model's."""
    found = sorted(root.rglob("model.onnx"))
    if len(found) != 1:
        raise FileNotFoundError(f"{root} holds {len(found)} files called model.onnx, and it needs one")
    return found[0].parent


class Model:
    def __init__(self, folder: Path) -> None:
        self.said = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        signature = self.said["signature"]
        self.inputs = {tensor["name"]: tensor["datatype"] for tensor in signature["inputs"]}
        self.outputs = {tensor["name"]: tensor["datatype"] for tensor in signature["outputs"]}
        agree("inputs", [tensor.name for tensor in self.session.get_inputs()], list(self.inputs))
        agree("outputs", [tensor.name for tensor in self.session.get_outputs()], list(self.outputs))
        self.types = {tensor.name: GRAPH[tensor.type] for tensor in self.session.get_inputs()}

    def metadata(self) -> dict[str, Any]:
        return {
            "name": self.said["name"],
            "versions": [str(self.said["number"])],
            "platform": "onnx_onnxv1",
            **self.said["signature"],
        }

    def answer(self, body: bytes) -> dict[str, Any]:
        asked = read(body)
        given = named(asked.get("inputs"), "inputs")
        if given.keys() != self.inputs.keys():
            raise Refused(f"the request has the inputs {list(given)}, and it needs {list(self.inputs)}")
        feeds = {name: self.column(given[name], datatype) for name, datatype in self.inputs.items()}
        rows = {name: len(column) for name, column in feeds.items()}
        if len(set(rows.values())) > 1:
            raise Refused(f"every input needs the same number of rows, and the request has {rows}")
        wanted = list(named(asked["outputs"], "outputs")) if asked.get("outputs") else list(self.outputs)
        if unknown := [name for name in wanted if name not in self.outputs]:
            raise Refused(f"the model has no outputs {unknown}; it has {list(self.outputs)}")
        outputs = list(self.outputs) if COLLECTED else wanted
        found = dict(zip(outputs, self.session.run(outputs, feeds), strict=True))
        if COLLECTED:
            try:
                collect(given, found)
            except Exception as error:  # it is answered whether or not it is kept
                not_collected(error)
        answer = {
            "model_name": self.said["name"],
            "model_version": str(self.said["number"]),
            "outputs": [
                {
                    "name": name,
                    "datatype": self.outputs[name],
                    "shape": list(found[name].shape),
                    "data": found[name].ravel().tolist(),
                }
                for name in wanted
            ],
        }
        return answer | ({"id": asked["id"]} if isinstance(asked.get("id"), str) else {})

    def column(self, tensor: dict[str, Any], datatype: str) -> np.ndarray:
        """An input as the graph takes it, of shape (rows, 1)."""
        name, shape = tensor["name"], tensor.get("shape")
        if tensor.get("datatype") != datatype:
            raise Refused(f"{name} is {datatype}, and the request sends {tensor.get('datatype')!r:.40}")
        data = tensor.get("data")
        if not isinstance(data, list):
            raise Refused(f"the data of {name} is no list")
        values = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in data]
        if shape not in ([len(values), 1], [len(values)]) or not values:
            raise Refused(f"{name} has {len(values)} values, and its shape says {shape!r:.60}")
        nullable = name in self.said["nullable"]
        checked = [value_of(value, datatype, nullable, f"{name}, row {i}") for i, value in enumerate(values)]
        return np.array(checked, dtype=self.types[name]).reshape(-1, 1)


def read(body: bytes) -> dict[str, Any]:
    if len(body) > MOST_BYTES:
        raise Refused(
            f"a request has {MOST_BYTES:,} bytes at most, and this one {len(body):,}: send it in parts"
        )
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("the body is not JSON") from None
    if not isinstance(asked, dict):
        raise Refused("the body has to be an object with inputs")
    return asked


def named(tensors: Any, field: str) -> dict[str, dict[str, Any]]:
    """The tensors of a request by their names."""
    if not isinstance(tensors, list) or not tensors:
        raise Refused(f"{field} has to be a list of tensors, and not empty")
    found: dict[str, dict[str, Any]] = {}
    for tensor in tensors:
        if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
            raise Refused(f"each of {field} has to be an object with a name")
        if tensor["name"] in found:
            raise Refused(f"{tensor['name']!r:.80} is given twice in {field}")
        found[tensor["name"]] = tensor
    return found


def agree(what: str, graph: list[str], promised: list[str]) -> None:
    if sorted(graph) != sorted(promised):
        raise ValueError(
            f"model.onnx has the {what} {sorted(graph)}, and bundle.json promises {sorted(promised)}: they are not of "
            "one version"
        )


def value_of(value: Any, datatype: str, nullable: bool, where: str) -> Any:
    """One value of a request. Raises Refused for what is not of the datatype."""
    if value is None and nullable:
        return MISSING.get(datatype, math.nan)
    if datatype == "BYTES" and isinstance(value, str):
        return value
    if datatype == "BOOL" and isinstance(value, bool):
        return float(value)
    number = (
        datatype not in ("BYTES", "BOOL") and isinstance(value, int | float) and not isinstance(value, bool)
    )
    if number and abs(value) <= 1e300:
        return value
    raise Refused(f"{where}: {value!r:.40} is not {datatype}{' or null' if nullable else ''}")
