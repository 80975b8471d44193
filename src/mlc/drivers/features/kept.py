"""Selection: some of the columns, as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn import feature_selection
from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from mlc.drivers.features.step import Nodes, Numbers, Step, UnfitError

_TREES = 100


class Kept(Step):
    """The columns that a scorer of scikit-learn prefers; only which ones they are is kept of it.

    `method` is `variance` (more than `above`), `best` (the `columns` highest of the function `score`) or `model` (those
    that a model made most of, `by` trees or a linear one, `of` classes or numbers). Of alike scores the first column
    wins.
    """

    kept_: NDArray[np.int64]

    def __init__(
        self,
        method: str = "variance",
        above: float = 0.0,
        columns: int = 1,
        score: str = "f_classif",
        by: str = "trees",
        of: str = "classes",
        seed: int = 0,
        path: str = "",
    ) -> None:
        self.method = method
        self.above = above
        self.columns = columns
        self.score = score
        self.by = by
        self.of = of
        self.seed = seed
        self.path = path

    def fit(self, table: Any, y: Any = None) -> Kept:
        """Raises UnfitError where nothing would be kept or there are too few columns."""
        self.learn_names(table)
        values = table.astype(np.float64) if sparse.issparse(table) else np.asarray(table, dtype=np.float64)
        width = values.shape[1]
        if self.method == "variance":
            variances = _variances(values)
            self.kept_ = np.flatnonzero(variances > self.above).astype(np.int64)
            if not len(self.kept_):
                raise UnfitError(
                    f"None of the {width} columns to select from has a variance above {self.above:g} in the training "
                    f"part; the largest is {np.nanmax(variances, initial=0.0):g}.",
                    f"{self.path}.above",
                )
            return self
        if self.columns > width:
            raise UnfitError(
                f"{self.columns} columns are to be selected, and there are {width}.", f"{self.path}.columns"
            )
        with np.errstate(divide="ignore", invalid="ignore"):  # of a column that does not vary
            scores = self._scores(values, np.asarray(y))
        order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
        self.kept_ = np.sort(order[: self.columns]).astype(np.int64)
        return self

    def transform(self, table: Any) -> Any:
        """Sparse where the table is."""
        if sparse.issparse(table):
            return table[:, self.kept_]
        chosen: Numbers = np.asarray(table, dtype=np.float32)[:, self.kept_]
        return chosen

    def names(self, names_in: Sequence[str]) -> list[str]:
        return [names_in[place] for place in self.kept_]

    def onnx(self, nodes: Nodes, given: str) -> str:
        return nodes.columns(given, self.kept_)

    def _scores(self, values: Any, y: NDArray[Any]) -> NDArray[np.float64]:
        if self.method == "best":
            function = getattr(feature_selection, self.score)
            if self.score.startswith("mutual_info"):
                found = function(values, y, random_state=self.seed)
            else:
                found = function(values, y)
            return np.asarray(found[0] if isinstance(found, tuple) else found, dtype=np.float64)
        if self.by == "trees":
            model = self._trees().fit(values, y)
            return np.asarray(model.feature_importances_, dtype=np.float64)
        # sparse columns cannot be centred
        scale = MaxAbsScaler() if sparse.issparse(values) else StandardScaler()
        linear = LogisticRegression(max_iter=1000) if self.of == "classes" else Ridge()
        coefficients = make_pipeline(scale, linear).fit(values, y)[-1].coef_
        largest: NDArray[np.float64] = np.abs(np.atleast_2d(coefficients)).max(axis=0)
        return largest

    def _trees(self) -> BaseEstimator:
        made = ExtraTreesClassifier if self.of == "classes" else ExtraTreesRegressor
        return made(n_estimators=_TREES, min_samples_leaf=5, random_state=self.seed)


def _variances(values: Any) -> NDArray[np.float64]:
    """Of each column, by those of its values that are not missing; rounding counts as no variance."""
    # about the first value, so that large numbers that lie close together do not cancel out
    if not sparse.issparse(values):
        with np.errstate(invalid="ignore"):
            first = np.nan_to_num(values[:1])
            found = [_variance(column) for column in (values - first).T]
        return np.array(found, dtype=np.float64)
    mean = np.asarray(values.mean(axis=0), dtype=np.float64).ravel()
    squares = np.asarray(values.multiply(values).mean(axis=0), dtype=np.float64).ravel()
    return squares - mean**2


def _variance(column: NDArray[np.float64]) -> float:
    known = column[~np.isnan(column)]
    return float(known.var()) if len(known) else 0.0
