"""learning-curve-not-possible: a learning curve that cannot be drawn of this model.

Why it matters: the curve learns the model again from some of its rows and scores it on the test rows. Without a label,
or by a metric that is not measured on them, there is nothing to draw, and the trainings would be paid for nothing.
How to mend it: name a metric of the task, or take the curve out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.metrics import METRICS, of_task
from mlc.kinds._code import is_code
from mlc.rules._estimators import learners
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "A learning curve cannot be drawn.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
BAD = {"model/churn.yaml": _MODEL + "evaluate: {learning_curve: {metric: latency_p99}}\n"}
GOOD = {"model/churn.yaml": _MODEL + "evaluate: {learning_curve: {metric: brier}}\n"}

_PATH = ("evaluate", "learning_curve")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        asked = model["evaluate"]["learning_curve"]
        if asked is None:
            continue
        yield from _metric(subject, address, model, asked["metric"])
        reason = _reason(subject, address, model)
        if reason:
            yield RULE.at(
                subject.key_span(address, *_PATH),
                reason,
                text="nothing to draw",
                help="Take the curve out.",
                address=str(address),
                path=".".join(_PATH),
            )


def _reason(subject: Subject, address: Address, model: dict[str, Any]) -> str:
    """Why no curve of any metric can be drawn; empty where one can."""
    task = model["task"]
    if task == "clustering":
        return "A clustering has no answer that test rows could hold it to, whatever it learned from."
    dataset = subject.named("dataset", model["dataset"])
    columns = dataset["columns"].values() if dataset else ()
    if task == "anomaly_detection" and not (
        model["label"] or any(column["role"] == "label" for column in columns)
    ):
        return f"The dataset {model['dataset']} has no label that says which rows are anomalies."
    code = [one.name for one in learners(address, model) if is_code(one.name)]
    if code:
        return (
            f"{code[0]} is code of the project, which is trained as it is, in a process of its own: this version of "
            "mlc does not train it on parts of the rows."
        )
    return ""


def _metric(
    subject: Subject, address: Address, model: dict[str, Any], metric: str | None
) -> Iterator[Diagnostic]:
    known = [name for name, one in of_task(model["task"]).items() if one.source == "evaluation"]
    if metric is None or metric in known or model["task"] == "clustering":
        return
    words = model["task"].replace("_", " ")
    title = METRICS[metric].title if metric in METRICS else f'"{metric}"'
    span = subject.span(address, *_PATH, "metric")
    yield RULE.at(
        span,
        f"{title} is not measured on the test rows of {words}, which has {listed(sorted(known), most=40)}.",
        text=f"not of {words}",
        help=did_you_mean(metric, known) if metric not in METRICS else "Name one of them.",
        fix=instead(metric, known, span) if metric not in METRICS else None,
        address=str(address),
        path=".".join((*_PATH, "metric")),
    )
