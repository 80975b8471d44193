"""A model: what is learned from a dataset, how, and what it must prove."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.ir.task import TASKS, Class
from mlc.ir.task import Name as TaskName
from mlc.kinds._code import is_code, run_by_code
from mlc.kinds._fields import DatasetName, FeaturesName, GateName, PolicyName, Resource, Share, about
from mlc.kinds._kind import Kind, Scope, View
from mlc.kinds.dataset import label_of


class Train(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The estimator and its parameters."""

    estimator: Annotated[
        str,
        about(
            "The estimator, by its full name; `code.MODULE.NAME` is a class or a function of the project's own "
            "module, which mlc.yaml allows under `code`.",
            example="sklearn.linear_model.LogisticRegression",
            min_length=1,
        ),
    ]
    params: Annotated[
        dict[str, Any], about("Its parameters; what is left out keeps the library's default.")
    ] = {}
    seed: Annotated[int, about("Seed of everything random.", ge=0, le=4294967295)] = 0


class Optimize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form that is served, and how far it may differ from the estimator, on the whole test set."""

    format: Annotated[Literal["onnx"], about("The form.")] = "onnx"
    opset: Annotated[int, about("ONNX operator set.", ge=15, le=21)] = 21
    max_probability_difference: Annotated[
        Share,
        about(
            "Largest difference of a probability from the estimator's, on the whole test set.",
            stricter="lower",
        ),
    ] = 0.0001
    min_label_agreement: Annotated[
        Share,
        about("Share of labels that must be the estimator's, on the whole test set.", stricter="higher"),
    ] = 1.0
    max_value_difference: Annotated[
        Share,
        about(
            "How far a value of a regression or an anomaly score may be from the estimator's, as a share of its size, "
            "or of the standard deviation of all where it is smaller.",
            stricter="lower",
        ),
    ] = 0.0001
    min_value_agreement: Annotated[
        Share, about("Share of values that must be within that, on the whole test set.", stricter="higher")
    ] = 1.0


class Card(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people need to know before they use the model."""

    intended_use: Annotated[str, about("What it is for, and for whom.")] = ""
    limits: Annotated[str, about("What it must not be used for, and where it is known to be weak.")] = ""
    risk_class: Annotated[
        Literal["minimal", "limited", "high"] | None, about("Risk class after the EU AI Act.")
    ] = None
    licence: Annotated[str, about("Licence of the model, as an SPDX name.", example="Apache-2.0")] = ""


class Model(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is learned."""

    task: Annotated[TaskName, about("What is predicted.", change="retrain")]
    dataset: Annotated[DatasetName, about("What it learns from.", change="retrain")]
    features: Annotated[FeaturesName, about("What it sees of the dataset.", change="retrain")]
    label: Annotated[
        str | None,
        about(
            "The column to predict; the dataset's label where none is given. Anomaly detection and clustering do not "
            "learn from it, and are evaluated by it where there is one.",
            change="retrain",
        ),
    ] = None
    positive: Annotated[
        str | int | bool,
        about("The value of the label that counts as positive, of two classes.", change="retrain", example=1),
    ] = 1
    train: Annotated[Train, about("The estimator and its parameters.", change="retrain")]
    gates: Annotated[
        list[GateName],
        about("What it must prove before it is registered.", change="reevaluate", stricter="more"),
    ] = []
    optimize: Annotated[Optimize, about("The form that is served.", change="redeploy")] = Optimize()
    policies: Annotated[
        list[PolicyName], about("The policies it must satisfy.", change="none", stricter="more")
    ] = []
    card: Annotated[Card, about("What people need to know.", change="metadata")] = Card()


_PUBLISHED = {
    "evaluate": {"evaluation": "evaluation.json", "report": "evaluation.html"},
    "card": {"card": "README.md"},
}
# What version.json says of a version: another description, card or report makes another revision of it.
_SETTLED: dict[str, dict[str, tuple[str, ...]]] = {
    "register": {"version": ("name", "registry", "onnx", "evaluation")}
}
_COSTS = {
    "train": "retrain",
    "export": "redeploy",
    "evaluate": "reevaluate",
    "measure": "reevaluate",
    "gate": "reevaluate",
}

_DRIVERS = {
    "sklearn": ("sklearn_train", "onnx_export"),
    "xgboost": ("xgboost_train", "xgboost_export"),
    "lightgbm": ("lightgbm_train", "lightgbm_export"),
    "code": ("code_train", "code_export"),
}
"""What trains and what exports, by the library that an estimator is from: each is remade when its library changes."""


def label_column(view: View) -> str:
    """The column to predict: the model's own, or the dataset's."""
    return view["label"] or label_of(view["dataset"]) or ""


def used_columns(view: View) -> list[str]:
    """The dataset's columns that the features use, each once, in the dataset's order."""
    used = {column for group in view["features"]["groups"].values() for column in group["columns"]}
    return [name for name in view["dataset"]["columns"] if name in used]


def classes_of(view: View) -> list[Class]:
    """What a classifier of several classes tells apart: the values that the contract allows the label, in order."""
    found: list[Class] = view["dataset"]["columns"][label_column(view)]["values"]
    return found


def signature(view: View) -> dict[str, Any]:
    """What goes in and what comes out of the served model: names, types and shapes (-1: any number of rows).

    The types are those of a request. The ONNX graph itself has strings and float32 only: who serves it hands
    a BOOL over as 0 or 1, as it was trained (`drivers/_columns.py`).
    """
    columns = view["dataset"]["columns"]
    datatypes = {"integer": "FP32", "number": "FP32", "string": "BYTES", "boolean": "BOOL"}
    return {
        "inputs": [
            {"name": name, "datatype": datatypes[columns[name]["type"]], "shape": [-1, 1]}
            for name in used_columns(view)
        ],
        "outputs": [_output(name, view) for name in TASKS[view["task"]].outputs],
    }


def _output(name: str, view: View) -> dict[str, Any]:
    several = view["task"] == "multiclass_classification"
    if name == "probabilities":
        return {"name": name, "datatype": "FP32", "shape": [-1, len(classes_of(view)) if several else 2]}
    if name == "label":
        texts = several and view["dataset"]["columns"][label_column(view)]["type"] == "string"
        return {"name": name, "datatype": "BYTES" if texts else "INT64", "shape": [-1]}
    return {"name": name, "datatype": "FP32", "shape": [-1]}


def _learned(view: View, columns: dict[str, Any]) -> dict[str, Any]:
    """What is learned, as the steps of a model are told it."""
    told: dict[str, Any] = {"task": view["task"]}
    if TASKS[view["task"]].supervised:
        told["label"] = label_column(view)
    match view["task"]:
        case "binary_classification":
            told["positive"] = view["positive"]
        case "multiclass_classification":
            told["classes"] = classes_of(view)
    return {**told, "columns": columns}


def _judged(view: View) -> dict[str, Any]:
    """What the evaluation knows beyond what is learned: of what has no teacher, the label where there is one."""
    if TASKS[view["task"]].supervised:
        return {}
    label = label_column(view)
    return {"label": label} | (
        {"positive": view["positive"]} if label and view["task"] == "anomaly_detection" else {}
    )


BOUNDS = {
    "binary_classification": ("max_probability_difference", "min_label_agreement"),
    "multiclass_classification": ("max_probability_difference", "min_label_agreement"),
    "regression": ("max_value_difference", "min_value_agreement"),
    "anomaly_detection": ("min_label_agreement", "max_value_difference", "min_value_agreement"),
    "clustering": ("min_label_agreement",),
}
"""Of `optimize`, what holds the served form to the estimator in each task."""


def _optimized(view: View) -> dict[str, Any]:
    return {name: view["optimize"][name] for name in ("format", "opset", *BOUNDS[view["task"]])}


def _confidences(view: View) -> list[float]:
    """The levels at which the model's gates want intervals, each once."""
    return sorted({bound["confidence"] for gate in view["gates"] for bound in gate["metrics"].values()})


def _group(group: View) -> dict[str, Any]:
    """A feature group as the driver takes it."""
    given = dict(group)
    transforms = given.pop("transforms")
    # a list, because the order matters and the key of a step sorts its maps
    ordered = [{"name": name, **transform} for name, transform in transforms.items()]
    return given | ({"transforms": ordered} if ordered else {})


def _operations(address: Address, view: View, scope: Scope) -> tuple[Operation, ...]:
    """train → export → evaluate and measure → gate → card → register."""
    ingest = f"dataset.{view['dataset']['name']}/ingest"
    columns = {
        name: {key: view["dataset"]["columns"][name][key] for key in ("type", "values", "nullable")}
        for name in used_columns(view)
    }
    learned = _learned(view, columns)
    folder = f"{scope.project['artifacts']}/{scope.environment}/models/{address.name}"

    def operation(name: str, driver: str, spec: dict[str, Any], **inputs: str) -> Operation:
        return Operation(
            id=f"{address}/{name}",
            driver=driver,
            spec=spec,
            inputs=inputs,
            cost=_COSTS.get(name, "metadata"),
            publishes={output: f"{folder}/{file}" for output, file in _PUBLISHED.get(name, {}).items()},
            settles=_SETTLED.get(name, {}),
        )

    onnx, evaluation = f"{address}/export#onnx", f"{address}/evaluate#evaluation"
    proofs = {
        "evaluation": evaluation,
        "parity": f"{address}/export#parity",
        "latency": f"{address}/measure#latency",
    }
    estimator = view["train"]["estimator"]
    trainer, exporter = _DRIVERS[estimator.partition(".")[0]]
    groups = {name: _group(group) for name, group in view["features"]["groups"].items()}
    steps = [
        operation("train", trainer, {**learned, "groups": groups, **view["train"]}, train=f"{ingest}#train"),
        operation(
            "export",
            exporter,
            {**learned, **_optimized(view)},
            model=f"{address}/train#model",
            test=f"{ingest}#test",
        ),
        operation(
            "evaluate",
            "evaluation",
            # the report names its model, so that one of another name needs its own
            {
                **learned,
                **_judged(view),
                "name": address.name,
                "seed": view["train"]["seed"],
                "confidences": _confidences(view),
            },
            onnx=onnx,
            test=f"{ingest}#test",
            # how clusters hold together is measured in the space that the estimator sees
            **({"model": f"{address}/train#model"} if view["task"] == "clustering" else {}),
        ),
        operation("measure", "latency", {"columns": columns}, onnx=onnx, test=f"{ingest}#test"),
    ]
    if is_code(estimator):
        steps[:2] = [run_by_code(step, estimator, scope.project["code"]) for step in steps[:2]]
    if view["gates"]:
        gates = {gate["name"]: gate["metrics"] for gate in view["gates"]}
        steps.append(operation("gate", "gate", {"gates": gates}, **proofs))
        proofs["verdict"] = f"{address}/gate#verdict"
    about_model = {
        "name": address.name,
        "project": scope.project["project"],
        "description": view["description"],
        "owner": view["owner"],
        "tags": view["tags"],
        "card": view["card"],
        "dataset": {
            "name": view["dataset"]["name"],
            "description": view["dataset"]["description"],
            "licence": view["dataset"]["licence"],
        },
        "features": view["features"]["name"],
        "estimator": view["train"]["estimator"],
        "params": view["train"]["params"],
        "task": view["task"],
        "signature": signature(view),
    }
    steps.append(operation("card", "model_card", about_model, **proofs))
    steps.append(
        operation(
            "register",
            "registration",
            {**about_model, "registry": scope.project["registry"]},
            onnx=onnx,
            model=f"{address}/train#model",
            train=f"{ingest}#train",
            test=f"{ingest}#test",
            report=f"{address}/evaluate#report",
            card=f"{address}/card#card",
            **proofs,
        )
    )
    return tuple(steps)


def _facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    return {"label": label_column(view), "columns": used_columns(view), "signature": signature(view)}


KIND = Kind(
    name="model",
    spec=Model,
    operations=_operations,
    facts=_facts,
    planned=(
        "candidates",
        "select",
        "tune",
        "calibrate",
        "reuse",
        "ensemble",
        "optimize.variants",
        "optimize.choose",
    ),
)
