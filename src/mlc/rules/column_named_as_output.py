"""column-named-as-output: a feature that is called as what the served model gives.

Why it matters: inputs and outputs of the ONNX form share their names, and one of each would be told from the other
by nothing. The export would refuse it, but only after the model was trained.
How to mend it: call the column otherwise in the data, or leave it out of the features.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.task import TASKS
from mlc.rules._groups import grouped
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "A feature has the name of an output.")
SCOPE = "upstream"

_MODEL = {
    "model/churn.yaml": "task: regression\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.Ridge}\n"
}
_COLUMNS = "source: {type: file, path: people.csv, format: csv}\nsplit: {method: random}\ncolumns:\n"
_LABEL = "  plan: {type: string, values: [a, b]}\n  spent: {type: number, role: label}\n"
_WORDS = "  words: {columns: [plan], encode: one_hot}\n"
BAD = {
    **_MODEL,
    "dataset/people.yaml": _COLUMNS + "  value: {type: number}\n" + _LABEL,
    "features/basic.yaml": "groups:\n  numbers: {columns: [value]}\n" + _WORDS,
}
GOOD = {
    **_MODEL,
    "dataset/people.yaml": _COLUMNS + "  worth: {type: number}\n" + _LABEL,
    "features/basic.yaml": "groups:\n  numbers: {columns: [worth]}\n" + _WORDS,
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        features = subject.named("features", model["features"])
        outputs = TASKS[model["task"]].outputs
        if features is None:
            continue
        where = Address("features", model["features"])
        for group, index, column in grouped(features):
            if column in outputs:
                yield RULE.at(
                    subject.span(where, "groups", group, "columns", index),
                    f'The column "{column}" is called as what a served model of task {model["task"]} gives: '
                    f"{listed(outputs)}.",
                    text="the name of an output",
                    related=(Label(subject.span(address, "task"), "gives it"),),
                    help="Call the column otherwise, or leave it out.",
                    address=str(where),
                    path=f"groups.{group}.columns[{index}]",
                )
