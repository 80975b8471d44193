"""The estimators that are trained: a fixed table, so that nothing is ever imported by a string from a spec.

In the table of a task is what trains a model whose ONNX form says the same (`tests/stages/drivers/test_estimators.py`
proves each). `_standing` says of all others why they are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from numbers import Integral
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, make_constraint

_CLASSIFIERS = (
    "lightgbm.LGBMClassifier",
    "sklearn.ensemble.AdaBoostClassifier",
    "sklearn.ensemble.BaggingClassifier",
    "sklearn.ensemble.ExtraTreesClassifier",
    "sklearn.ensemble.GradientBoostingClassifier",
    "sklearn.ensemble.HistGradientBoostingClassifier",
    "sklearn.ensemble.RandomForestClassifier",
    "sklearn.linear_model.LogisticRegression",
    "sklearn.linear_model.LogisticRegressionCV",
    "sklearn.linear_model.SGDClassifier",
    "sklearn.naive_bayes.BernoulliNB",
    "sklearn.naive_bayes.ComplementNB",
    "sklearn.naive_bayes.GaussianNB",
    "sklearn.naive_bayes.MultinomialNB",
    "sklearn.neighbors.KNeighborsClassifier",
    "sklearn.neural_network.MLPClassifier",
    "sklearn.tree.DecisionTreeClassifier",
    "sklearn.tree.ExtraTreeClassifier",
    "xgboost.XGBClassifier",
    "xgboost.XGBRFClassifier",
)
_REGRESSORS = (
    "lightgbm.LGBMRegressor",
    "sklearn.cross_decomposition.PLSRegression",
    "sklearn.ensemble.AdaBoostRegressor",
    "sklearn.ensemble.BaggingRegressor",
    "sklearn.ensemble.ExtraTreesRegressor",
    "sklearn.ensemble.GradientBoostingRegressor",
    "sklearn.ensemble.HistGradientBoostingRegressor",
    "sklearn.ensemble.RandomForestRegressor",
    "sklearn.gaussian_process.GaussianProcessRegressor",
    "sklearn.linear_model.ARDRegression",
    "sklearn.linear_model.BayesianRidge",
    "sklearn.linear_model.ElasticNet",
    "sklearn.linear_model.ElasticNetCV",
    "sklearn.linear_model.GammaRegressor",
    "sklearn.linear_model.HuberRegressor",
    "sklearn.linear_model.Lars",
    "sklearn.linear_model.LarsCV",
    "sklearn.linear_model.Lasso",
    "sklearn.linear_model.LassoCV",
    "sklearn.linear_model.LassoLars",
    "sklearn.linear_model.LassoLarsCV",
    "sklearn.linear_model.LassoLarsIC",
    "sklearn.linear_model.LinearRegression",
    "sklearn.linear_model.OrthogonalMatchingPursuit",
    "sklearn.linear_model.OrthogonalMatchingPursuitCV",
    "sklearn.linear_model.PoissonRegressor",
    "sklearn.linear_model.QuantileRegressor",
    "sklearn.linear_model.Ridge",
    "sklearn.linear_model.RidgeCV",
    "sklearn.linear_model.SGDRegressor",
    "sklearn.linear_model.TheilSenRegressor",
    "sklearn.linear_model.TweedieRegressor",
    "sklearn.neighbors.KNeighborsRegressor",
    "sklearn.neural_network.MLPRegressor",
    "sklearn.svm.LinearSVR",
    "sklearn.svm.NuSVR",
    "sklearn.svm.SVR",
    "sklearn.tree.DecisionTreeRegressor",
    "sklearn.tree.ExtraTreeRegressor",
    "xgboost.XGBRFRegressor",
    "xgboost.XGBRegressor",
)
TRAINED: Mapping[str, tuple[str, ...]] = {
    "binary_classification": _CLASSIFIERS,
    "multiclass_classification": (
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
        *(name for name in _CLASSIFIERS if name != "xgboost.XGBRFClassifier"),
    ),
    "regression": _REGRESSORS,
    "anomaly_detection": (
        "sklearn.ensemble.IsolationForest",
        "sklearn.linear_model.SGDOneClassSVM",
        "sklearn.neighbors.LocalOutlierFactor",
        "sklearn.svm.OneClassSVM",
    ),
    "clustering": (
        "sklearn.cluster.KMeans",
        "sklearn.cluster.MiniBatchKMeans",
        "sklearn.mixture.BayesianGaussianMixture",
        "sklearn.mixture.GaussianMixture",
    ),
}
"""By task, the full names. Those of XGBoost and LightGBM, which are extras of mlc, are imported by their own doors."""

ALL = frozenset(name for names in TRAINED.values() for name in names)

_TREE_MODELS = (
    "AdaBoost",
    "Bagging",
    "DecisionTree",
    "ExtraTree",
    "ExtraTrees",
    "GradientBoosting",
    "HistGradientBoosting",
    "LGBM",
    "RandomForest",
    "XGB",
    "XGBRF",
)
TREES = (
    *(f"{name}{what}" for name in _TREE_MODELS for what in ("Classifier", "Regressor")),
    "IsolationForest",
)
"""What decides by thresholds, by short name: a rounding at a threshold flips a label."""

TAKES_MISSING = (
    *(
        f"{name}{what}"
        for name in ("HistGradientBoosting", "LGBM", "XGB", "XGBRF")
        for what in ("Classifier", "Regressor")
    ),
)
"""What learns from missing numbers and is right about them in ONNX, by short name. scikit-learn's other trees take
them too, and convert without an error: one label in ten was wrong (`tests/stages/drivers/test_onnx_limits.py`)."""


SET: Mapping[str, Mapping[str, Any]] = {"sklearn.neighbors.LocalOutlierFactor": {"novelty": True}}
"""What mlc sets besides the seed: what is served is asked about new rows."""


def estimator(name: str, params: Mapping[str, Any], seed: int) -> BaseEstimator:
    """The estimator of scikit-learn with its parameters and, where it has one, the seed. It never runs parallel jobs.

    Raises KeyError for a name that is not in the table, TypeError for a parameter that does not exist.
    """
    if name not in ALL or not name.startswith("sklearn."):
        raise KeyError(name)
    return built(name, params, seed)


def built(name: str, params: Mapping[str, Any], seed: int) -> BaseEstimator:
    """One of scikit-learn's own by its full name, which comes from a table and never from a spec alone."""
    constructor = constructor_of(name)
    made = constructor(**as_given(constructor, params), **SET.get(name, {}))
    if "random_state" in constructor._parameter_constraints:
        made.set_params(random_state=seed)
    return made


def constructor_of(name: str) -> Any:
    """The class behind a full name."""
    module, _, short = name.rpartition(".")
    return getattr(import_module(module), short)


def as_given(constructor: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters from a spec as the constructor wants them."""
    constraints = getattr(constructor, "_parameter_constraints", {})
    given = {name: _as_constrained(constraints.get(name, []), value) for name, value in params.items()}
    if isinstance(given.get("class_weight"), Mapping):
        # the keys of a map in YAML and JSON are text, the classes are the integers 0 and 1
        given["class_weight"] = {int(label): weight for label, weight in given["class_weight"].items()}
    return given


def _as_constrained(constraints: Any, value: Any) -> Any:
    """A number or a pair as scikit-learn wants it: to YAML, JSON and their schemas 1 and 1.0 are the same, and a
    tuple is a list."""
    if isinstance(value, list) and tuple in constraints:
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    intervals = [constraint for constraint in constraints if isinstance(constraint, Interval)]
    wants = {interval.type is Integral for interval in intervals}
    if wants == {True} and float(value).is_integer():
        return int(value)
    if wants == {False}:
        return float(value)
    # of "a whole number from 2, or a share above 0 and up to 1" the number 1 can only be the share
    fits = any(make_constraint(interval).is_satisfied_by(value) for interval in intervals)
    return value if fits or not intervals else float(value)
