"""label-missing: a model that does not know what to predict.

Why it matters: supervised learning needs a label.
How to mend it: give one column of the dataset `role: label`, or name the column in the model's `label`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.task import TASKS
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A model has no label.")
SCOPE = "upstream"

BAD = {
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer}}\n"
    "split: {method: random}\n"
}
GOOD = {
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
    "split: {method: random}\n"
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        if dataset is None or model["label"] is not None:
            continue
        if not TASKS[model["task"]].supervised:
            continue
        labels = [name for name, column in dataset["columns"].items() if column["role"] == "label"]
        if len(labels) != 1:
            has = "no column with role: label" if not labels else f"more than one label ({', '.join(labels)})"
            yield RULE.at(
                subject.span(address, "dataset"),
                f"The dataset {model['dataset']} has {has}, and the model names none. Give one column the role, or "
                'name the column in the model\'s "label".',
                text=has,
                address=str(address),
                path="dataset",
            )
