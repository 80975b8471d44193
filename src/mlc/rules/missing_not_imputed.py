"""missing-not-imputed: a column that may be missing reaches an estimator that does not take that.

Why it matters: most estimators stop at a missing number. Trees and forests of scikit-learn learn from it, but their
ONNX form takes the other branch (seen: one label in ten was wrong), so the parity check refuses the model after it
was trained.
How to mend it: impute the group, or take an estimator that handles missing numbers and is right about them in
ONNX: HistGradientBoostingClassifier, XGBClassifier, LGBMClassifier.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._estimators import learners, told
from mlc.rules._groups import stops_at_missing
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A missing value reaches an estimator that does not take it.")
SCOPE = "upstream"

_PEOPLE = {
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n"
    "  age: {type: number, nullable: true}\n"
    "  plan: {type: string, values: [a, b]}\n"
    "  left: {type: integer, role: label}\n"
}
_WORDS = "  words: {columns: [plan], encode: one_hot}\n"
BAD = {**_PEOPLE, "features/basic.yaml": "groups:\n  numbers: {columns: [age]}\n" + _WORDS}
GOOD = {**_PEOPLE, "features/basic.yaml": "groups:\n  numbers: {columns: [age], impute: median}\n" + _WORDS}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        features, dataset = (
            subject.named("features", model["features"]),
            subject.named("dataset", model["dataset"]),
        )
        found = (
            one
            for one in learners(address, model)
            if told(one.name).get("serves") == "train" and not told(one.name).get("takes-missing")
        )
        one = next(found, None)
        if features is None or dataset is None or one is None:
            continue
        about, short = told(one.name), one.short
        where = Address("features", model["features"])
        for name, group in features["groups"].items():
            for index, column in enumerate(group["columns"]):
                if _is_open(group) and _may_be_missing(dataset["columns"].get(column), group):
                    yield RULE.at(
                        subject.span(where, "groups", name, "columns", index),
                        f'The column "{column}" may be missing, the group does not impute it, and {short}, which '
                        f"{address} is trained as, {_effect(about)}.",
                        text="may be missing",
                        related=(
                            Label(
                                subject.span(address, *one.path, "estimator"), "does not take missing values"
                            ),
                        ),
                        help='Give the group an "impute", for example "impute: median".',
                        address=str(where),
                        path=f"groups.{name}.columns[{index}]",
                    )


def _is_open(group: dict[str, Any]) -> bool:
    """Whether a missing number goes through a group as it came. Where something else stops at it, another rule or
    the transform itself says so."""
    stops = group["transforms"] or stops_at_missing(group)
    return (group["impute"], group["encode"], group["scale"]) == ("none", "none", "none") and not stops


def _may_be_missing(column: dict[str, Any] | None, group: dict[str, Any]) -> bool:
    """Text apart: a missing one is the empty text. Dates of which nothing is taken reach no estimator."""
    if column is None or not column["nullable"] or column["type"] == "string":
        return False
    return column["type"] not in ("date", "datetime") or group["dates"] is not None


def _effect(about: dict[str, Any]) -> str:
    return (
        "does not handle a missing number alike in ONNX"
        if about.get("trees")
        else "does not take a missing number"
    )
