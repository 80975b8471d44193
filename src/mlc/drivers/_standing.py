"""What this version of mlc does with each estimator, and where it does nothing with one, why.

Written by hand, because that is what was seen and decided; `_catalogue` puts it beside the generated parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from sklearn.base import ClassifierMixin, ClusterMixin, OutlierMixin, RegressorMixin, TransformerMixin

from mlc.drivers._estimators import TRAINED
from mlc.drivers._transforms import OFFERED

Reason = Literal["", "other-task", "not-in-onnx", "not-yet"]


class But(Struct, frozen=True, omit_defaults=True):
    """Why an estimator is not trained for a task that it can do, though it is for another."""

    reason: Reason
    why: str
    instead: str
    harmful: bool = False


class Standing(Struct, frozen=True):
    """`what` an estimator is, and the `tasks` it can do; what it `serves` as here, or the `reason` that it does not:
    a sentence in `why` and what may stand in its place in `instead`. `harmful`: its ONNX form is made without an
    error and says something else. `trains` are the tasks it is trained for, and `but` says why for no other."""

    what: str
    tasks: tuple[str, ...]
    serves: Literal["", "train", "transforms"] = ""
    reason: Reason = ""
    why: str = ""
    instead: str = ""
    harmful: bool = False
    trains: tuple[str, ...] = ()
    but: Mapping[str, But] = {}


def standing(name: str, constructor: type) -> Standing:
    """What an estimator is to this version of mlc."""
    what, tasks = _kind(name, constructor)
    short = name.rpartition(".")[2]
    trains = tuple(task for task, names in TRAINED.items() if name in names)
    if trains:
        but = {task: _BUT[short, task] for task in tasks if task not in trains}
        return Standing(what, tasks, "train", trains=trains, but=but)
    if name in OFFERED:
        return Standing(what, tasks, "transforms")
    if short in _WRONG:
        why, instead = _WRONG[short]
        return Standing(what, tasks, "", "not-in-onnx", why, instead, harmful=True)
    if short in _FAILS:
        why, instead = _FAILS[short]
        return Standing(what, tasks, "", "not-in-onnx", why, instead)
    if short in _NOT_YET:
        why, instead = _NOT_YET[short]
        return Standing(what, tasks, "", "not-yet", why, instead)
    if short in _ELSEWHERE:
        why, instead = _ELSEWHERE[short]
        return Standing(what, tasks, "", "other-task", why, instead)
    if what in ("classifier", "regressor", "clusterer", "outlier detector"):
        raise AssertionError(f"{name} predicts: say whether it is trained, or why not")
    if what == "transformer":
        return Standing(what, tasks, "", "not-in-onnx", _NO_CONVERTER, _instead_of(name))
    return Standing(what, tasks, "", "other-task", _OTHER[what], "")


_NO_CONVERTER = "skl2onnx has no converter for it, so what it does could not be served."
_NO_PROBABILITIES = "It gives no probabilities, and mlc serves, evaluates and gates by them."
_LINEAR = "sklearn.linear_model.LogisticRegression, or sklearn.linear_model.SGDClassifier with loss: log_loss"
_SCALE = "sklearn.decomposition.PCA"
_REDUCE = "the group's own reduce: {method: pca}"
_WORDS_REDUCED = "the group's own reduce: {method: truncated_svd}"
_BY_MODEL = "the group's own select: {method: model}"

_WRAPS = {
    "CalibratedClassifierCV", "ClassifierChain", "ColumnTransformer", "FeatureUnion", "FixedThresholdClassifier",
    "FrozenEstimator", "GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "MultiOutputClassifier",
    "MultiOutputRegressor", "OneVsOneClassifier", "OneVsRestClassifier", "OutputCodeClassifier", "Pipeline",
    "RANSACRegressor", "RFE", "RFECV", "RandomizedSearchCV", "RegressorChain", "SelectFromModel",
    "SelfTrainingClassifier", "SequentialFeatureSelector", "StackingClassifier", "StackingRegressor",
    "TransformedTargetRegressor", "TunedThresholdClassifierCV", "VotingClassifier", "VotingRegressor",
}  # fmt: skip

_OF_ANY = (
    "FrozenEstimator", "GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "Pipeline", "RandomizedSearchCV",
)  # fmt: skip
"""What predicts whatever the estimator in it does."""

_WRONG: Mapping[str, tuple[str, str]] = {
    "TunedThresholdClassifierCV": (
        "It converts to ONNX without an error, and the threshold that it tuned is not there.",
        "the estimator without it",
    ),
    "CountVectorizer": (
        "With its default token_pattern it converts to ONNX without an error and splits text otherwise. The "
        "group's own `text` is right.",
        "text in the group",
    ),
    "TfidfVectorizer": (
        "With its default token_pattern it converts to ONNX without an error and splits text otherwise. The "
        "group's own `text` is right.",
        "text in the group",
    ),
    "KNNImputer": (
        "It converts to ONNX without an error and imputes other numbers there: one label in 17 was wrong.",
        "impute: median, or sklearn.impute.SimpleImputer",
    ),
    "KernelPCA": (
        "It converts to ONNX without an error, and with numbers that are not scaled one label in 25 was wrong.",
        _REDUCE,
    ),
    "NeighborhoodComponentsAnalysis": (
        "It converts to ONNX without an error, and with numbers that are not scaled probabilities are off by 0.003.",
        _REDUCE,
    ),
    "GaussianRandomProjection": (
        "It converts to ONNX without an error, and with numbers that are not scaled one label in 500 was wrong.",
        "the group's own reduce: {method: random_projection}, which computes in float64",
    ),
    "QuantileTransformer": (
        "It converts to ONNX without an error, and a probability was off by 0.08 there; with more than some 100 "
        "quantiles the conversion does not end.",
        "sklearn.preprocessing.PowerTransformer, or sklearn.preprocessing.KBinsDiscretizer",
    ),
    "TargetEncoder": (
        "It converts to ONNX without an error, and of numbers with fractions one label in six was wrong. The group's "
        "own `encode` is right.",
        "the group's own encode: target",
    ),
}
"""Converts without an error and says something else: by short name why, and what to take instead."""

_BUT: Mapping[tuple[str, str], But] = {
    ("LinearDiscriminantAnalysis", "binary_classification"): But(
        "not-in-onnx",
        "Of two classes it converts to ONNX without an error, and probabilities are off by 0.15 there.",
        _LINEAR,
        harmful=True,
    ),
    ("XGBRFClassifier", "multiclass_classification"): But(
        "not-in-onnx",
        "Of several classes it converts to ONNX without an error, and every second label is wrong there.",
        "xgboost.XGBClassifier, or sklearn.ensemble.RandomForestClassifier",
        harmful=True,
    ),
}
"""By short name and task."""

_NO_NEW_ROWS = "It groups the rows that it was fitted on, and cannot say where a new one belongs."
_CENTRES = "sklearn.cluster.KMeans, or sklearn.mixture.GaussianMixture"
_NEAREST = "sklearn.neighbors.KNeighborsRegressor"

_FAILS: Mapping[str, tuple[str, str]] = {
    "AffinityPropagation": (_NO_CONVERTER, _CENTRES),
    "AgglomerativeClustering": (_NO_NEW_ROWS, _CENTRES),
    "Birch": (_NO_CONVERTER, _CENTRES),
    "BisectingKMeans": (_NO_CONVERTER, "sklearn.cluster.KMeans"),
    "DBSCAN": (_NO_NEW_ROWS, _CENTRES),
    "EllipticEnvelope": (_NO_CONVERTER, "sklearn.ensemble.IsolationForest, or sklearn.svm.OneClassSVM"),
    "HDBSCAN": (_NO_NEW_ROWS, _CENTRES),
    "MeanShift": (_NO_CONVERTER, _CENTRES),
    "OPTICS": (_NO_NEW_ROWS, _CENTRES),
    "SpectralBiclustering": (_NO_NEW_ROWS, _CENTRES),
    "SpectralClustering": (_NO_NEW_ROWS, _CENTRES),
    "SpectralCoclustering": (_NO_NEW_ROWS, _CENTRES),
    "DummyRegressor": (_NO_CONVERTER, "a gate on a metric, which says more than a baseline"),
    "IsotonicRegression": (_NO_CONVERTER, "sklearn.ensemble.HistGradientBoostingRegressor"),
    "KernelRidge": (_NO_CONVERTER, "sklearn.svm.SVR, or sklearn.gaussian_process.GaussianProcessRegressor"),
    "RadiusNeighborsRegressor": (
        "Where a row has no neighbour within the radius, its ONNX form fails, and a served model has to answer.",
        _NEAREST,
    ),
    "DummyClassifier": (_NO_CONVERTER, "a gate on a metric, which says more than a baseline"),
    "CategoricalNB": (
        "A category that it was not trained on makes it fail, in ONNX too, and a served model has to answer.",
        "sklearn.naive_bayes.BernoulliNB with encode: one_hot",
    ),
    "GaussianProcessClassifier": (
        "Its ONNX form needs an operator (Solve) that onnxruntime does not have.",
        "sklearn.neural_network.MLPClassifier",
    ),
    "LabelPropagation": (_NO_CONVERTER, "sklearn.neighbors.KNeighborsClassifier"),
    "LabelSpreading": (_NO_CONVERTER, "sklearn.neighbors.KNeighborsClassifier"),
    "NearestCentroid": (_NO_CONVERTER, "sklearn.naive_bayes.GaussianNB"),
    "QuadraticDiscriminantAnalysis": (
        "Its converter fails on a model of this version of scikit-learn.",
        "sklearn.naive_bayes.GaussianNB",
    ),
    "RadiusNeighborsClassifier": (
        "Where a row has no neighbour within the radius, scikit-learn fails, and with `outlier_label` the ONNX "
        "form does.",
        "sklearn.neighbors.KNeighborsClassifier",
    ),
    "FunctionTransformer": (
        "It calls a function, which neither a spec nor ONNX can hold.",
        "sklearn.preprocessing.PowerTransformer for skewed numbers",
    ),
    "HashingVectorizer": (_NO_CONVERTER, "encode: one_hot for text of few values"),
    "IterativeImputer": (_NO_CONVERTER, "impute: median, or sklearn.impute.SimpleImputer"),
    "MissingIndicator": (_NO_CONVERTER, "impute: median, or sklearn.impute.SimpleImputer"),
    "TransformedTargetRegressor": (
        "It calls a function, which neither a spec nor ONNX can hold.",
        "the estimator without it; GammaRegressor and PoissonRegressor predict the logarithm",
    ),
    "RandomTreesEmbedding": (
        "Its ONNX form cannot be made: sparse columns are none in ONNX, and dense ones break the converter.",
        "sklearn.preprocessing.KBinsDiscretizer",
    ),
    "FastICA": (_NO_CONVERTER, "the group's own reduce: {method: ica}"),
    "FactorAnalysis": (_NO_CONVERTER, "the group's own reduce: {method: factor_analysis}"),
    "SparseRandomProjection": (_NO_CONVERTER, "the group's own reduce: {method: random_projection}"),
    "SplineTransformer": (_NO_CONVERTER, "sklearn.preprocessing.KBinsDiscretizer or PolynomialFeatures"),
    "NMF": (_NO_CONVERTER, _WORDS_REDUCED),
    "MiniBatchNMF": (_NO_CONVERTER, _WORDS_REDUCED),
    "LatentDirichletAllocation": (_NO_CONVERTER, _WORDS_REDUCED),
}
"""Has no ONNX form, or one that fails."""

_TUNE = "Searching parameters is not its own estimator here: the model's `tune` does that."
_MULTICLASS = "It makes a classifier of several classes out of binary ones, which every classifier here is."
_WRAPPED = "It wraps another estimator, which a parameter cannot name."
_SEVERAL_LABELS = "It predicts several labels at once, and a model here has one."
_NOT_YET: Mapping[str, tuple[str, str]] = {
    "CCA": (_SEVERAL_LABELS, "sklearn.cross_decomposition.PLSRegression"),
    "PLSCanonical": (_SEVERAL_LABELS, "sklearn.cross_decomposition.PLSRegression"),
    "MultiTaskElasticNet": (_SEVERAL_LABELS, "sklearn.linear_model.ElasticNet"),
    "MultiTaskElasticNetCV": (_SEVERAL_LABELS, "sklearn.linear_model.ElasticNetCV"),
    "MultiTaskLasso": (_SEVERAL_LABELS, "sklearn.linear_model.Lasso"),
    "MultiTaskLassoCV": (_SEVERAL_LABELS, "sklearn.linear_model.LassoCV"),
    "MultiOutputRegressor": (_SEVERAL_LABELS, "the estimator without it"),
    "RegressorChain": (_SEVERAL_LABELS, "the estimator without it"),
    "PassiveAggressiveRegressor": (
        "scikit-learn has deprecated it.",
        "sklearn.linear_model.SGDRegressor with loss: epsilon_insensitive and learning_rate: pa1",
    ),
    "RANSACRegressor": (_WRAPPED, "sklearn.linear_model.HuberRegressor, or TheilSenRegressor"),
    "StackingRegressor": (
        "It wraps other estimators; a later version has `ensemble`.",
        "one of the estimators",
    ),
    "VotingRegressor": (
        "It wraps other estimators; a later version has `ensemble`.",
        "one of the estimators",
    ),
    "CalibratedClassifierCV": (
        "It wraps another estimator, which a parameter cannot name; the model's `calibrate` does that.",
        "the estimator without it; LogisticRegression is calibrated by itself",
    ),
    "ClassifierChain": (_MULTICLASS, "the estimator without it"),
    "ColumnTransformer": ("The groups of `features` are one.", "a group of its own for each set of columns"),
    "FeatureUnion": ("The groups of `features` are one.", "a group of its own for each set of columns"),
    "FixedThresholdClassifier": (
        "It wraps another estimator, which a parameter cannot name, and mlc decides at a probability of one half.",
        "the estimator without it",
    ),
    "FrozenEstimator": ("It wraps a fitted estimator; a later version has `reuse`.", ""),
    "GridSearchCV": (_TUNE, "the estimator without it"),
    "HalvingGridSearchCV": (_TUNE, "the estimator without it"),
    "HalvingRandomSearchCV": (_TUNE, "the estimator without it"),
    "RandomizedSearchCV": (_TUNE, "the estimator without it"),
    "LinearSVC": (_NO_PROBABILITIES, _LINEAR),
    "MultiOutputClassifier": (_MULTICLASS, "the estimator without it"),
    "NuSVC": (
        "Its probabilities are deprecated in scikit-learn, and mlc serves, evaluates and gates by them.",
        _LINEAR,
    ),
    "OneVsOneClassifier": (_MULTICLASS, "the estimator without it"),
    "OneVsRestClassifier": (_MULTICLASS, "the estimator without it"),
    "OutputCodeClassifier": (_MULTICLASS, "the estimator without it"),
    "PassiveAggressiveClassifier": (_NO_PROBABILITIES, _LINEAR),
    "Perceptron": (_NO_PROBABILITIES, _LINEAR),
    "Pipeline": ("mlc makes one out of the features and the estimator.", "the estimator without it"),
    "RFE": (_WRAPPED, _BY_MODEL),
    "RFECV": (_WRAPPED, _BY_MODEL),
    "RidgeClassifier": (_NO_PROBABILITIES, _LINEAR),
    "RidgeClassifierCV": (_NO_PROBABILITIES, _LINEAR),
    "SVC": (
        "Its probabilities are deprecated in scikit-learn, and mlc serves, evaluates and gates by them.",
        _LINEAR,
    ),
    "SelectFromModel": (_WRAPPED, _BY_MODEL),
    "SelfTrainingClassifier": (
        "It wraps another estimator, which a parameter cannot name.",
        "the estimator without it",
    ),
    "SequentialFeatureSelector": (_WRAPPED, _BY_MODEL),
    "StackingClassifier": (
        "It wraps other estimators: name them under `candidates` of the model.",
        "ensemble: {method: stacking}",
    ),
    "VotingClassifier": (
        "It wraps other estimators: name them under `candidates` of the model.",
        "ensemble: {method: voting}",
    ),
    "TfidfTransformer": ("The group's own `text` weighs the counts of words.", "text in the group"),
    "FeatureHasher": ("It takes dictionaries or words, and a dataset has columns.", "encode: one_hot"),
    "GenericUnivariateSelect": (
        "What it stands for can be named itself.",
        "sklearn.feature_selection.SelectKBest, SelectPercentile, SelectFpr, SelectFdr or SelectFwe",
    ),
    "DictVectorizer": ("It takes dictionaries, and a dataset has columns.", "encode: one_hot"),
    "PatchExtractor": ("It takes images, and a dataset has columns.", ""),
    "OneHotEncoder": ("The group's own `encode` is one.", "encode: one_hot"),
    "OrdinalEncoder": ("The group's own `encode` is one.", "encode: ordinal"),
}
"""Could be done, and this version does not."""

_LABEL = ("It encodes labels, and mlc encodes the label itself, by `positive`.", "")
_NEW_ROWS = ("It places the rows that it was fitted on, and has no place for a new one.", _SCALE)
_ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "LabelBinarizer": _LABEL,
    "LabelEncoder": _LABEL,
    "MultiLabelBinarizer": _LABEL,
    "TSNE": _NEW_ROWS,
    "MDS": _NEW_ROWS,
    "ClassicalMDS": _NEW_ROWS,
    "SpectralEmbedding": _NEW_ROWS,
    "KernelCenterer": ("It takes a kernel matrix, and a dataset has columns.", _SCALE),
    "KNeighborsTransformer": ("It gives a graph of neighbours, which no estimator here takes.", ""),
    "RadiusNeighborsTransformer": ("It gives a graph of neighbours, which no estimator here takes.", ""),
    "SparseCoder": ("It needs a dictionary, which a spec cannot write.", _SCALE),
}

_OTHER: Mapping[str, str] = {
    "ranker": "It ranks, which is no task of this version of mlc.",
    "density estimator": "It estimates a density, which is no task of this version of mlc.",
    "covariance estimator": "It estimates a covariance, which is no task of this version of mlc.",
    "neighbour search": "It finds neighbours and predicts nothing.",
}


def _instead_of(name: str) -> str:
    return {
        "sklearn.kernel_approximation": "sklearn.preprocessing.PolynomialFeatures",
        "sklearn.cross_decomposition": "sklearn.feature_selection.SelectKBest",
    }.get(name.rpartition(".")[0], _SCALE)


_NAMED_KINDS: Mapping[str, str] = {
    "BayesianGaussianMixture": "clusterer",
    "GaussianMixture": "clusterer",
    "KernelDensity": "density estimator",
    "NearestNeighbors": "neighbour search",
    "SpectralBiclustering": "clusterer",
    "SpectralCoclustering": "clusterer",
    "LGBMRanker": "ranker",
    "XGBRanker": "ranker",
    "FeatureAgglomeration": "transformer",
    "IsotonicRegression": "regressor",
    "PLSSVD": "transformer",
}
_TASKS: Mapping[str, tuple[str, ...]] = {
    "classifier": ("binary_classification", "multiclass_classification"),
    "regressor": ("regression",),
    "clusterer": ("clustering",),
    "outlier detector": ("anomaly_detection",),
    "transformer": ("features",),
}


def _kind(name: str, constructor: type) -> tuple[str, tuple[str, ...]]:
    """What it is, and the tasks it can do."""
    short = name.rpartition(".")[2]
    does: tuple[tuple[Any, str], ...] = (
        (ClassifierMixin, "classifier"),
        (RegressorMixin, "regressor"),
        (ClusterMixin, "clusterer"),
        (OutlierMixin, "outlier detector"),
        (TransformerMixin, "transformer"),
    )
    first = next((word for mixin, word in does if issubclass(constructor, mixin)), "transformer")
    if name.startswith("sklearn.covariance") and short != "EllipticEnvelope":
        first = "covariance estimator"
    what = _NAMED_KINDS.get(short, first)
    tasks = _TASKS.get(what, ())
    if short in _WRAPS:
        predicts = (*_TASKS["classifier"], *_TASKS["regressor"])
        return "meta-estimator", predicts if short in _OF_ANY else tasks
    return what, tasks
