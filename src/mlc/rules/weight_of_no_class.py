"""weight-of-no-class: a weight for a class that the label does not have.

Why it matters: a class whose name is misspelt keeps the weight 1, and the rows that were to count more do not.
How to mend it: name the classes as they stand in the label's `values`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._estimators import learners
from mlc.rules._fixes import instead
from mlc.rules._labels import label_in
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "A weight is given to what is no class.")
SCOPE = "upstream"

_DATASET = {
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
    "  mood: {type: string, role: label, values: [low, fair, high]}\n"
}
_MODEL = (
    "task: multiclass_classification\ndataset: people\nfeatures: basic\ntrain:\n"
    "  estimator: sklearn.linear_model.LogisticRegression\n"
)
BAD = {**_DATASET, "model/churn.yaml": _MODEL + "  params: {class_weight: {hihg: 3}}\n"}
GOOD = {**_DATASET, "model/churn.yaml": _MODEL + "  params: {class_weight: {high: 3}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        label = label_in(model, dataset)
        if dataset is None or label is None or model["task"] != "multiclass_classification":
            continue
        where = Address("dataset", model["dataset"])
        classes = [str(value) for value in dataset["columns"][label]["values"]]
        for one in learners(address, model):
            weights = one.params.get("class_weight")
            for name in weights if isinstance(weights, Mapping) and classes else ():
                if str(name) in classes:
                    continue
                span = subject.key_span(address, *one.path, "params", "class_weight", name)
                yield RULE.at(
                    span,
                    f'"{label}" has no class "{name}". It has {listed(classes, most=20)}.',
                    text="no class",
                    related=(Label(subject.span(where, "columns", label, "values"), "the classes"),),
                    help=did_you_mean(str(name), classes),
                    fix=instead(str(name), classes, span),
                    **one.parameter(f"class_weight.{name}"),
                )
