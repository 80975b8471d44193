"""role-as-feature: a column whose role says that it is no feature is used as one.

Why it matters: an id or a time lets a model remember rows instead of learning from them, and tells it nothing
about new ones; a column to ignore was meant to be ignored.
How to mend it: take the column out of the features, or give it the role feature. Of a time, `dates` takes the parts
that come again, such as the hour.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._groups import feature_pairs, grouped
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A column is used as a feature against its role.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n  number: {type: integer, role: id}\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
    "  left: {type: integer, role: label}\n"
)
BAD = {
    "dataset/people.yaml": _DATASET,
    "features/basic.yaml": "groups: {numbers: {columns: [age, number]}}\n",
}
GOOD = {"dataset/people.yaml": _DATASET, "features/basic.yaml": "groups: {numbers: {columns: [age]}}\n"}

_WHY = {
    "id": "it names the row, and a model would learn the rows by heart",
    "ignore": "it is declared to be ignored",
    "time": "it says when a row is from, which no later row shares",
    "weight": "it says how much a row counts, which is not known when the model is asked",
}
_HELP = {
    "time": 'Take it out of the features, or take parts of it that come again, by "dates" in a group of its own.'
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, features, name, dataset in feature_pairs(subject):
        for group, index, column in grouped(features):
            role = dataset["columns"].get(column, {}).get("role")
            if role == "time" and features["groups"][group]["dates"] is not None:
                continue  # its hour or its weekday comes again
            if role in _WHY:
                declared = Address("dataset", name)
                yield RULE.at(
                    subject.span(address, "groups", group, "columns", index),
                    f'The column "{column}" of {declared} has the role {role}: {_WHY[role]}.',
                    text=f"has the role {role}",
                    related=(Label(subject.span(declared, "columns", column, "role"), "declared here"),),
                    help=_HELP.get(role, "Take it out of the features, or give it the role feature."),
                    address=str(address),
                    path=f"groups.{group}.columns[{index}]",
                )
