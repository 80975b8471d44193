"""One scikit-learn Pipeline out of feature groups and an estimator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from mlc.drivers import _group_misfits, _texts, _transforms
from mlc.drivers._columns import MISSING_TEXT, MISSING_TIME, Columns
from mlc.drivers.features.bins import Bins
from mlc.drivers.features.dates import DateParts
from mlc.drivers.features.kept import Kept
from mlc.drivers.features.means import Means
from mlc.drivers.features.products import Products
from mlc.drivers.features.projection import Projection
from mlc.drivers.features.step import UnfitError
from mlc.kinds._feature_steps import PART_VALUES, bins_of, date_columns

__all__ = ["UnfitError", "parts_of", "pipeline"]

SCALERS = {"standard": StandardScaler, "min_max": MinMaxScaler, "robust": RobustScaler}

UNKNOWN_ORDINAL = -1
"""What an ordinal encoding gives for a category it was not told of."""

EXACT_TO = 2**24
"""Whole numbers below this are float32; from here on neighbours run together."""

Named = Sequence[tuple[str, BaseEstimator]]


def pipeline(
    groups: Mapping[str, Mapping[str, Any]],
    columns: Columns,
    table: pl.DataFrame,
    estimator: BaseEstimator,
    seed: int,
    joined: Mapping[str, Any] | None = None,
    classes: Sequence[Any] = (),
) -> Pipeline:
    """An unfitted Pipeline of `features` and `estimator`: a ColumnTransformer of the groups and, where something is
    `joined`, done to all of them together, a Pipeline of it and that.

    `table` is what `model_input` gives of the training part; categories that are not declared are learned
    from it. `seed` is that of every transform that draws; `classes` are those of the label, where there are several.
    Raises UnfitError.
    """
    told = [str(one) for one in classes]
    transformers = [
        part for name, group in groups.items() for part in _parts(name, group, columns, table, seed, told)
    ]
    features: BaseEstimator = ColumnTransformer(
        transformers, remainder="drop", sparse_threshold=0.0, n_jobs=None
    )
    if joined:
        features = Pipeline([("groups", features), *_last(joined, seed, "features")])
    return Pipeline([("features", features), ("estimator", estimator)])


def parts_of(features: Any, group: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every transformer within fitted features: the group it is of (empty where it is of all), the name of the step,
    and the transformer."""
    if isinstance(features, ColumnTransformer):
        for name, made, _ in features.transformers_:
            yield from parts_of(made, group or name)
    elif isinstance(features, Pipeline):
        for step, made in features.steps:
            if isinstance(made, ColumnTransformer):
                yield from parts_of(made, group)
            else:
                yield group, step, made
    elif hasattr(features, "feeds"):  # a model with others inside (`_feeding.Fed`)
        yield from parts_of(features.features or "", group)
    elif not isinstance(features, str):
        yield group, "", features


class _Run(Struct, frozen=True):
    """Columns of alike type: text and numbers do not share an array. `sources` are, of each column that comes out,
    which interactions count as one."""

    columns: list[str]
    steps: Named
    sources: list[int]


def _parts(
    name: str,
    group: Mapping[str, Any],
    columns: Columns,
    table: pl.DataFrame,
    seed: int,
    classes: list[str],
) -> Iterator[tuple[str, Any, list[str] | str]]:
    """One transformer per run of columns, or one of all where a step looks at them together."""
    path = f"features.groups.{name}"
    _group_misfits.refuse(path, name, group, columns)
    safe = name.replace("__", "-")  # scikit-learn keeps the double underscore for itself
    if group.get("text"):
        yield from _texts_of(safe, path, group, table, seed)
        return
    by_type = groupby(group["columns"], lambda column: columns[column]["type"] == "string")
    runs = [_run(path, group, is_text, list(run), columns, table, seed, classes) for is_text, run in by_type]
    sources = [(number, source) for number, run in enumerate(runs) for source in run.sources]
    places = {source: place for place, source in enumerate(dict.fromkeys(sources))}
    together = [*_together(path, group, [places[source] for source in sources], seed)]
    if together and len(runs) > 1:
        inner = [(str(number), _steps(run.steps), run.columns) for number, run in enumerate(runs, start=1)]
        apart = ColumnTransformer(inner, sparse_threshold=0.0, verbose_feature_names_out=False)
        yield safe, Pipeline([("columns", apart), *together]), list(group["columns"])
        return
    for number, run in enumerate(runs, start=1):
        part = safe if len(runs) == 1 else f"{safe}-{number}"
        yield part, _steps([*run.steps, *together]), run.columns


def _steps(steps: Named) -> Pipeline | str:
    return Pipeline([*steps]) if steps else "passthrough"


def _texts_of(
    safe: str, path: str, group: Mapping[str, Any], table: pl.DataFrame, seed: int
) -> Iterator[tuple[str, Any, list[str] | str]]:
    """A text whose words are learned has a transformer of its own, which takes the column itself."""
    made = {column: _texts.vectoriser(group["text"], table[column].to_list()) for column in group["columns"]}
    last = [*_last(group, seed, path)]
    if last and len(made) > 1:
        inner = [(column.replace("__", "-"), one, column) for column, one in made.items()]
        apart = ColumnTransformer(inner, sparse_threshold=1.0)  # words are mostly absent
        yield safe, Pipeline([("columns", apart), *last]), list(made)
        return
    for number, (column, one) in enumerate(made.items(), start=1):
        part = safe if len(made) == 1 else f"{safe}-{number}"
        yield part, Pipeline([("text", one), *last]) if last else one, column


def _run(
    path: str,
    group: Mapping[str, Any],
    is_text: bool,
    run: list[str],
    columns: Columns,
    table: pl.DataFrame,
    seed: int,
    classes: list[str],
) -> _Run:
    """What is done to each column by itself."""
    steps: list[tuple[str, BaseEstimator]] = []
    names, dates = run, group.get("dates")
    if dates:
        steps.append(("dates", DateParts(**dates)))
        names = [name for column in run for name in date_columns(column, dates)]
    if group["impute"] != "none":
        steps.append(("impute", _imputer(group["impute"], is_text, table.select(run))))
    bins = group.get("bin")
    if bins:
        steps.append(("bin", Bins(**bins, seed=seed, path=f"{path}.bin")))
    sources = [*range(len(names))]
    if group["encode"] != "none":
        if bins:
            categories = [_numbers(range(bins_of(bins)))] * len(names)
        elif dates:
            categories = [_numbers(PART_VALUES[part]) for _ in run for part in dates["parts"]]
        else:
            categories = [_categories(column, columns, table) for column in run]
        steps.append(("encode", _encoder(group["encode"], categories, classes, f"{path}.encode")))
        if group["encode"] == "one_hot":
            sources = [place for place, found in enumerate(categories) for _ in found]
        elif group["encode"] == "target":
            sources = [place for place in sources for _ in classes or ("",)]
    if group["scale"] != "none":
        steps.append(("scale", SCALERS[group["scale"]]()))
    return _Run(run, steps, sources)


def _imputer(strategy: str, is_text: bool, table: pl.DataFrame) -> SimpleImputer:
    """A column without a single value in the training part becomes 0, and stays: scikit-learn would drop it, and its
    form in ONNX would not."""
    made = SimpleImputer(missing_values=MISSING_TEXT if is_text else np.nan, strategy=strategy)
    if not is_text and any(_is_empty(column) for column in table.iter_columns()):
        made.set_params(keep_empty_features=True)
    return made


def _is_empty(column: pl.Series) -> bool:
    missing = column == MISSING_TIME if column.dtype == pl.Int64 else column.is_nan()
    return bool(missing.all())


def _together(
    path: str, group: Mapping[str, Any], sources: list[int], seed: int
) -> Iterator[tuple[str, BaseEstimator]]:
    """What looks at the columns of a group together."""
    if group.get("cross"):
        yield "cross", Products(sources, **group["cross"])
    for number, transform in enumerate(group.get("transforms", ()), start=1):
        name = transform["name"].replace("__", "-")
        yield f"{number}-{name}", _transforms.transform(transform["estimator"], transform["params"], seed)
    yield from _last(group, seed, path)


def _last(asked: Mapping[str, Any], seed: int, path: str) -> Iterator[tuple[str, BaseEstimator]]:
    if asked.get("select"):
        yield "select", Kept(**asked["select"], seed=seed, path=f"{path}.select")
    if asked.get("reduce"):
        yield "reduce", Projection(**asked["reduce"], seed=seed, path=f"{path}.reduce")


def _encoder(
    kind: str, categories: list[np.ndarray[Any, Any]], classes: list[str], path: str
) -> BaseEstimator:
    if kind == "target":
        # a missing text, which a contract may declare as a value too, has the mean of all
        present = [found[found != MISSING_TEXT] if found.dtype == object else found for found in categories]
        return Means(present, classes, path)
    if kind == "one_hot":
        return OneHotEncoder(
            categories=categories, handle_unknown="ignore", sparse_output=False, dtype=np.float32
        )
    return OrdinalEncoder(
        categories=categories,
        handle_unknown="use_encoded_value",
        unknown_value=UNKNOWN_ORDINAL,
        dtype=np.float32,
    )


def _categories(column: str, columns: Columns, table: pl.DataFrame) -> np.ndarray[Any, Any]:
    """The values declared, in their order, or else the values seen, sorted; never a missing one."""
    declared, kind = columns[column]["values"], columns[column]["type"]
    if kind == "boolean" and not declared:
        return np.array([0, 1], dtype=np.float32)
    if not declared:
        seen = table[column].drop_nans() if kind != "string" else table[column]
        declared = [value for value in seen.unique().sort().to_list() if value != MISSING_TEXT]
    if kind == "string":
        return np.array([str(value) for value in declared], dtype=object)
    if sorted(declared) != list(declared):
        raise UnfitError(
            f"The `values` of `{column}` are numbers that do not ascend, and scikit-learn encodes numbers "
            "only in ascending order.",
            f"dataset.columns.{column}.values",
        )
    if any(abs(value) >= EXACT_TO for value in declared):
        raise UnfitError(
            f"`{column}` is encoded, and holds whole numbers from {EXACT_TO:,} on: in float32, which the served model "
            "takes, neighbours run together. Declare it as text.",
            f"dataset.columns.{column}.type",
        )
    return _numbers(declared)


def _numbers(values: Any) -> np.ndarray[Any, Any]:
    return np.array([*values], dtype=np.float32)
