"""Categories as what the label is on average where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import TargetEncoder

from mlc.drivers.features.step import Nodes, Numbers, Step, UnfitError

Codes = NDArray[np.int64]

_FOLDS: ContextVar[Codes] = ContextVar("folds")
"""The fold (n,) of each row that is being fitted; no part of a step, which is saved, and the rows are not."""


@contextmanager
def crossed(folds: Codes) -> Iterator[None]:
    """Within, rows that are fitted are encoded by folds: `folds` (n,) is the number of each row's."""
    token = _FOLDS.set(folds)
    try:
        yield
    finally:
        _FOLDS.reset(token)


class Means(Step):
    """The mean of the label where a column has a category, drawn to the mean of all by as much as the category is rare
    (scikit-learn's TargetEncoder with `smooth="auto"`; Micci-Barreca 2001, doi:10.1145/507533.507538).

    Of several classes (`classes`) it is the share of each: a column for each class. A missing value, and one that is
    none of `categories`, has the mean of all. Rows that are fitted (`fit_transform`) are each encoded by the rows of
    the other folds (`crossed`), so that none is told its own label; others by all.
    """

    tables_: list[Numbers]
    """Of each column the means (categories + 1, classes), the last those of what is no category."""

    def __init__(self, categories: Any = (), classes: Sequence[str] = (), path: str = "") -> None:
        self.categories = categories
        self.classes = classes
        self.path = path

    def fit(self, table: Any, y: Any = None) -> Means:
        """Raises UnfitError without a label."""
        self.learn_names(table)
        self.tables_ = self._learned(self._codes(table), self._aims(y))
        return self

    def fit_transform(self, table: Any, y: Any = None) -> Numbers:
        """Shape (n, columns · classes). Raises UnfitError without a label, or where all rows are in one fold."""
        self.fit(table, y)
        codes, aims, folds = self._codes(table), self._aims(y), _FOLDS.get()
        found = np.empty((len(codes), len(self.names_in_) * aims.shape[1]), np.float32)
        for fold in np.unique(folds):
            apart = folds == fold
            if apart.all():
                raise UnfitError(
                    "By `encode: target` a row is encoded by rows of other folds, and all rows of the training part "
                    "are in one: they are too few, or of one group.",
                    self.path,
                )
            found[apart] = _looked_up(self._learned(codes[~apart], aims[~apart]), codes[apart])
        return found

    def transform(self, table: Any) -> Numbers:
        return _looked_up(self.tables_, self._codes(table))

    def names(self, names_in: Sequence[str]) -> list[str]:
        if not self.classes:
            return list(names_in)
        return [f"{column}_{one}" for column in names_in for one in self.classes]

    def onnx(self, nodes: Nodes, given: str) -> str:
        made = []
        flat = nodes.constant(np.array([-1], np.int64))
        for place, (categories, table) in enumerate(zip(self.categories, self.tables_, strict=True)):
            column = nodes.add("Reshape", nodes.columns(given, [place]), flat)
            codes = nodes.places(column, categories)
            # float64, which smaller forms leave alone: 8 bits would make other means of these
            wide = nodes.add("Gather", nodes.constant(table.astype(np.float64)), codes, axis=0)
            made.append(nodes.cast(wide, np.float32))
        return made[0] if len(made) == 1 else nodes.add("Concat", *made, axis=1)

    def _aims(self, y: Any) -> NDArray[np.float64]:
        """What means are of, shape (n, classes): the label, or of several classes whether it is each."""
        if y is None:
            raise UnfitError("`encode: target` needs a label, and there is none.", self.path)
        labels = np.asarray(y)
        if not self.classes:
            return labels.astype(np.float64).reshape(-1, 1)
        is_each: NDArray[np.bool_] = labels.reshape(-1, 1) == np.arange(len(self.classes))
        return is_each.astype(np.float64)

    def _codes(self, table: Any) -> Codes:
        """The places (n, columns) of values among the categories; one beyond the last for what is none."""
        values = np.asarray(table)
        codes = np.empty(values.shape, np.int64)
        for place, categories in enumerate(self.categories):
            known = {value: code for code, value in enumerate(categories.tolist())}
            column = values[:, place].tolist()
            codes[:, place] = [known.get(value, len(known)) for value in column]
        return codes

    def _learned(self, codes: Codes, aims: NDArray[np.float64]) -> list[Numbers]:
        made = TargetEncoder(
            categories=[np.arange(len(categories) + 1) for categories in self.categories],
            target_type="continuous",  # which a class is too, as 0 and 1: shares are means
        )
        of_classes = [(made.fit(codes, aim).encodings_, made.target_mean_) for aim in aims.T]
        tables = []
        for place in range(codes.shape[1]):
            means = [[*encodings[place][:-1], overall] for encodings, overall in of_classes]
            tables.append(np.array(means, np.float64).T.astype(np.float32))
        return tables


def _looked_up(tables: Sequence[Numbers], codes: Codes) -> Numbers:
    return np.concatenate([table[codes[:, place]] for place, table in enumerate(tables)], axis=1)
