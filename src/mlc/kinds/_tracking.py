"""What of a model's training is told to the tools in which people look at runs: MLflow and TensorBoard."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from msgspec import Struct, structs

from mlc.ir.operation import Operation
from mlc.kinds._candidates import with_libraries
from mlc.kinds._fields import about, formed
from mlc.kinds._kind import Scope, View
from mlc.kinds._mlflow import Password, Token, Uri, User


class Mlflow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run on an MLflow server for each model that is trained, and one below it for each trial of a search."""

    uri: Uri
    experiment: Annotated[
        Annotated[str, formed(r"^[^\s$][^$\n]{0,499}$", "the name of an experiment")] | None,
        about(
            "The experiment that the runs belong to; PROJECT/ENVIRONMENT where none is given. It is made where there "
            "is none.",
            example="lending",
        ),
    ] = None
    token: Token = None
    user: User = ""
    password: Password = None


class Track(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of a model's training, beside mlc's own reports."""

    mlflow: Annotated[
        Mlflow | None,
        about(
            "The MLflow server that gets parameters, metrics with their intervals, data, curves and reports."
        ),
    ] = None
    tensorboard: Annotated[
        bool, about("Whether event files for TensorBoard are written beside the model's reports.")
    ] = False


_LOGGED = (
    "evaluation",
    "latency",
    "parity",
    "comparison",
    "report",
    "curve",
    "iterations",
    "selection",
    "trials",
    "chosen",
)
"""What a run is told of. Not the gates: a model that they refuse has a run as well."""

_RELEASED = ("verdict", "card", "bom", "provenance", "lineage", "version")
"""What is known once it was registered."""


_RECORDING = ("GradientBoosting", "HistGradientBoosting", "MLP")


def _may_record(estimators: Sequence[str]) -> bool:
    """Whether one of the estimators keeps something of each iteration while it is fitted. Where the project's own code
    is among them nothing is read, as to load such a model is to run the code."""
    return not any(one.startswith("code.") for one in estimators) and any(
        one.startswith("sklearn.") and one.rpartition(".")[2].startswith(_RECORDING) for one in estimators
    )


def tracking(
    view: View,
    operation: Callable[..., Operation],
    scope: Scope,
    about_model: Mapping[str, Any],
    sources: Mapping[str, str],
    estimators: list[str],
) -> list[Operation]:
    """The steps that tell of a model. `sources` are the outputs that there are to be told of, by what they are;
    `estimators` those that may have been trained."""
    asked, steps = view["track"]["mlflow"], []
    is_told = asked is not None or view["track"]["tensorboard"]
    if is_told and "model" in sources and _may_record(estimators):
        reading = with_libraries("iterations", estimators)
        steps.append(operation("iterations", reading, {}, model=sources["model"]))
        sources = {**sources, "iterations": f"{steps[0].id}#iterations"}
    if view["track"]["tensorboard"]:
        steps.append(_events(view, operation, scope, about_model, sources))
    if asked is not None:
        named = asked["experiment"] or f"{scope.project['project']}/{scope.environment}"
        spec = {"server": asked | {"experiment": named}, **about_model}
        spec["source"] = {
            key: value
            for key, value in view["dataset"]["source"].items()
            if key in ("type", "path", "name", "format") and value is not None
        }
        read = {
            name: sources[name]
            for name in (*_LOGGED, "train", "validation", "test", "onnx")
            if name in sources
        }
        steps.append(operation("track", "mlflow_run", spec, **read))
        later = {name: sources[name] for name in _RELEASED if name in sources}
        server = {"server": spec["server"], "name": about_model["name"]}
        steps.append(operation("track-release", "mlflow_release", server, run=f"{steps[-1].id}#run", **later))
    return steps


def _events(
    view: View,
    operation: Callable[..., Operation],
    scope: Scope,
    about_model: Mapping[str, Any],
    sources: Mapping[str, str],
) -> Operation:
    """The step that writes event files. TensorBoard takes a folder for a run: the model's, and one for each trial."""
    read = {
        name: sources[name]
        for name in ("evaluation", "curve", "iterations", "trials", "chosen")
        if name in sources
    }
    told = {
        name: about_model[name] for name in ("name", "task", "estimator", "params") if name in about_model
    }
    if "trials" in sources:
        told["trials"] = view["tune"]["trials"]
    folder = f"{scope.project['artifacts']}/{scope.environment}/models/{about_model['name']}/tensorboard"
    published = {"events": f"{folder}/{EVENTS}"}
    for number in range(told.get("trials", 0)):
        published[f"trial-{number}"] = f"{folder}/trial-{number:03}/{EVENTS}"
    return structs.replace(operation("tensorboard", "tensorboard_events", told, **read), publishes=published)


EVENTS = "events.out.tfevents.0.mlc"
"""What TensorBoard knows an event file by. Its own writers put the time and the machine's name there."""
