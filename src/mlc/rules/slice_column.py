"""slice-column: a gate slices or compares groups by a column that cannot be used so.

Why it matters: a column that the data do not have, that names each row, or that is what is predicted gives no groups
to compare, and the evaluation would stop after the training was paid for.
How to mend it: name a column of the dataset with few values, or with numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._fixes import instead
from mlc.rules._gates import columns_of, used
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A gate's groups cannot be made from a column.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\ngates: [quality]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
BAD = {
    "model/churn.yaml": _MODEL,
    "gate/quality.yaml": "slices: {by: [paln], metrics: {recall: {max_gap: 0.2}}}\n",
}
GOOD = {
    "model/churn.yaml": _MODEL,
    "gate/quality.yaml": "slices: {by: [plan], metrics: {recall: {max_gap: 0.2}}}\n",
}

_ROLES = {"id": "names each row", "weight": "weighs the rows", "time": "tells when a row was"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for name, gate, model, dataset in used(subject):
        address, columns = Address("gate", name), dataset["columns"]
        known = {*columns, *(step["into"] for step in dataset["prepare"].values() if "into" in step)}
        where = Address("dataset", model["dataset"])
        for one in columns_of(gate):
            span, path = subject.span(address, *one.path), ".".join(map(str, one.path))
            if one.name not in known:
                yield RULE.at(
                    span,
                    f'The dataset {model["dataset"]} declares no column "{one.name}".',
                    text="not declared",
                    help=did_you_mean(one.name, known),
                    fix=instead(one.name, known, span),
                    address=str(address),
                    path=path,
                )
                continue
            role = columns.get(one.name, {}).get("role", "feature")
            why = _ROLES.get(role, "")
            if one.name == (model["label"] or "") or role == "label":
                why = "is what is predicted, so that each group would hold one answer only"
            if why:
                related = (Label(subject.span(where, "columns", one.name), "declared here"),)
                yield RULE.at(
                    span,
                    f"The column {one.name} {why}. Groups are made of columns that say what kind of row it is.",
                    text="no groups",
                    related=related,
                    address=str(address),
                    path=path,
                )
