"""Reduction: fewer columns, each a sum of all with weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA, FactorAnalysis, FastICA, TruncatedSVD
from sklearn.random_projection import GaussianRandomProjection

from mlc.drivers.features.step import Nodes, Numbers, Step, UnfitError


class Projection(Step):
    """What a reduction of scikit-learn has learned, as one matrix: (x - offset) · weights, computed in float64.

    scikit-learn and its ONNX form compute in float32, and each in another order: of columns far from zero, such as a
    year, little is left of what they differ by. `method` is `pca`, `truncated_svd`, `ica`, `factor_analysis` or
    `random_projection`; `variance` stands for `components` where PCA is to keep a share of it.
    """

    offset_: NDArray[np.float64]
    weights_: NDArray[np.float64]

    def __init__(
        self,
        method: str = "pca",
        components: int | None = None,
        variance: float | None = None,
        whiten: bool = False,
        seed: int = 0,
        path: str = "",
    ) -> None:
        self.method = method
        self.components = components
        self.variance = variance
        self.whiten = whiten
        self.seed = seed
        self.path = path

    def fit(self, table: Any, y: Any = None) -> Projection:
        """Raises UnfitError where there are fewer columns or rows than components."""
        del y
        self.learn_names(table)
        values = table.astype(np.float64) if sparse.issparse(table) else np.asarray(table, dtype=np.float64)
        rows, width = values.shape
        most = width if self.method in ("random_projection", "factor_analysis") else min(rows, width)
        if self.components is not None and self.components > most:
            raise UnfitError(
                f"{self.components} components are to be made of {width} columns and {rows} rows, which have at most "
                f"{most}.",
                f"{self.path}.components",
            )
        made = self._made().fit(values)
        self.offset_, self.weights_ = _affine(made, width)
        return self

    def transform(self, table: Any) -> Numbers:
        if sparse.issparse(table):  # only what is not centred is learned of sparse columns
            made = table.astype(np.float64) @ self.weights_ - self.offset_ @ self.weights_
        else:
            made = (np.asarray(table, dtype=np.float64) - self.offset_) @ self.weights_
        return np.asarray(made, dtype=np.float32)

    def names(self, names_in: Sequence[str]) -> list[str]:
        del names_in  # each component is of all of them
        return [f"{self.method}_{number}" for number in range(1, self.weights_.shape[1] + 1)]

    def onnx(self, nodes: Nodes, given: str) -> str:
        wide = nodes.cast(given, np.float64)
        if self.offset_.any():
            wide = nodes.add("Sub", wide, nodes.constant(self.offset_.reshape(1, -1)))
        return nodes.cast(nodes.add("MatMul", wide, nodes.constant(self.weights_)), np.float32)

    def _made(self) -> BaseEstimator:
        match self.method:
            case "pca":
                share = self.components if self.variance is None else self.variance
                return PCA(share, whiten=self.whiten, svd_solver="full", random_state=self.seed)
            case "truncated_svd":
                return TruncatedSVD(self.components, random_state=self.seed)
            case "ica":
                return FastICA(self.components, whiten="unit-variance", max_iter=1000, random_state=self.seed)
            case "factor_analysis":
                return FactorAnalysis(self.components, svd_method="lapack", random_state=self.seed)
        return GaussianRandomProjection(self.components, random_state=self.seed)


def _affine(made: BaseEstimator, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The offset (width,) and the weights (width, components) of a fitted reduction."""
    if isinstance(made, TruncatedSVD | GaussianRandomProjection):
        return np.zeros(width), np.ascontiguousarray(made.components_.T, dtype=np.float64)
    # the others are affine too, and what they make of each column alone tells how
    weights = np.asarray(made.transform(np.eye(width) + made.mean_), dtype=np.float64)
    return np.asarray(made.mean_, dtype=np.float64), np.ascontiguousarray(weights)
