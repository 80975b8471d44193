"""split-leaves-nothing: the parts to test on and to choose by leave no row to train on.

Why it matters: the rows would be read, checked and prepared, only to be refused when they are divided.
How to mend it: take smaller shares, or a validation that begins before the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The split leaves nothing to train on.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
)
BAD = {"dataset/people.yaml": _DATASET + "split: {method: stratified, test: 0.5, validation: 0.5}\n"}
GOOD = {
    "dataset/people.yaml": _DATASET + "split: {method: stratified, test: 0.2, validation: 0.1}\n",
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.ensemble.RandomForestClassifier}\n"
    "optimize: {variants: {whole: {}, half: {prune: 0.5}}, choose: {smallest: size}}\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        found = _reason(dataset["split"])
        if found is None:
            continue
        field, reason = found
        yield RULE.at(
            subject.span(address, "split", field),
            reason,
            text="leaves nothing",
            help="Leave more than half of the rows to train on, as a rule.",
            address=str(address),
            path=f"split.{field}",
        )


def _reason(split: dict[str, Any]) -> tuple[str, str] | None:
    """The field and what is wrong with it, where it is known before rows are read."""
    test_from, validation_from = split.get("test_from"), split.get("validation_from")
    if validation_from is not None:
        if (
            test_from is not None
            and type(test_from) is type(validation_from)
            and validation_from >= test_from
        ):
            return (
                "validation_from",
                f"The validation would begin at {validation_from}, and the test at {test_from}.",
            )
        return None
    validation = split.get("validation")
    if validation is None:
        return None
    test = 0.0 if test_from is not None else split["test"]
    if test + validation >= 1:
        return "validation", f"{test:g} to test on and {validation:g} to choose by are all rows."
    return None
