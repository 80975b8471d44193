"""What goes into a model and what comes out, as far as its spec says."""

from typing import Any

from mlc.ir.task import TASKS, Class
from mlc.kinds._kind import View
from mlc.kinds.dataset import label_of

DATATYPES = {
    "integer": "FP32",
    "number": "FP32",
    "string": "BYTES",
    "boolean": "BOOL",
    "date": "INT64",
    "datetime": "INT64",
}
"""What a column of a type is in a request (Open Inference Protocol)."""


def label_column(view: View) -> str:
    """The column to predict: the model's own, or the dataset's."""
    return view["label"] or label_of(view["dataset"]) or ""


def own_columns(view: View) -> list[str]:
    """The dataset's columns that the model's own features use, each once, in the dataset's order."""
    groups = view["features"]["groups"] if view["features"] else {}
    used = {column for group in groups.values() for column in group["columns"]}
    return [name for name in view["dataset"]["columns"] if name in used]


def used_columns(view: View) -> list[str]:
    """The same with those that the models use which it feeds on."""
    used = set(own_columns(view))
    for member in members_of(view).values():
        used |= {*used_columns(member)}
    if view["reuse"] and view["reuse"]["as"] == "features":
        used |= {*reused_columns(view)}
    return [name for name in view["dataset"]["columns"] if name in used]


def reused_columns(view: View) -> list[str]:
    """The columns that a version from the registry sees, whose answers are features: as written, or the model's own."""
    return view["reuse"]["columns"] or own_columns(view)


def members_of(view: View) -> dict[str, View]:
    """The models that a model feeds on, by the names that it gives them: of an ensemble its members."""
    ensemble = view["ensemble"] or {}
    members = ensemble.get("members")
    found: dict[str, View] = {**(members if isinstance(members, dict) else {}), **view["predictions"]}
    return found


def classes_of(view: View) -> list[Class]:
    """What a classifier of several classes tells apart: the values that the contract allows the label, in order."""
    found: list[Class] = view["dataset"]["columns"][label_column(view)]["values"]
    return found


def signature(view: View) -> dict[str, Any]:
    """What goes in and what comes out of the served model: names, types and shapes (-1: any number of rows).

    The types are those of a request. The ONNX graph itself has no BOOL: who serves it hands one over as 0 or 1, as it
    was trained (`drivers/_columns.py`). A date or a time is INT64: whole seconds since 1970 (UTC).
    """
    return {
        "inputs": tensors(view, used_columns(view)),
        "outputs": [_output(name, view) for name in TASKS[view["task"]].outputs],
    }


def tensors(view: View, columns: list[str]) -> list[dict[str, Any]]:
    """Columns of the dataset as inputs."""
    types = view["dataset"]["columns"]
    return [{"name": name, "datatype": DATATYPES[types[name]["type"]], "shape": [-1, 1]} for name in columns]


def _output(name: str, view: View) -> dict[str, Any]:
    several = view["task"] == "multiclass_classification"
    if name == "probabilities":
        return {"name": name, "datatype": "FP32", "shape": [-1, len(classes_of(view)) if several else 2]}
    if name == "label":
        texts = several and view["dataset"]["columns"][label_column(view)]["type"] == "string"
        return {"name": name, "datatype": "BYTES" if texts else "INT64", "shape": [-1]}
    return {"name": name, "datatype": "FP32", "shape": [-1]}


def learned(view: View, columns: list[str]) -> dict[str, Any]:
    """What is learned from columns of the dataset, as the steps of a model are told it."""
    told: dict[str, Any] = {"task": view["task"]}
    if TASKS[view["task"]].supervised:
        told["label"] = label_column(view)
    match view["task"]:
        case "binary_classification":
            told["positive"] = view["positive"]
        case "multiclass_classification":
            told["classes"] = classes_of(view)
    return {**told, "columns": contract(view, columns)}


def contract(view: View, columns: list[str]) -> dict[str, Any]:
    """What the dataset says of columns, as far as a model depends on it."""
    types = view["dataset"]["columns"]
    return {name: {key: types[name][key] for key in ("type", "values", "nullable")} for name in columns}
