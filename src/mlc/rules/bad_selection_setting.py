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
from mlc.ir.metrics import METRICS, of_task
from mlc.kinds._candidates import METRICS_OF_FOLDS, NOT_COMPARED, QUANTILES, compared_by, quantile_by
from mlc.kinds._code import is_code
from mlc.kinds.dataset import label_of
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
        label = model["label"] or label_of(subject.named("dataset", model["dataset"]) or {"columns": {}})
        known = compared_by(model["task"], label)
        if not known:
            yield from _nothing_to_compare_by(subject, address, model)
            continue
        yield from _metric(subject, address, model["select"]["metric"], model["task"], known)
        yield from _quantiles(subject, address, model)
        yield from _searched_quantiles(subject, address, model)
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
    space = (model["tune"] or {}).get("space", {})
    for one in learners(address, model):
        name = one.path[-1]
        if is_code(one.name) and name in space:
            yield RULE.at(
                subject.key_span(address, "tune", "space", name),
                f"{one.name} is code of the project, which runs in an interpreter of its own within the limits of its "
                "module: those are of one step, and a search has many trials, side by side and resumed.",
                text="code of the project",
                help="Name the choices of parameters as candidates, each with its `params`: they are compared alike.",
                address=str(address),
                path=f"tune.space.{name}",
            )


def _nothing_to_compare_by(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    """What needs a metric that tells a better detector from a worse one, where there is no label to tell it by."""
    uses = {
        "candidates": bool(model["candidates"]),
        "tune": model["tune"] is not None,
        "optimize.variants": bool(model["optimize"]["variants"]),
    }
    for path, used in uses.items():
        if used:
            yield RULE.at(
                subject.key_span(address, *path.split(".")),
                f"`{path}` compares by a metric, and which of two models of {model['task'].replace('_', ' ')} is "
                "better only a label can tell: how many rows they call unlike is what `contamination` makes it.",
                text="nothing to compare by",
                help="Give the dataset a column with the role `label`, which is not learned from, or name one "
                "estimator in `train`.",
                address=str(address),
                path=path,
            )


def _quantiles(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    """Candidates that answer different questions."""
    first: tuple[str, float | None] | None = None
    for name, one in model["candidates"].items():
        level = quantile_by(one["estimator"], one["params"])
        if first is None:
            first = name, level
        elif model["ensemble"] is None and level != first[1]:
            told = (
                f"{_said(name, level)}, and {_said(*first)}: they answer different questions, and no metric tells "
                "which answer is better."
            )
            yield RULE.at(
                subject.key_span(address, "candidates", name),
                told[0].upper() + told[1:],
                text="another question",
                help="Let all candidates predict the same, or make a model of each.",
                address=str(address),
                path=f"candidates.{name}",
            )


def _searched_quantiles(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    """A search over what is asked for, in the place of how well it is answered."""
    space = (model["tune"] or {}).get("space", {})
    for one in learners(address, model):
        name = one.path[-1]
        for parameter in space.get(name, {}):
            tried = (space[name][parameter]["choice"] or []) if parameter in ("loss", "objective") else ()
            levels = {quantile_by(one.name, {**one.params, parameter: value}) for value in tried}
            predicts = quantile_by(one.name, one.params) is not None
            is_level = parameter in QUANTILES and (one.short, parameter) != ("QuantileRegressor", "alpha")
            if (predicts and is_level) or len(levels) > 1:
                path = ("tune", "space", name, parameter)
                yield RULE.at(
                    subject.key_span(address, *path),
                    f'Another "{parameter}" predicts something else (another quantile of the label, or its mean): '
                    "trials of it answer different questions, and no metric tells which answer is better.",
                    text="another question",
                    help="Take it out of the space, and give the quantile in `params`.",
                    address=str(address),
                    path=".".join(path),
                )


def _said(name: str, level: float | None) -> str:
    return f'"{name}" predicts ' + ("a mean" if level is None else f"the quantile {level:g}")


def _metric(
    subject: Subject, address: Address, metric: str | None, task: str, known: tuple[str, ...]
) -> Iterator[Diagnostic]:
    if metric is None or metric in known:
        return
    span = subject.span(address, "select", "metric")
    words = task.replace("_", " ")
    if metric in METRICS_OF_FOLDS[task]:
        why = f'"{metric}" needs a label, and {address} has none.'
    elif metric in NOT_COMPARED and metric in of_task(task):
        why = f'No candidate is better than another by "{metric}". {NOT_COMPARED[metric]}'
    elif metric in METRICS and metric not in of_task(task):
        why = f'"{metric}" is not measured of a {words}.'
    elif metric in METRICS:
        why = f'"{metric}" is measured once, on what is served, and not on every fold.'
    else:
        why = f'No metric is called "{metric}".'
    yield RULE.at(
        span,
        f"{why} Of a {words} there are {listed(known)}.",
        text="not measured on folds",
        help="" if metric in METRICS else did_you_mean(metric, known),
        fix=instead(metric, known, span),
        address=str(address),
        path="select.metric",
    )
