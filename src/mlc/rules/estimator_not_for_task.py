"""estimator-not-for-task: an estimator that does something else than it is named for.

Why it matters: a regressor does not classify, and what changes features predicts nothing. Training would fail, or
give numbers that mean something else.
How to mend it: name an estimator of the task, or put a transformer into the `transforms` of a feature group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._estimators import Used, fits, known, told
from mlc.rules._subject import Subject
from mlc.rules._words import listed

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
    if one.place == "train" and about["serves"] == "train":
        return f", and {one.address} is of task {one.task}."
    if one.place == "train" and about["what"] == "transformer":
        return ": it changes features and predicts nothing."
    if one.place == "train":
        return f", and {one.address} is of task {one.task}. {about.get('why', '')}".rstrip()
    return ": it predicts, and a transform changes features."


def _help(one: Used, about: dict[str, Any]) -> str:
    if one.place == "train" and about["serves"] == "transforms":
        return f"Put it into a feature group: transforms: {{name: {{estimator: {one.name}}}}}."
    if one.place == "transforms" and about["serves"] == "train":
        return f"Name it in a model: train: {{estimator: {one.name}}}."
    counterpart = _counterpart(one)
    if counterpart:
        return f"Take {counterpart}."
    if about.get("instead") and not about["serves"]:
        return f"Take {about['instead']}."
    if one.place == "train":
        some = [name for name in _USUAL if one.task in told(name).get("trains", ())]
        return f"For example {listed(some)}; `mlc schema estimators` lists all." if some else ""
    return f"`mlc schema estimators` lists what this version takes in `{one.place}`."


_USUAL = (
    "sklearn.linear_model.LogisticRegression",
    "sklearn.ensemble.HistGradientBoostingClassifier",
    "sklearn.linear_model.Ridge",
    "sklearn.ensemble.HistGradientBoostingRegressor",
    "sklearn.ensemble.IsolationForest",
    "sklearn.cluster.KMeans",
)


def _counterpart(one: Used) -> str:
    """The class of the same family that does the task, or nothing."""
    family = re.sub("(Classifier|Regressor|Ranker)$", "", one.name)
    named = (f"{family}Classifier", f"{family}Regressor", _COUNTERPARTS.get(one.short, ""))
    return next((name for name in named if name and one.task in told(name).get("trains", ())), "")


_COUNTERPARTS = {
    "LogisticRegression": "sklearn.linear_model.Ridge",
    "LinearRegression": "sklearn.linear_model.LogisticRegression",
    "Ridge": "sklearn.linear_model.LogisticRegression",
    "Lasso": "sklearn.linear_model.LogisticRegression",
    "ElasticNet": "sklearn.linear_model.LogisticRegression",
    "SVR": "sklearn.linear_model.LogisticRegression",
}
"""Where the names do not say it: of linear models, the one that does the other task."""


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
