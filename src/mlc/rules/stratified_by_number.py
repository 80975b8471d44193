"""stratified-by-number: a split that spreads the values of a measured number.

Why it matters: a stratified split keeps the share of each value alike in both parts. Nearly every measured number
stands there once, so each row is a class of its own, and the share to test on is lost to rounding.
How to mend it: split at random, or stratify by a column of few values.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._labels import label_in
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The split stratifies by a measured number.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
    "  spent: {type: number, role: label}\n"
)
_MODEL = {
    "model/churn.yaml": "task: regression\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.Ridge}\n"
}
BAD = {**_MODEL, "dataset/people.yaml": _DATASET}
GOOD = {**_MODEL, "dataset/people.yaml": _DATASET + "split: {method: random, test: 0.2}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    predicted = {
        (model["dataset"], label)
        for _, model in subject.each("model")
        if model["task"] == "regression"
        and (label := label_in(model, subject.named("dataset", model["dataset"]))) is not None
    }
    for address, dataset in subject.each("dataset"):
        split = dataset["split"]
        if split["method"] != "stratified":
            continue
        by: str | None = split["by"] or next(
            (one for name, one in sorted(predicted) if name == address.name), None
        )
        column = dataset["columns"].get(by)
        if (
            by is None
            or column is None
            or not (column["type"] == "number" or (address.name, by) in predicted)
        ):
            continue
        written = subject.node(address, "split") is not subject.node(address)
        yield RULE.at(
            subject.span(address, "split", "by") if split["by"] else subject.span(address, "split"),
            f'The split is stratified by "{by}"{"" if written else ", as no split is said and it is predicted"}, which '
            "is a number: its values are no classes that could be spread alike.",
            text="stratified by a number",
            related=(Label(subject.span(address, "columns", by), "a number"),),
            help='Take "split: {method: random}", or stratify by a column of few values.',
            address=str(address),
            path="split",
        )
