"""The estimators there are: a fixed table, so that nothing is ever imported by a string from a spec.

In the table is what trains a binary classifier whose ONNX form gives the same probabilities and labels
(`tests/stages/drivers/test_estimators.py` proves each). Deliberately absent, though they convert without an
error: LinearDiscriminantAnalysis (probabilities off by 0.15) and whatever wraps another estimator.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier
from sklearn.utils._param_validation import Interval

ESTIMATORS: Mapping[str, type[BaseEstimator]] = {
    "sklearn.ensemble.AdaBoostClassifier": AdaBoostClassifier,
    "sklearn.ensemble.ExtraTreesClassifier": ExtraTreesClassifier,
    "sklearn.ensemble.GradientBoostingClassifier": GradientBoostingClassifier,
    "sklearn.ensemble.HistGradientBoostingClassifier": HistGradientBoostingClassifier,
    "sklearn.ensemble.RandomForestClassifier": RandomForestClassifier,
    "sklearn.linear_model.LogisticRegression": LogisticRegression,
    "sklearn.naive_bayes.BernoulliNB": BernoulliNB,
    "sklearn.naive_bayes.GaussianNB": GaussianNB,
    "sklearn.neighbors.KNeighborsClassifier": KNeighborsClassifier,
    "sklearn.neural_network.MLPClassifier": MLPClassifier,
    "sklearn.tree.DecisionTreeClassifier": DecisionTreeClassifier,
    "sklearn.tree.ExtraTreeClassifier": ExtraTreeClassifier,
}

TREES = (
    AdaBoostClassifier,
    DecisionTreeClassifier,
    ExtraTreeClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
"""What decides by thresholds: a rounding at a threshold flips a label."""


def estimator(name: str, params: Mapping[str, Any], seed: int) -> BaseEstimator:
    """The estimator with its parameters and, where it has one, the seed. It never runs parallel jobs.

    Raises KeyError for a name that is not in the table, TypeError for a parameter that does not exist.
    """
    constructor = ESTIMATORS[name]
    given = {name: _as_constrained(constructor, name, value) for name, value in params.items()}
    if isinstance(given.get("class_weight"), Mapping):
        # the keys of a map in YAML and JSON are text, the classes are the integers 0 and 1
        given["class_weight"] = {int(label): weight for label, weight in given["class_weight"].items()}
    built = constructor(**given)
    if "random_state" in constructor._parameter_constraints:
        built.set_params(random_state=seed)
    return built


def _as_constrained(constructor: type[BaseEstimator], name: str, value: Any) -> Any:
    """A number as scikit-learn wants it: to YAML, JSON and their schemas 1 and 1.0 are the same."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    constraints = constructor._parameter_constraints.get(name, [])
    wants = {constraint.type is Integral for constraint in constraints if isinstance(constraint, Interval)}
    if wants == {True} and float(value).is_integer():
        return int(value)
    return float(value) if wants == {False} else value
