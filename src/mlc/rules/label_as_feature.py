"""label-as-feature: the column to predict is among the features.

Why it matters: the model would be told the answer; every metric would look perfect and mean nothing.
How to mend it: take the column out of the features.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds.dataset import label_of
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The label is used as a feature.")
SCOPE = "upstream"

BAD = {"features/basic.yaml": "groups: {numbers: {columns: [age, left]}}\n"}
GOOD = {"features/basic.yaml": "groups: {numbers: {columns: [age]}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        features = subject.named("features", model["features"])
        if dataset is None or features is None:
            continue
        label = model["label"] or label_of(dataset)
        where = Address("features", model["features"])
        for name, group in features["groups"].items():
            for index, column in enumerate(group["columns"]):
                if column == label:
                    yield RULE.at(
                        subject.span(where, "groups", name, "columns", index),
                        f'{address} predicts "{label}", and its features hold "{label}": the model would be told '
                        "the answer. Take the column out of the features.",
                        text="this is the label",
                        address=str(where),
                        path=f"groups.{name}.columns[{index}]",
                    )
