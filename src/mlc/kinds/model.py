"""A model: what is learned from a dataset, how, and what it must prove."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.ir.task import TASKS
from mlc.ir.task import Name as TaskName
from mlc.kinds import _evaluating, _feeding
from mlc.kinds._candidates import (
    Select,
    Train,
    Tune,
    chosen_by,
    is_selected,
    metric_of,
    seed_of,
    with_libraries,
)
from mlc.kinds._code import is_code, run_by_code
from mlc.kinds._ensemble import Chain, Stacking, Voting
from mlc.kinds._fields import (
    DatasetName,
    FeaturesName,
    GateName,
    ModelName,
    Name,
    PolicyName,
    Resource,
    Share,
    about,
)
from mlc.kinds._kind import Kind, Scope, View
from mlc.kinds._reuse import Answers, Transforms, WarmStart
from mlc.kinds._signature import (
    classes_of,
    contract,
    label_column,
    learned,
    members_of,
    signature,
    used_columns,
)
from mlc.kinds._training import exporter, learner, training
from mlc.kinds._variants import BOUNDS, Choose, Variant, variants_spec


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
    features: Annotated[
        FeaturesName | None,
        about(
            "What it sees of the dataset; a model may see nothing but what other models say.",
            change="retrain",
        ),
    ] = None
    predictions: Annotated[
        dict[Name, ModelName],
        about(
            "Models whose answers are further columns to learn from, by names of your own. Of rows that such a model "
            "learned from, it is asked by folds: each row by a model that did not learn from it.",
            change="retrain",
            example={"risk": "base_risk"},
        ),
    ] = {}
    reuse: Annotated[
        Transforms | WarmStart | Answers | None,
        about("What it takes of a registered version.", change="retrain"),
    ] = None
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
        Voting | Stacking | Chain | None,
        about(
            "How candidates are combined, in the place of selecting one; or how other models are.",
            change="retrain",
        ),
    ] = None
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
    "select": {"selection": "selection.json", "report": "selection.html"},
    "tune": {"trials": "trials.json"},
    "optimize": {"variants": "variants.json", "report": "variants.html"},
    "evaluate": {"evaluation": "evaluation.json"},
    "report": {"report": "evaluation.html"},
    "card": {"card": "README.md"},
}
# What version.json says of a version: another description, card or report makes another revision of it.
_SETTLED: dict[str, dict[str, tuple[str, ...]]] = {
    "register": {"version": ("name", "registry", "onnx", "evaluation")}
}
_COSTS = {
    "reuse": "retrain",
    "feed": "retrain",
    "join": "retrain",
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


def _judged(view: View) -> dict[str, Any]:
    """What the evaluation knows beyond what is learned: of what has no teacher, the label where there is one."""
    if TASKS[view["task"]].supervised:
        return {}
    label = label_column(view)
    return {"label": label} | (
        {"positive": view["positive"]} if label and view["task"] == "anomaly_detection" else {}
    )


def _optimized(view: View) -> dict[str, Any]:
    return {name: view["optimize"][name] for name in ("format", "opset", *BOUNDS[view["task"]])}


def _operations(address: Address, view: View, scope: Scope) -> tuple[Operation, ...]:
    """feed → train → join → export → evaluate, measure and compare → report → gate → card → register."""
    written, view = view, _feeding.headed(view)
    ingest = f"dataset.{view['dataset']['name']}/ingest"
    columns = contract(view, used_columns(view))
    told = learned(view, used_columns(view))
    folder = f"{scope.project['artifacts']}/{scope.environment}/models/{address.name}"

    def operation(name: str, driver: str, spec: dict[str, Any], **inputs: str) -> Operation:
        return Operation(
            id=f"{address}/{name}",
            driver=driver,
            spec=spec,
            inputs=inputs,
            cost="retrain" if name.startswith(("score-", "predict-")) else _COSTS.get(name, "metadata"),
            publishes={output: f"{folder}/{file}" for output, file in _PUBLISHED.get(name, {}).items()},
            settles=_SETTLED.get(name, {}),
        )

    served = "optimize" if view["optimize"]["variants"] else "export"
    onnx, test = f"{address}/{served}#onnx", f"{ingest}#test"
    proofs = {
        "evaluation": f"{address}/evaluate#evaluation",
        "parity": f"{address}/{served}#parity",
        "latency": f"{address}/measure#latency",
    }
    steps, train = _feeding.fed(view, operation, ingest, scope.project["registry"])
    if not _feeding.combined(view):
        steps += training(view, operation, _feeding.seen(view), train)
    if _feeding.feeds(view):
        steps.append(_feeding.joining(view, operation))
    choice = {"chosen": chosen_by(view, str(address))} if is_selected(view) else {}
    model = _feeding.model_of(view)
    exporting = {**told, **_optimized(view), **({"reuses": True} if _feeding.reuses_answers(view) else {})}
    steps.append(operation("export", exporter(view), exporting, model=model, test=test, **choice))
    estimator = view["train"]["estimator"] if view["train"] else ""
    if is_code(estimator):
        steps = [run_by_code(step, estimator, scope.project["code"]) for step in steps]
    judged = {**told, **_judged(view), "seed": seed_of(view)}
    evaluating = judged | _evaluating.measured(view)
    measuring = {"columns": columns}
    bounds = _evaluating.bounds(view)
    if view["optimize"]["variants"]:
        estimators = _feeding.estimators_of(view)
        spec = {
            **told,
            **variants_spec(view["optimize"], BOUNDS[view["task"]]),
            "metric": metric_of(view),
            "evaluate": evaluating,
            "measure": measuring,
            **_evaluating.of_a_variant(bounds),
        }
        inputs = {"onnx": f"{address}/export#onnx", "model": model, "train": f"{ingest}#train", "test": test}
        steps.append(operation("optimize", with_libraries("variants", estimators), spec, **inputs))
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
    if duels := _evaluating.duels(view):
        compared = judged | {"name": address.name, "registry": scope.project["registry"]} | duels
        steps.append(operation("compare", "champion", compared, onnx=onnx, test=test))
        proofs["comparison"] = f"{address}/compare#comparison"
    # the report names its model, so that one of another name needs its own; it says before the gate what that will
    about_gates = {"name": address.name, "task": view["task"], "columns": columns, **bounds}
    steps.append(operation("report", "evaluation_report", about_gates, onnx=onnx, test=test, **proofs))
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
        "features": view["features"]["name"] if view["features"] else "",
        **learner(written),
        "task": view["task"],
        "signature": signature(view),
    }
    if view["task"] == "multiclass_classification":
        about_model["classes"] = classes_of(view)
    members = members_of(view)
    if members:
        about_model["members"] = {name: member["name"] for name, member in members.items()}
    if view["reuse"]:
        about_model["reuse"] = {name: view["reuse"][name] for name in ("model", "as")}
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
            report=f"{address}/report#report",
            card=f"{address}/card#card",
            **_feeding.lineage(view),
            # what was exported is told of too, where something that was made of it is served
            **({"exported": f"{address}/export#onnx"} if served == "optimize" else {}),
            **proofs,
        )
    )
    return tuple(steps)


def _facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = {
        "label": label_column(view),
        "columns": used_columns(view),
        "signature": signature(view),
    }
    if members_of(view):
        found["members"] = _feeding.members_told(view)
        found["combined"] = view["ensemble"]["method"] if _feeding.combined(view) else "learned"
    return found


KIND = Kind(
    name="model",
    spec=Model,
    operations=_operations,
    facts=_facts,
)
