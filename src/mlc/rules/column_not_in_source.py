"""column-not-in-source: a column that the set of data does not have.

Why it matters: the columns of scikit-learn's bundled sets are known, so the rows need not be read to see that the
step would fail.
How to mend it: name one of the columns that the set has; `row` numbers its rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._sources import BUNDLED
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "The source has no such column.")
SCOPE = "upstream"

_FEATURES = {
    "features/basic.yaml": "groups: {numbers: {columns: [sepal_width]}}\n",
}
_IRIS = "source: {type: sklearn, name: iris}\ncolumns:\n  sepal_width: {type: number}\n"
BAD = {**_FEATURES, "dataset/people.yaml": _IRIS + "  targt: {type: integer, role: label}\n"}
GOOD = {
    "features/basic.yaml": "groups: {numbers: {columns: [mean_area]}}\n",
    "dataset/people.yaml": "source: {type: sklearn, name: breast_cancer}\ncolumns:\n  mean_area: {type: number}\n"
    "  target: {type: string, role: label, values: [benign, malignant]}\n",
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\npositive: malignant\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        if dataset["source"]["type"] != "sklearn":
            continue
        name = dataset["source"]["name"]
        known = ["row", *BUNDLED[name]]
        made = {step.get("into") for step in dataset["prepare"].values()}
        for column in dataset["columns"]:
            if column not in known and column not in made:
                yield RULE.at(
                    subject.key_span(address, "columns", column),
                    f'scikit-learn\'s {name} has no column "{column}".',
                    text="not in the set",
                    help=did_you_mean(column, known),
                    address=str(address),
                    path=f"columns.{column}",
                )
