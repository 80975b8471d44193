"""A model small enough to check by hand, and a project that deploys it.

probability of 1 = sigmoid(age - 40 + (10 if city is "paris") + (5 if member) + bias)
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import onnx
from onnx import TensorProto, helper

from mlc.drivers import local
from mlc.ir.operation import Operation, Product, Work

SIGNATURE: dict[str, Any] = {
    "inputs": [
        {"name": "age", "datatype": "FP32", "shape": [-1, 1]},
        {"name": "city", "datatype": "BYTES", "shape": [-1, 1]},
        {"name": "member", "datatype": "BOOL", "shape": [-1, 1]},
    ],
    "outputs": [
        {"name": "label", "datatype": "INT64", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]},
    ],
}


def model_bytes(bias: float = 0.0) -> bytes:
    nodes = [
        helper.make_node(
            "LabelEncoder",
            ["city"],
            ["in_paris"],
            domain="ai.onnx.ml",
            keys_strings=["paris"],
            values_floats=[10.0],
            default_float=0.0,
        ),
        helper.make_node("Mul", ["member", "five"], ["membership"]),
        helper.make_node("Sum", ["age", "shift", "in_paris", "membership"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["one"]),
        helper.make_node("Sub", ["unit", "one"], ["zero"]),
        helper.make_node("Concat", ["zero", "one"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "by_hand",
        [
            helper.make_tensor_value_info("age", TensorProto.FLOAT, [None, 1]),
            helper.make_tensor_value_info("city", TensorProto.STRING, [None, 1]),
            helper.make_tensor_value_info("member", TensorProto.FLOAT, [None, 1]),
        ],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]),
        ],
        [
            helper.make_tensor("shift", TensorProto.FLOAT, [1], [bias - 40.0]),
            helper.make_tensor("five", TensorProto.FLOAT, [1], [5.0]),
            helper.make_tensor("unit", TensorProto.FLOAT, [1], [1.0]),
        ],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def deploy(
    root: Path,
    number: int = 1,
    *,
    bias: float = 0.0,
    onnx_bytes: bytes | None = None,
    work: Path | None = None,
    **changes: Any,
) -> Product:
    """What `mlc apply` does for a deployment on the embedded target. Returns the driver's product."""
    folder = work or root / "work"
    folder.mkdir(exist_ok=True)
    content = model_bytes(bias) if onnx_bytes is None else onnx_bytes
    (folder / "model.onnx").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    version = {"name": "churn", "version": number, "digest": digest, "metrics": {}}
    (folder / "version.json").write_bytes(msgspec.json.encode(version))
    spec = {
        "deployment": "web",
        "alias": "production",
        "port": 0,
        "signature": SIGNATURE,
        "nullable": ["age"],
        **changes,
    }
    return local.run(
        Work(
            operation=Operation(id="deployment.web/deploy", driver="local", spec=spec),
            environment="prod",
            root=root,
            folder=folder,
            inputs={"model": folder / "model.onnx", "version": folder / "version.json"},
            digests={"model": digest},
            files={},
            tell=lambda _: None,
            render=lambda *_: b"",
        )
    )


def place(root: Path) -> Path:
    return root / ".mlc" / "deployments" / "prod" / "web"


def request(*ages: Any, city: Any = "rome", member: Any = False) -> dict[str, Any]:
    """An inference request in which only the age differs between rows."""
    rows = len(ages)
    return {
        "inputs": [
            {"name": "age", "datatype": "FP32", "shape": [rows, 1], "data": list(ages)},
            {"name": "city", "datatype": "BYTES", "shape": [rows, 1], "data": [city] * rows},
            {"name": "member", "datatype": "BOOL", "shape": [rows, 1], "data": [member] * rows},
        ]
    }
