"""A model: what is learned from a dataset, how, and what it must prove."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation
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
from mlc.kinds._card import Card
from mlc.kinds._code import run_by_code
from mlc.kinds._description import ModelFormat, describing
from mlc.kinds._documentation import Documentation
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
from mlc.kinds._learning_curve import Evaluate, learning
from mlc.kinds._mlflow_target import facts_of_model
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
from mlc.kinds._splits import has_validation
from mlc.kinds._tracking import Track, tracking
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
    evaluate: Annotated[
        Evaluate, about("What is looked at beside what the gates ask for.", change="reevaluate")
    ] = Evaluate()
    optimize: Annotated[Optimize, about("The form that is served.", change="redeploy")] = Optimize()
    policies: Annotated[
        list[PolicyName], about("The policies it must satisfy.", change="none", stricter="more")
    ] = []
    card: Annotated[Card, about("What people need to know.", change="metadata")] = Card()
    documentation: Annotated[
        Documentation | None,
        about(
            "What only a person can say for the technical documentation of the EU AI Act.", change="metadata"
        ),
    ] = None
    track: Annotated[
        Track,
        about("Who is told of its training, beside mlc's own reports.", change="metadata"),
    ] = Track()
    describe: Annotated[
        list[ModelFormat],
        about("Formats in which other tools are told what a version is, beside its card.", change="metadata"),
    ] = []


_PUBLISHED = {
    "select": {"selection": "selection.json", "report": "selection.html"},
    "tune": {"trials": "trials.json"},
    "optimize": {"variants": "variants.json", "report": "variants.html"},
    "evaluate": {"evaluation": "evaluation.json"},
    "learning-curve": {"curve": "learning_curve.json"},
    "iterations": {"iterations": "iterations.json"},
    "report": {"report": "evaluation.html"},
    "card": {"card": "README.md"},
    "bom": {"bom": "bom.cdx.json"},
    "provenance": {"provenance": "provenance.slsa.json"},
    "lineage": {"lineage": "lineage.openlineage.json"},
    "annex": {"annex": "technical_documentation.md"},
    "sagemaker": {"sagemaker": "sagemaker_card.json"},
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
    kept = {"validation": f"{ingest}#validation"} if has_validation(view["dataset"]["split"]) else {}
    proofs = {
        "evaluation": f"{address}/evaluate#evaluation",
        "parity": f"{address}/{served}#parity",
        "latency": f"{address}/measure#latency",
    }
    steps, train = _feeding.fed(view, operation, ingest, scope.project["registry"])
    trained = [] if _feeding.combined(view) else training(view, operation, _feeding.seen(view), train)
    steps += trained
    if _feeding.feeds(view):
        steps.append(_feeding.joining(view, operation))
    choice = {"chosen": chosen_by(view, str(address))} if is_selected(view) else {}
    model = _feeding.model_of(view)
    exporting = {**told, **_optimized(view), **({"reuses": True} if _feeding.reuses_answers(view) else {})}
    steps.append(operation("export", exporter(view), exporting, model=model, test=test, **choice))
    named = _feeding.estimators_of(view)
    steps = [run_by_code(step, named, scope.project["code"]) for step in steps]
    judged = {**told, **_evaluating.judged(view), "seed": seed_of(view)}
    evaluating = judged | _evaluating.measured(view)
    measuring = {"columns": columns}
    bounds = _evaluating.bounds(view)
    duels = _evaluating.duels(view)
    compared = judged | {"name": address.name, "registry": scope.project["registry"]} | duels
    if view["optimize"]["variants"]:
        estimators = _feeding.estimators_of(view)
        spec = {
            **told,
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
    curve = learning(view, operation, trained[-1], judged, train, test) if trained else []
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
    data = {"train": f"{ingest}#train", "test": test, **kept}
    inside = {name: source for name, source in _feeding.lineage(view).items() if name != "head"}
    told_of = describing(view, operation, about_model, {"onnx": onnx, "model": model, **data}, proofs, inside)
    steps += told_of
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
            **{step.name: f"{step.id}#{step.name}" for step in told_of},
            **_feeding.lineage(view),
            # what was exported is told of too, where something that was made of it is served
            **({"exported": f"{address}/export#onnx"} if served == "optimize" else {}),
            **proofs,
        )
    )
    told = {"onnx": onnx, "version": f"{address}/register#version", "card": f"{address}/card#card"}
    told |= {
        "report": f"{address}/report#report",
        **drawn,
        **{step.name: f"{step.id}#{step.name}" for step in told_of},
    }
    if trained:
        told["model"] = f"{trained[-1].id}#model"
    if view["tune"] and is_selected(view):
        told["trials"] = f"{address}/tune#trials"
    steps += tracking(view, operation, scope, about_model, {**data, **proofs, **told}, named)
    return tuple(steps)


def _facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = {
        "label": label_column(view),
        "columns": used_columns(view),
        "signature": signature(view),
    }
    found |= facts_of_model(view)
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
