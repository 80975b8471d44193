"""classes-not-declared: a classifier of several classes whose classes are not listed, or are fewer than three.

Why it matters: who calls the served model reads the probabilities by the order of the classes. An order that follows
from the rows that happened to be there changes with the data.
How to mend it: list the classes in the label's `values`; for two classes take `task: binary_classification`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._labels import label_in
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The classes to tell apart are not declared.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
)
_MODEL = {
    "model/churn.yaml": "task: multiclass_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
}
BAD = {**_MODEL, "dataset/people.yaml": _DATASET + "  mood: {type: string, role: label}\n"}
GOOD = {
    **_MODEL,
    "dataset/people.yaml": _DATASET + "  mood: {type: string, role: label, values: [low, fair, high]}\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        label = label_in(model, dataset)
        if dataset is None or label is None or model["task"] != "multiclass_classification":
            continue
        column, where = dataset["columns"][label], Address("dataset", model["dataset"])
        if column["type"] == "number":
            continue  # label-not-classes tells of it
        if column["type"] == "boolean" or len(set(column["values"])) == 2:
            yield RULE.at(
                subject.span(address, "task"),
                f'{address} tells several classes apart, and its label "{label}" has two.',
                text="two classes",
                related=(Label(subject.span(where, "columns", label), "the label"),),
                help='Take "task: binary_classification".',
                address=str(address),
                path="task",
            )
        elif not column["values"]:
            yield RULE.at(
                subject.span(where, "columns", label),
                f'{address} tells the values of "{label}" apart, and the dataset does not list them.',
                text='no "values"',
                related=(Label(subject.span(address, "task"), "tells them apart"),),
                help='List every class in "values", in the order in which the probabilities are to stand.',
                address=str(where),
                path=f"columns.{label}.values",
            )
