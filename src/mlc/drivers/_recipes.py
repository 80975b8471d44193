"""Training a model again on some of its rows: for what it says of the others, which it had not learned from.

A recipe is a model's own specification (`task`, `label`, `columns`, `groups` and what is trained) and, where it feeds
on others, its `feeds` with the `folds` by which they answer for its rows. A feed has a `recipe` where its model learned
from the same rows; else its `model` is the name of an input, and is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from sklearn.pipeline import Pipeline

from mlc.drivers import _chosen, _feeding, _fitting, _reused
from mlc.drivers._folds import folds
from mlc.drivers._labels import target
from mlc.drivers._skops import load_model
from mlc.ir.operation import Work

Recipe = Mapping[str, Any]


class Given:
    """The inputs of a step that recipes name, each read once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._models: dict[str, Pipeline] = {}

    def model(self, name: str) -> Pipeline:
        """A trained model."""
        if name not in self._models:
            self._models[name] = load_model(self._work.inputs[name])
        return self._models[name]

    def told(self, feed: Mapping[str, Any]) -> Mapping[str, Any]:
        """The feed, with what is known of a version from the registry."""
        return _reused.told(feed, self._work.inputs)

    def with_choice(self, recipe: Recipe) -> Recipe:
        """The recipe with the estimator and the parameters that were chosen, where there was a choice."""
        if "chosen" not in recipe:
            return recipe
        chosen = _chosen.decoded(self._work.inputs[recipe["chosen"]])
        return {**recipe, "estimator": chosen.estimator, "params": chosen.params, "seed": chosen.seed}


def learned(frame: pl.DataFrame, recipe: Recipe, given: Given) -> Pipeline:
    """A model fitted on the rows of `frame` alone, with all that it feeds on. Raises what the libraries raise,
    UnfitError of `_pipeline`, UnfoldableError of `_folds`, ValueError for labels that cannot be learned."""
    feeds = [given.told(feed) for feed in recipe.get("feeds", ())]
    head = None
    if "combine" not in recipe:
        told = given.with_choice(recipe)
        rows = with_predictions(frame, out_of_fold(frame, feeds, recipe["folds"], given)) if feeds else frame
        head = _fitting.fit(rows, target(rows, told).values, told)
        if not feeds:
            return head
    models = [
        learned(frame, feed["recipe"], given) if "recipe" in feed else given.model(feed["model"])
        for feed in feeds
    ]
    return _feeding.joined(head, feeds, models, recipe)


def out_of_fold(
    frame: pl.DataFrame, feeds: Sequence[Mapping[str, Any]], how: Mapping[str, Any], given: Given
) -> pl.DataFrame:
    """What models say of the n rows of `frame`, none of them having learned from the row: (n, columns given).

    A row that is in no fold (in time, the first ones) has NaN.
    """
    told = []
    for feed in feeds:
        if "recipe" in feed:
            found = np.full((frame.height, len(feed["gives"])), np.nan, np.float32)
            for fold in folds(frame, how):
                model = learned(frame[fold.train], feed["recipe"], given)
                found[fold.test] = _feeding.says(feed, model, frame[fold.test])
        else:
            found = _feeding.says(feed, given.model(feed["model"]), frame)
        told.append(_feeding.named(feed, found))
    return pl.concat(told, how="horizontal")


def with_predictions(frame: pl.DataFrame, predictions: pl.DataFrame) -> pl.DataFrame:
    """The rows with what was said of them; those of which nothing was said are left out."""
    known = ~predictions.select(pl.any_horizontal(pl.all().is_nan())).to_series()
    return pl.concat([frame, predictions], how="horizontal").filter(known)
