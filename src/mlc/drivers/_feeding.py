"""What other models say of a row, as further columns of it: a model with the models that it feeds on inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from mlc.drivers._columns import model_input

Floats = NDArray[np.float32]
Feed = Mapping[str, Any]
"""A model that another feeds on: its `name` there, its `task`, the `columns` that it sees, the columns that it `gives`
(one, or one for each class of several), and its `classes`, where there are several."""


class Fed(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Features of a table's own columns (`own`) and of what `models` say of its rows, each told of in `feeds`.

    `features` is a fitted transformer of both; where it is None, what the models say is all that comes out.
    """

    def __init__(self, feeds: Any = (), models: Any = (), features: Any = None, own: Any = ()) -> None:
        self.feeds = feeds
        self.models = models
        self.features = features
        self.own = own

    def fit(self, table: Any, labels: Any = None) -> Fed:
        """Always raises: the models within have been fitted, each on rows of its own."""
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, table: pl.DataFrame) -> Any:
        """Shape (n, columns)."""
        told = [says(feed, model, table) for feed, model in zip(self.feeds, self.models, strict=True)]
        if self.features is None:
            return np.column_stack(told)
        columns = [table.select(list(self.own))] if self.own else []
        return self.features.transform(pl.concat([*columns, *map(named, self.feeds, told)], how="horizontal"))

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The names of the columns that come out."""
        if self.features is None:
            return np.array([name for feed in self.feeds for name in feed["gives"]], dtype=object)
        return np.asarray(self.features.get_feature_names_out())


def says(feed: Feed, model: Pipeline, frame: pl.DataFrame) -> Floats:
    """What a model says of the n rows of `frame`, as another takes it: (n, columns given), float32 as ONNX has it.

    Of two classes the probability of the positive one, of several that of each, of regression the value, of anomaly
    detection the score (higher is more unlike the others).
    """
    table = model_input(frame, feed["columns"])
    match feed["task"]:
        case "binary_classification":
            found = model.predict_proba(table)[:, 1:]
        case "multiclass_classification":
            found = model.predict_proba(table)
        case "regression":
            found = model.predict(table)
        case _:
            found = -model.decision_function(table)
    return np.asarray(found, dtype=np.float32).reshape(frame.height, -1)


def named(feed: Feed, told: Floats) -> pl.DataFrame:
    """The same with the names of its columns."""
    return pl.DataFrame({name: told[:, place] for place, name in enumerate(feed["gives"])})


def joined(
    head: Pipeline | None, feeds: Sequence[Feed], models: Sequence[Pipeline], spec: Mapping[str, Any]
) -> Pipeline:
    """One Pipeline of the models and of what was learned from them.

    `head` was fitted on the columns of `spec["columns"]`, those given among them. Without one, `spec["combine"]` says
    how the models are combined: their mean (`voting`, with `weights`), or the last alone (`chain`), which has the
    others inside.
    """
    if head is None and spec["combine"]["method"] == "chain":
        return models[-1]
    if head is None:
        from mlc.drivers._mean import Mean

        mean = Mean(list(spec["combine"]["weights"]), spec["task"])
        return Pipeline([("features", Fed(plain(feeds), list(models))), ("estimator", mean)])
    given = {name for feed in feeds for name in feed["gives"]}
    own = [name for name in spec["columns"] if name not in given]
    fed = Fed(plain(feeds), list(models), head["features"], own)
    return Pipeline([("features", fed), ("estimator", head["estimator"])])


def plain(feeds: Iterable[Feed]) -> list[dict[str, Any]]:
    """Of each only what it takes to ask its model, so that a file holds nothing about how it was trained."""
    names = ("name", "task", "columns", "gives", "classes")
    return [{name: feed[name] for name in names if name in feed} for feed in feeds]
