"""metric-of-another-task: a gate on what is not measured for its model's task.

Why it matters: a number has no ROC curve and a class no mean error, so that the gate would refuse every model after
it was trained.
How to mend it: name a metric of the task, or use another gate for the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.fairness import CRITERIA, criteria_of
from mlc.ir.metrics import METRICS, of_task
from mlc.rules._gates import metrics_of, used
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "A gate asks for what the model's task does not have.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\ngates: [quality]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
BAD = {"model/churn.yaml": _MODEL, "gate/quality.yaml": "metrics: {rmse: {max: 3}}\n"}
GOOD = {"model/churn.yaml": _MODEL, "gate/quality.yaml": "metrics: {brier: {max: 0.3}}\n"}

_SHUFFLED = ("clustering",)


def check(subject: Subject) -> Iterator[Diagnostic]:
    for name, gate, model, dataset in used(subject):
        address, task = Address("gate", name), model["task"]
        words = task.replace("_", " ")
        has = of_task(task)
        for one in metrics_of(gate):
            if one.name not in METRICS or one.name in has:
                continue
            yield RULE.at(
                subject.key_span(address, *one.path) if one.is_key else subject.span(address, *one.path),
                f"{METRICS[one.name].title} is not measured for {words}, which has {listed(sorted(has), most=40)}.",
                text=f"not of {words}",
                address=str(address),
                path=".".join(map(str, one.path)),
            )
        for criterion, has_not in _criteria(gate, model, dataset):
            yield RULE.at(
                subject.key_span(address, "fairness", criterion),
                has_not,
                text=f"not of {words}",
                address=str(address),
                path=f"fairness.{criterion}",
            )
        for part in ("slices", "robustness"):
            if gate[part] and task in _SHUFFLED:
                yield RULE.at(
                    subject.key_span(address, part),
                    f"What {words} measures is of all rows together: there is nothing to tell of some, or of disturbed "
                    "ones.",
                    text=f"not of {words}",
                    address=str(address),
                    path=part,
                )


def _criteria(
    gate: dict[str, Any], model: dict[str, Any], dataset: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """The criteria of fairness that a model of its task cannot be held to, each with the reason."""
    asked = [criterion for criterion in CRITERIA.values() if (gate["fairness"] or {}).get(criterion.name)]
    words, has = model["task"].replace("_", " "), criteria_of(model["task"])
    label = model["label"] or any(column["role"] == "label" for column in dataset["columns"].values())
    for criterion in asked:
        if criterion.name not in has:
            others = (
                f"Groups are held against each other by {listed(list(has))}."
                if has
                else "What it says of rows has no right or wrong, and no better or worse."
            )
            yield criterion.name, f"It compares {criterion.compared}, which {words} does not have. {others}"
        elif criterion.needs_label and not label:
            yield (
                criterion.name,
                f"It compares {criterion.compared}, and the dataset {model['dataset']} has no label that says what was "
                "right.",
            )
