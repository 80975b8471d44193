"""validation-unread: rows are kept apart to choose by, and no model of the dataset chooses anything by them.

Why it matters: they are taken from what could be trained on. A model that chooses nothing learns from fewer rows, and
gets nothing for it.
How to mend it: give a model variants of its served form (`optimize.variants`), or take the validation out.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._splits import has_validation
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "Rows are kept apart that nothing reads.")
SCOPE = "project"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
    "split: {method: stratified, test: 0.2, validation: 0.1}\n"
)
_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.ensemble.RandomForestClassifier}\n"
)
BAD = {"dataset/people.yaml": _DATASET, "model/churn.yaml": _MODEL}
GOOD = {
    "dataset/people.yaml": _DATASET,
    "model/churn.yaml": _MODEL
    + "optimize: {variants: {whole: {}, half: {prune: 0.5}}, choose: {smallest: size}}\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        if not has_validation(dataset["split"]):
            continue
        models = [model for _, model in subject.each("model") if model["dataset"] == address.name]
        if not models or any(model["optimize"]["variants"] for model in models):
            continue
        field = next(name for name in _FIELDS if dataset["split"].get(name))
        yield RULE.at(
            subject.span(address, "split", field),
            f"What is chosen by the validation rows is the form that is served, among `optimize.variants`. No model of "
            f"the dataset {address.name} has any, and learns from fewer rows for nothing.",
            text="read by nothing",
            help="Give a model variants, or take it out.",
            address=str(address),
            path=f"split.{field}",
        )


def claims(subject: Subject) -> Iterator[tuple[Address, str]]:
    """Each dataset that keeps rows apart: whether a model chooses by them is known of all its models together."""
    for address, dataset in subject.each("dataset"):
        if has_validation(dataset["split"]):
            yield address, f"validation of {address}"


_FIELDS = ("validation", "validation_from", "validation_values")
