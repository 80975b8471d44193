# Written by mlc; changes here are overwritten.
"""Scores files in batches on Azure: CSV files with a header, of which each row becomes a line of JSON.

Needs the packages numpy and onnxruntime. What scores lies in the model's folder: model.onnx, and bundle.json with the
inputs and outputs that are promised. A file with a row that does not fit fails as a whole, with a sentence on why, so
that no row is left out without a word.
"""

from __future__ import annotations

import csv
import json
import math
import os
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime

GRAPH = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(string)": np.object_}
BOOLEANS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
ROWS = 10_000  # scored at a time
MODELS: list[Model] = []


def init() -> None:
    """Once in each worker."""
    MODELS[:] = [Model(folder_of(Path(os.environ["AZUREML_MODEL_DIR"])))]


def run(mini_batch: list[str]) -> list[str]:
    """A line for each row of each file, in order. Raises ValueError for a row that does not fit."""
    (model,) = MODELS
    return [line for path in mini_batch for line in model.scored(Path(path))]


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
        self.outputs = [tensor["name"] for tensor in signature["outputs"]]
        graph = sorted(tensor.name for tensor in self.session.get_inputs())
        if graph != sorted(self.inputs):
            raise ValueError(
                f"model.onnx has the inputs {graph}, and bundle.json promises {sorted(self.inputs)}"
            )
        self.types = {tensor.name: GRAPH[tensor.type] for tensor in self.session.get_inputs()}

    def scored(self, path: Path) -> list[str]:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            if missing := [name for name in self.inputs if name not in (reader.fieldnames or ())]:
                raise ValueError(f"{path.name} has no columns {missing}")
            rows = list(reader)
        lines: list[str] = []
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            feeds = {name: self.column(name, some, path, start) for name in self.inputs}
            found = dict(zip(self.outputs, self.session.run(self.outputs, feeds), strict=True))
            for i in range(len(some)):
                answer = {name: values[i].ravel().tolist() for name, values in found.items()}
                one = {name: value[0] if len(value) == 1 else value for name, value in answer.items()}
                about = {"file": path.name, "row": start + i + 1, "model_version": str(self.said["number"])}
                lines.append(json.dumps({**about, **one}))
        return lines

    def column(self, name: str, rows: list[dict[str, Any]], path: Path, start: int) -> np.ndarray:
        """An input as the graph takes it, of shape (rows, 1)."""
        datatype, nullable = self.inputs[name], name in self.said["nullable"]
        values = [
            value_of(row[name], datatype, nullable, f"{path.name}, row {start + i + 1}, {name}")
            for i, row in enumerate(rows)
        ]
        return np.array(values, dtype=self.types[name]).reshape(-1, 1)


def value_of(text: str | None, datatype: str, nullable: bool, where: str) -> Any:
    """One cell. A missing text is empty, and any other value NaN, as the model was trained."""
    if text is None or text == "":
        if nullable:
            return "" if datatype == "BYTES" else math.nan
        raise ValueError(f"{where}: it is empty, and has to be {datatype}")
    if datatype == "BYTES":
        return text
    if datatype == "BOOL":
        if text.lower() in BOOLEANS:
            return BOOLEANS[text.lower()]
        raise ValueError(f"{where}: {text!r:.40} is not {datatype}")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= 1e300:
        raise ValueError(f"{where}: {text!r:.40} is not {datatype}")
    return number
