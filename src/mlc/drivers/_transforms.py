"""The transforms that a feature group can have: a fixed table, each with an ONNX form that is proven equal.

`tests/stages/drivers/test_transforms.py` proves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.base import BaseEstimator

from mlc.drivers._estimators import built

OFFERED = (
    "sklearn.decomposition.IncrementalPCA",
    "sklearn.decomposition.PCA",
    "sklearn.decomposition.TruncatedSVD",
    "sklearn.feature_selection.SelectFdr",
    "sklearn.feature_selection.SelectFpr",
    "sklearn.feature_selection.SelectFwe",
    "sklearn.feature_selection.SelectKBest",
    "sklearn.feature_selection.SelectPercentile",
    "sklearn.feature_selection.VarianceThreshold",
    "sklearn.impute.SimpleImputer",
    "sklearn.preprocessing.Binarizer",
    "sklearn.preprocessing.KBinsDiscretizer",
    "sklearn.preprocessing.MaxAbsScaler",
    "sklearn.preprocessing.MinMaxScaler",
    "sklearn.preprocessing.Normalizer",
    "sklearn.preprocessing.PolynomialFeatures",
    "sklearn.preprocessing.PowerTransformer",
    "sklearn.preprocessing.RobustScaler",
    "sklearn.preprocessing.StandardScaler",
)

EXACT = (
    "Binarizer",
    "KBinsDiscretizer",
    "SelectFdr",
    "SelectFpr",
    "SelectFwe",
    "SelectKBest",
    "SelectPercentile",
    "SimpleImputer",
    "VarianceThreshold",
)
"""Those that hand a number on as it is, or as one of few: nothing is rounded that a tree would compare."""

IMPUTING = ("SimpleImputer",)
"""Those behind which nothing is missing."""


def transform(name: str, params: Mapping[str, Any], seed: int) -> BaseEstimator:
    """A transformer with its parameters and, where it draws, the seed.

    Raises KeyError for a name that is not in the table, TypeError for a parameter that does not exist.
    """
    if name not in OFFERED:
        raise KeyError(name)
    return built(name, params, seed)
