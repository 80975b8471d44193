"""A model as MLflow describes it: MLmodel and what lies beside it, for its loaders (`mlflow.pyfunc`, `mlflow.onnx`).

The signature is the graph's, which is what MLflow hands rows to: tensors of one column each. The graph has no BOOL,
which is 0 or 1 there, as in training.
"""

from collections.abc import Mapping, Sequence
from typing import Any

FILE, DATA, REQUIREMENTS = "MLmodel", "model.onnx", "requirements.txt"

_TYPES = {"FP32": "float32", "FP64": "float64", "INT64": "int64", "BYTES": "str", "BOOL": "float32"}
_NEEDED = ("mlflow", "onnx", "onnxruntime", "numpy")
_OLDEST = {"mlflow": "mlflow>=3"}


def mlmodel(
    signature: Mapping[str, Any], onnx_version: str = "", digest: str = "", *, packaged: bool = True
) -> dict[str, Any]:
    """MLmodel as plain data. `signature` is of the served model, in the words of the Open Inference Protocol; it is
    `packaged` where python_env.yaml lies beside it, from which MLflow makes an environment.
    """
    flavour = {
        "data": DATA,
        "onnx_version": onnx_version,
        "providers": ["CPUExecutionProvider"],
        "onnx_session_options": {"intra_op_num_threads": 1, "inter_op_num_threads": 1},
        "code": None,
    }
    python: dict[str, Any] = {"loader_module": "mlflow.onnx", "data": DATA}
    if packaged:
        python["env"] = {"virtualenv": "python_env.yaml"}
    described: dict[str, Any] = {
        "flavors": {"onnx": flavour, "python_function": python},
        "signature": {
            side: _json([_tensor(one) for one in signature[side]]) for side in ("inputs", "outputs")
        },
    }
    if digest:
        described["metadata"] = {"mlc.digest": digest}
        described["model_uuid"] = digest[:32]
    return described


def needed(versions: Mapping[str, str]) -> list[str]:
    """What scoring needs, with the versions that the model was exported and checked with where they are known."""
    return [f"{name}=={versions[name]}" if name in versions else _OLDEST.get(name, name) for name in _NEEDED]


def python_env(python: str = "3.11") -> dict[str, Any]:
    """python_env.yaml: from it MLflow makes an environment of its own, where it is asked to."""
    return {"python": python, "build_dependencies": ["pip"], "dependencies": [f"-r {REQUIREMENTS}"]}


def _tensor(one: Mapping[str, Any]) -> dict[str, Any]:
    shape: Sequence[int] = one["shape"]
    return {
        "name": one["name"],
        "type": "tensor",
        "tensor-spec": {"dtype": _TYPES[one["datatype"]], "shape": list(shape)},
    }


def _json(value: Any) -> str:
    import json

    return json.dumps(value)
