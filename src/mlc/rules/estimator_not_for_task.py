"""estimator-not-for-task: an estimator that does something else than it is named for.

Why it matters: a regressor does not classify, and what changes features predicts nothing. Training would fail, or
give numbers that mean something else.
How to mend it: name an estimator of the task, or put a transformer into the `transforms` of a feature group.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._estimators import Used, fits, known, told
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The estimator does not do this task.")
SCOPE = "upstream"

_MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"
BAD = {"model/churn.yaml": _MODEL + "train: {estimator: sklearn.linear_model.Ridge}\n"}
GOOD = {"model/churn.yaml": _MODEL + "train: {estimator: sklearn.linear_model.LogisticRegression}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for one, schema in known(subject):
        about = schema["x-mlc-estimator"]
        if not fits(one, about) or about.get("reason") == "other-task":
            yield RULE.at(
                subject.span(one.address, *one.path, "estimator"),
                f"{one.short} is {_article(about['what'])} {about['what']}{_is_no(one, about)}",
                text=about["what"],
                help=_help(one, about),
                **one.field,
            )


def _is_no(one: Used, about: dict[str, Any]) -> str:
    if about.get("reason") == "other-task":
        return f". {about['why']}"
    if one.place == "train":
        return ": it changes features and predicts nothing."
    return ": it predicts, and a transform changes features."


def _help(one: Used, about: dict[str, Any]) -> str:
    if one.place == "train" and about["serves"] == "transforms":
        return f"Put it into a feature group: transforms: {{name: {{estimator: {one.name}}}}}."
    if one.place == "transforms" and about["serves"] == "train":
        return f"Name it in a model: train: {{estimator: {one.name}}}."
    counterpart = one.name.replace("Regressor", "Classifier").replace("Ranker", "Classifier")
    if one.place == "train" and told(counterpart).get("serves") == "train":
        return f"Take {counterpart}."
    if about.get("instead"):
        return f"Take {about['instead']}."
    return f"`mlc schema estimators` lists what this version takes in `{one.place}`."


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
