"""scikit-learn: an estimator or a Pipeline of feature steps and an estimator, saved by skops, fitted or not.

→ feature groups and a model, with the parameters that differ from their defaults; a dataset where none is named. A
pickle is never loaded, and of a file of skops only listed types are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlc.importers import File
from mlc.importers._draft import Draft, Drafted, name_of, whole
from mlc.importers._sklearn_data import Seen, dataset_of
from mlc.importers._sklearn_groups import Groups, groups_of
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.ir.told import Part, Step
from mlc.kinds._estimators import catalogue, parameter_schema
from mlc.rules import import_unreadable

WHAT = "estimator of scikit-learn, saved by skops"
SAYS = "The pipeline"

PIPELINE, COLUMNS = "sklearn.pipeline.Pipeline", "sklearn.compose.ColumnTransformer"
_VOTING = ("sklearn.ensemble.VotingClassifier", "sklearn.ensemble.VotingRegressor")
_CALIBRATED = "sklearn.calibration.CalibratedClassifierCV"


def files(path: Path) -> list[Path]:
    """A file, or every file of skops in a folder."""
    return [path] if path.is_file() else sorted(path.glob("*.skops"))


def take(files: Sequence[File], draft: Draft) -> None:
    """A model, its features and where it has none named its dataset, for each file."""
    for file in files:
        if file.told is None:
            found = import_unreadable.found(whole(file.name), f"{file.name} is no file of skops.", _HOW)
            draft.told.append(found)
            continue
        name = draft.asked.name or name_of(file.path.stem, "imported")
        describe(file.told, name, draft, whole(file.name))


_HOW = "Save the estimator with `skops.io.dump(model, 'model.skops')`. A pickle is never loaded."


def describe(
    model: Part,
    name: str,
    draft: Draft,
    span: Span,
    *,
    says: str = SAYS,
    known: Sequence[str] = (),
    types: dict[str, dict[str, Any]] | None = None,
    task: str = "",
) -> Drafted | None:
    """Describe an estimator as a model. `known` are the columns that it sees, in order, and `types` what is known of
    them, where whoever asks knows. None where it cannot be a model, which is told."""
    before, estimator = _divided(model)
    estimator, calibrate = _uncalibrated(estimator, draft, span)
    task = task or draft.asked.task or _task(estimator)
    seen = Seen(draft, span, says, known or model.columns_in, types or {}, estimator)
    groups = groups_of(before, seen)
    if estimator.type not in catalogue() and estimator.type not in _VOTING:
        detail = f"It ends in {estimator.type or 'nothing'}, and a model ends in an estimator that mlc knows."
        draft.told.append(import_unreadable.found(span, detail, "`mlc schema estimators` lists them."))
        return None
    supposed = task or "binary_classification"
    dataset, label = dataset_of(name, seen, groups, supposed)
    features = draft.asked.features or name
    if not draft.asked.features:
        _features(features, groups, draft, span)
    made = draft.resource(
        "model",
        name,
        {
            "task": Node(supposed, span),
            "dataset": dataset,
            "features": features,
            "positive": _positive(estimator, label),
            **_training(estimator, span),
            "calibrate": calibrate,
        },
        span,
    )
    if not task:
        draft.assumed(
            made,
            ("task",),
            f"{says} was not fitted, so it does not say how many classes there are.",
            "--task says it.",
        )
    _tell_seed(estimator, made, draft)
    for on, what, why in groups.lost:
        draft.left_out(
            span, what, why, on=draft.resources.get(f"features.{features}") if on == "features" else made
        )
    return made


def _divided(model: Part) -> tuple[list[Step], Part]:
    """The steps before the estimator, and the estimator; pipelines within pipelines are one."""
    steps = [*_flat(Step("", model))]
    return steps[:-1], steps[-1].part if steps else model


def _flat(step: Step) -> list[Step]:
    if step.part.type != PIPELINE:
        return [step]
    return [each for one in step.part.steps for each in _flat(one)]


def _features(name: str, groups: Groups, draft: Draft, span: Span) -> None:
    spec: dict[str, Any] = {"groups": {key: _spanned(group, span) for key, group in groups.named.items()}}
    spec |= {key: _spanned(value, span) for key, value in groups.joined.items()}
    draft.resource("features", name, spec, span)


def _spanned(value: Any, span: Span) -> Any:
    """With the source's name on every value, so that one that a rule refuses can be taken out and told."""
    if isinstance(value, dict):
        return Node({key: _spanned(one, span) for key, one in value.items()}, span)
    if isinstance(value, list):
        return Node(tuple(_spanned(one, span) for one in value), span)
    return Node(value, span)


# ── the estimator ───────────────────────────────────────────────────────────────────────────────────


def _task(estimator: Part) -> str:
    known = catalogue().get(estimator.type)
    if known is None:
        known = (
            catalogue().get(estimator.within["estimators"][0].part.type)
            if "estimators" in estimator.within
            else None
        )
    tasks = list(known.tasks) if known is not None else []
    if "binary_classification" in tasks:
        if not estimator.classes:
            return ""
        return "binary_classification" if len(estimator.classes) == 2 else "multiclass_classification"
    return tasks[0] if tasks else ""


def _uncalibrated(estimator: Part, draft: Draft, span: Span) -> tuple[Part, str | None]:
    """What a CalibratedClassifierCV calibrates, and how."""
    inner = estimator.within.get("estimator", [])
    if estimator.type != _CALIBRATED or not inner:
        return estimator, None
    part = inner[0].part
    for name, value in estimator.params.items():
        if name != "method":
            draft.left_out(
                span,
                f"{name}={value!r} of CalibratedClassifierCV",
                "mlc calibrates by five folds of its own.",
            )
    merged = Part(
        type=part.type,
        params=part.params,
        unsaid=part.unsaid,
        within=part.within,
        classes=estimator.classes,
        width=estimator.width,
        is_fitted=estimator.is_fitted,
    )
    return merged, str(estimator.params.get("method", "sigmoid"))


def _training(estimator: Part, span: Span) -> dict[str, Any]:
    """`train`, or of a vote the candidates and the ensemble."""
    if estimator.type in _VOTING and "estimators" in estimator.within:
        candidates = {
            name_of(step.name, f"candidate_{number}"): _train(step.part, span)
            for number, step in enumerate(estimator.within["estimators"], start=1)
        }
        soft = estimator.type.endswith("Regressor") or estimator.params.get("voting") == "soft"
        weights = estimator.params.get("weights")
        ensemble: dict[str, Any] = {"method": "voting"}
        if not soft:
            ensemble["voting"] = Node("hard", span)
        if weights:
            ensemble["weights"] = dict(zip(candidates, weights, strict=False))
        return {"candidates": candidates, "ensemble": Node(_nodes(ensemble, span), span)}
    return {"train": _train(estimator, span)}


def _nodes(value: dict[str, Any], span: Span) -> dict[str, Any]:
    return {key: one if isinstance(one, Node) else _spanned(one, span) for key, one in value.items()}


def _train(estimator: Part, span: Span) -> dict[str, Any]:
    params = {
        name: _spanned(value, span)
        for name, value in estimator.params.items()
        if name != "random_state" and not _says_nothing(estimator.type, name, value)
    }
    for name, steps in estimator.within.items():
        # an estimator within an estimator: its name says to a rule why it cannot be
        params[name] = Node(", ".join(step.part.type for step in steps), span)
    params |= {name: Node(what, span) for name, what in estimator.unsaid.items()}
    seed = estimator.params.get("random_state")
    made: dict[str, Any] = {"estimator": Node(estimator.type, span)}
    if params:
        made["params"] = params
    if isinstance(seed, int) and seed:
        made["seed"] = Node(seed, span)
    return made


def _says_nothing(name: str, parameter: str, value: Any) -> bool:
    """Whether a parameter says what is the default of the catalogue, under another type."""
    schema = parameter_schema(name)
    field = schema["properties"].get(parameter) if schema is not None else None
    return field is not None and "default" in field and field["default"] == value and type(value) is not bool


def _positive(estimator: Part, label: dict[str, Any]) -> Any:
    """The class that counts as positive: the second, as scikit-learn has it."""
    classes = estimator.classes or label.get("values") or []
    return classes[1] if len(classes) == 2 and classes[1] != 1 else None


def _tell_seed(estimator: Part, made: Drafted, draft: Draft) -> None:
    schema = parameter_schema(estimator.type)
    draws = schema is not None and "random_state" in schema.get("x-mlc-not-settable", {})
    if draws and not isinstance(estimator.params.get("random_state"), int):
        draft.noted(
            made, ("train",), "No seed was set; mlc trains with 0, so that it comes out the same each time."
        )
