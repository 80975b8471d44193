"""bad-selection-setting: candidates are selected or tuned by something that cannot be done, or not for this model.

Why it matters: what is compared must be measured on each fold: latency, size and parity are measured once, on what is
served. A setting that nothing follows would promise something that does not happen.
How to mend it: name a metric of the task, or take the setting out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.evaluation import METRICS
from mlc.kinds._candidates import METRICS_OF_FOLDS
from mlc.kinds._code import is_code
from mlc.rules._estimators import learners
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "Candidates cannot be selected like this.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "candidates: {linear: {estimator: sklearn.linear_model.LogisticRegression}}\n"
)
BAD = {"model/churn.yaml": _MODEL + "select: {metric: latency_p99}\n"}
GOOD = {"model/churn.yaml": _MODEL + "select: {metric: brier}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        if model["task"] not in METRICS_OF_FOLDS:
            yield from _of_other_tasks(subject, address, model)
            continue
        yield from _metric(subject, address, model["select"]["metric"], model["task"])
        yield from _code(subject, address, model)
        chooses = model["candidates"] or model["tune"] is not None
        written = subject.node(address, "select")
        if not chooses and written is not subject.node(address):
            yield RULE.at(
                subject.key_span(address, "select"),
                f"{address} has one estimator and no search for its parameters, so that there is nothing to select.",
                text="nothing to select from",
                help="Take it out, or name `candidates`.",
                address=str(address),
                path="select",
            )
        dataset = subject.named("dataset", model["dataset"])
        if dataset and dataset["split"]["method"] == "time" and model["select"]["repeats"] > 1:
            yield RULE.at(
                subject.span(address, "select", "repeats"),
                "Folds follow the time, as the split of the dataset does, and there is one order of time only: they "
                "cannot be repeated.",
                text="cannot be repeated",
                help="Leave `repeats` out; more `folds` give more scores.",
                address=str(address),
                path="select.repeats",
            )


def _code(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    """What the project's own code is not used for."""
    for one in learners(address, model):
        uses = ["candidates"] if one.path[0] == "candidates" else []
        uses += [field for field in ("tune", "calibrate") if model[field] is not None]
        if is_code(one.name) and uses:
            yield RULE.at(
                subject.span(address, *one.path, "estimator"),
                f"{one.name} is code of the project, which is trained as it is, in a process of its own: this version "
                f"of mlc does not use it with {listed(f'`{use}`' for use in uses)}.",
                text="code of the project",
                help="Name it in `train` alone, or take an estimator of a library.",
                **one.field,
            )


def _of_other_tasks(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    """What needs a metric that is measured, where this version measures none."""
    uses = {
        "candidates": bool(model["candidates"]),
        "tune": model["tune"] is not None,
        "optimize.variants": bool(model["optimize"]["variants"]),
    }
    for path, used in uses.items():
        if used:
            yield RULE.at(
                subject.key_span(address, *path.split(".")),
                f"`{path}` compares by a metric, and this version of mlc measures none of a "
                f"{model['task'].replace('_', ' ')} on folds: only of a "
                f"{listed(task.replace('_', ' ') for task in METRICS_OF_FOLDS)}.",
                text="nothing to compare by",
                help="Name one estimator in `train`.",
                address=str(address),
                path=path,
            )


def _metric(subject: Subject, address: Address, metric: str | None, task: str) -> Iterator[Diagnostic]:
    known = METRICS_OF_FOLDS.get(task, ())
    if metric is None or metric in known:
        return
    span = subject.span(address, "select", "metric")
    why = (
        f'"{metric}" is measured once, on what is served, and not on every fold.'
        if metric in METRICS
        else f'No metric is called "{metric}".'
    )
    yield RULE.at(
        span,
        f"{why} Of a {task.replace('_', ' ')} there are {listed(known)}.",
        text="not measured on folds",
        help="" if metric in METRICS else did_you_mean(metric, known),
        fix=instead(metric, known, span),
        address=str(address),
        path="select.metric",
    )
