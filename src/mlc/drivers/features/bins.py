"""Numbers as the numbers of their bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.preprocessing import KBinsDiscretizer

from mlc.drivers.features.step import Nodes, Numbers, Step, UnfitError

_MOST_ROWS = 200_000
"""Rows that edges are learned from: scikit-learn's own bound."""


class Bins(Step):
    """The number of each value's bin, from 0; a missing value stays missing.

    Edges are float32, as the numbers are, so that a value on an edge falls to the bin above here and in ONNX; with
    float64 edges those that are rounded down would part them. Edges are learned by KBinsDiscretizer from what is
    not missing. `bins` stays what it was asked to be: where values are alike, bins are empty.
    """

    edges_: list[Numbers]

    def __init__(
        self,
        method: str = "quantile",
        bins: int = 5,
        edges: Sequence[float] = (),
        seed: int = 0,
        path: str = "",
    ) -> None:
        self.method = method
        self.bins = bins
        self.edges = edges
        self.seed = seed
        self.path = path

    def fit(self, table: Any, y: Any = None) -> Bins:
        """Raises UnfitError for a column without a value."""
        del y
        self.learn_names(table)
        values = np.asarray(table, dtype=np.float32)
        self.edges_ = [self._learned(values[:, place], place) for place in range(values.shape[1])]
        return self

    def transform(self, table: Any) -> Numbers:
        values = np.asarray(table, dtype=np.float32)
        made = [
            np.searchsorted(edges, values[:, place], side="right").astype(np.float32)
            for place, edges in enumerate(self.edges_)
        ]
        found = np.stack(made, axis=1)
        found[np.isnan(values)] = np.nan
        return found

    def names(self, names_in: Sequence[str]) -> list[str]:
        return [f"{column}_bin" for column in names_in]

    def onnx(self, nodes: Nodes, given: str) -> str:
        made = []
        axis = nodes.constant(np.array([1], np.int64))
        for place, edges in enumerate(self.edges_):
            column = nodes.columns(given, [place])
            if not len(edges):
                made.append(nodes.add("Mul", column, nodes.constant(np.zeros((1, 1), np.float32))))
                continue
            reached = nodes.add("GreaterOrEqual", column, nodes.constant(edges.reshape(1, -1)))
            made.append(nodes.add("ReduceSum", nodes.cast(reached, np.float32), axis, keepdims=1))
        found = made[0] if len(made) == 1 else nodes.add("Concat", *made, axis=1)
        nan = nodes.constant(np.array([[np.nan]], np.float32))
        return nodes.add("Where", nodes.add("IsNaN", given), nan, found)

    def _learned(self, values: Numbers, place: int) -> Numbers:
        if self.method == "edges":
            return np.asarray(self.edges, np.float32)
        known = values[~np.isnan(values)]
        if not len(known):
            raise UnfitError(
                f"`{self.names_in_[place]}` has no value in the training part, and bins are learned from values.",
                self.path,
            )
        if known.min() == known.max():
            return known[:0]
        made = KBinsDiscretizer(
            n_bins=self.bins,
            encode="ordinal",
            strategy=self.method,
            quantile_method="averaged_inverted_cdf",
            subsample=_MOST_ROWS,
            random_state=self.seed,
        ).fit(known.reshape(-1, 1).astype(np.float64))
        return np.unique(made.bin_edges_[0][1:-1].astype(np.float32))
