"""A model: what is learned from a dataset, how, and what it must prove."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.ir.task import TASKS, Class
from mlc.ir.task import Name as TaskName
from mlc.kinds import _evaluating
from mlc.kinds._candidates import (
    Select,
    Train,
    Tune,
    calibration,
    chosen_by,
    is_selected,
    learners,
    metric_of,
    seed_of,
    selecting,
    with_libraries,
)
from mlc.kinds._card import Card
from mlc.kinds._code import is_code, run_by_code
from mlc.kinds._ensemble import Stacking, Voting, combining, described
from mlc.kinds._fields import DatasetName, FeaturesName, GateName, Name, PolicyName, Resource, Share, about
from mlc.kinds._kind import Kind, Scope, View
from mlc.kinds._learning_curve import Evaluate, learning
from mlc.kinds._splits import has_validation
from mlc.kinds._variants import BOUNDS, Choose, Variant, variants_spec
from mlc.kinds.dataset import label_of
from mlc.kinds.features import seen


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
    variants: Annotated[
        dict[Name, Variant],
        about("Forms to choose among, by names of your own; each is proven, evaluated and gated."),
    ] = {}
    choose: Annotated[Choose | None, about("Which of the variants is served.")] = None


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
    train: Annotated[
        Train | None,
        about("The estimator and its parameters, where there is one and no `candidates`.", change="retrain"),
    ] = None
    candidates: Annotated[
        dict[Name, Train],
        about("Estimators of which one is selected, by names of your own.", change="retrain"),
    ] = {}
    select: Annotated[Select, about("How one of the candidates is selected.", change="retrain")] = Select()
    tune: Annotated[Tune | None, about("How parameters are searched for.", change="retrain")] = None
    calibrate: Annotated[
        Literal["isotonic", "sigmoid", "temperature"] | None,
        about(
            "How probabilities are corrected, by predictions of rows that were not learned from. `temperature` has "
            "no ONNX form, and is refused.",
            change="retrain",
        ),
    ] = None
    ensemble: Annotated[
        Voting | Stacking | None,
        about("How the candidates are combined, in the place of selecting one.", change="retrain"),
    ] = None
    gates: Annotated[
        list[GateName],
        about("What it must prove before it is registered.", change="reevaluate", stricter="more"),
    ] = []
    evaluate: Annotated[
        Evaluate, about("What is looked at beside what the gates ask for.", change="reevaluate")
    ] = Evaluate()
    optimize: Annotated[Optimize, about("The form that is served.", change="redeploy")] = Optimize()
    policies: Annotated[
        list[PolicyName], about("The policies it must satisfy.", change="none", stricter="more")
    ] = []
    card: Annotated[Card, about("What people need to know.", change="metadata")] = Card()


_PUBLISHED = {
    "select": {"selection": "selection.json", "report": "selection.html"},
    "tune": {"trials": "trials.json"},
    "optimize": {"variants": "variants.json", "report": "variants.html"},
    "evaluate": {"evaluation": "evaluation.json"},
    "learning-curve": {"curve": "learning_curve.json"},
    "report": {"report": "evaluation.html"},
    "card": {"card": "README.md"},
}
# What version.json says of a version: another description, card or report makes another revision of it.
_SETTLED: dict[str, dict[str, tuple[str, ...]]] = {
    "register": {"version": ("name", "registry", "onnx", "evaluation")}
}
_COSTS = {
    "select": "retrain",
    "tune": "retrain",
    "train": "retrain",
    "export": "redeploy",
    "optimize": "redeploy",
    "evaluate": "reevaluate",
    "measure": "reevaluate",
    "compare": "reevaluate",
    "report": "render",
    "gate": "reevaluate",
}

_DRIVERS = {
    "sklearn": ("sklearn_train", "onnx_export"),
    "xgboost": ("xgboost_train", "xgboost_export"),
    "lightgbm": ("lightgbm_train", "lightgbm_export"),
    "code": ("code_train", "code_export"),
}
"""What trains and what exports, by the library that an estimator is from: each is remade when its library changes."""


_DATATYPES = {
    "integer": "FP32",
    "number": "FP32",
    "string": "BYTES",
    "boolean": "BOOL",
    "date": "INT64",
    "datetime": "INT64",
}


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

    The types are those of a request. The ONNX graph itself has no BOOL: who serves it hands one over as 0 or 1, as it
    was trained (`drivers/_columns.py`). A date or a time is INT64: whole seconds since 1970 (UTC).
    """
    columns = view["dataset"]["columns"]
    return {
        "inputs": [
            {"name": name, "datatype": _DATATYPES[columns[name]["type"]], "shape": [-1, 1]}
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


def _optimized(view: View) -> dict[str, Any]:
    return {name: view["optimize"][name] for name in ("format", "opset", *BOUNDS[view["task"]])}


def _training(view: View, make: Any, learned: dict[str, Any], train: str) -> tuple[list[Operation], str]:
    """The steps up to the trained model, and the driver that exports it."""
    if view["ensemble"]:
        return combining(view, make, learned, train)
    if is_selected(view):
        estimators = [one["estimator"] for one in learners(view).values()]
        exporter = "code_chosen_export" if any(map(is_code, estimators)) else "chosen_export"
        training = selecting(view, make, learned, _evaluating.judged(view), train)
        return training, with_libraries(exporter, estimators)
    trainer, exporter = _DRIVERS[view["train"]["estimator"].partition(".")[0]]
    return [make("train", trainer, {**learned, **calibration(view), **view["train"]}, train=train)], exporter


def _learner(view: View) -> dict[str, Any]:
    """What is said of the estimator in the card and in the registry, before one was chosen of several."""
    if view["ensemble"]:
        return described(view)
    if not is_selected(view):
        return {"estimator": view["train"]["estimator"], "params": view["train"]["params"]}
    return {"candidates": {name: one["estimator"] for name, one in learners(view).items()}}


def _operations(address: Address, view: View, scope: Scope) -> tuple[Operation, ...]:
    """train → export → evaluate, measure and compare → report → gate → card → register."""
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
            cost="retrain" if name.startswith("score-") else _COSTS.get(name, "metadata"),
            publishes={output: f"{folder}/{file}" for output, file in _PUBLISHED.get(name, {}).items()},
            settles=_SETTLED.get(name, {}),
        )

    served = "optimize" if view["optimize"]["variants"] else "export"
    onnx, test = f"{address}/{served}#onnx", f"{ingest}#test"
    kept = {"validation": f"{ingest}#validation"} if has_validation(view["dataset"]["split"]) else {}
    proofs = {
        "evaluation": f"{address}/evaluate#evaluation",
        "parity": f"{address}/{served}#parity",
        "latency": f"{address}/measure#latency",
    }
    asked = {**learned, **seen(view["features"], view["task"])}
    training, exporter = _training(view, operation, asked, f"{ingest}#train")
    choice = {"chosen": chosen_by(view, str(address))} if is_selected(view) else {}
    model = f"{address}/train#model"
    steps = [
        *training,
        operation("export", exporter, {**learned, **_optimized(view)}, model=model, test=test, **choice),
    ]
    named = [one["estimator"] for one in learners(view).values()]
    steps = [run_by_code(step, named, scope.project["code"]) for step in steps]
    judged = {**learned, **_evaluating.judged(view), "seed": seed_of(view)}
    evaluating = judged | _evaluating.measured(view)
    measuring = {"columns": columns}
    bounds = _evaluating.bounds(view)
    duels = _evaluating.duels(view)
    compared = judged | {"name": address.name, "registry": scope.project["registry"]} | duels
    if view["optimize"]["variants"]:
        estimators = [one["estimator"] for one in learners(view).values()]
        spec = {
            **learned,
            **variants_spec(view["optimize"], BOUNDS[view["task"]]),
            "metric": metric_of(view),
            "evaluate": evaluating,
            "measure": measuring,
            **bounds,
        }
        driver = "variants"
        if duels:  # what an alias points to decides which is served
            spec["compare"], driver = compared, "contested_variants"
        inputs = {"onnx": f"{address}/export#onnx", "model": model, "train": f"{ingest}#train", "test": test}
        inputs |= kept
        steps.append(operation("optimize", with_libraries(driver, estimators), spec, **inputs))
    steps += [
        # how clusters hold together is measured in the space that the estimator sees
        operation(
            "evaluate",
            "evaluation",
            evaluating,
            onnx=onnx,
            test=test,
            **({"model": model} if view["task"] == "clustering" else {}),
        ),
        operation("measure", "latency", measuring, onnx=onnx, test=test),
    ]
    if duels:
        steps.append(operation("compare", "champion", compared, onnx=onnx, test=test))
        proofs["comparison"] = f"{address}/compare#comparison"
    curve = learning(view, operation, training[-1], judged, f"{ingest}#train", test)
    steps += curve
    drawn = {"curve": f"{curve[0].id}#curve"} if curve else {}
    # the report names its model, so that one of another name needs its own; it says before the gate what that will
    about_gates = {"name": address.name, "task": view["task"], "columns": columns, **bounds}
    steps.append(
        operation("report", "evaluation_report", about_gates, onnx=onnx, test=test, **proofs, **drawn)
    )
    if bounds["gates"]:
        steps.append(operation("gate", "gate", bounds, **proofs))
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
        **_learner(view),
        "task": view["task"],
        "signature": signature(view),
    }
    if view["task"] == "multiclass_classification":
        about_model["classes"] = classes_of(view)
    if is_selected(view):
        proofs |= choice | {"selection": f"{address}/select#selection"}
    steps.append(operation("card", "model_card", about_model, **proofs))
    steps.append(
        operation(
            "register",
            "registration",
            {**about_model, "registry": scope.project["registry"]},
            onnx=onnx,
            model=model,
            train=f"{ingest}#train",
            test=test,
            **kept,
            report=f"{address}/report#report",
            card=f"{address}/card#card",
            # what was exported is told of too, where something that was made of it is served
            **({"exported": f"{address}/export#onnx"} if served == "optimize" else {}),
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
        "reuse",
        "ensemble.method=chain",
    ),
)
