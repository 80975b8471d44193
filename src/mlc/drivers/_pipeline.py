"""One scikit-learn Pipeline out of feature groups and an estimator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
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

from mlc.drivers import _texts, _transforms
from mlc.drivers._columns import MISSING_TEXT, Columns, names_of

SCALERS = {"standard": StandardScaler, "min_max": MinMaxScaler, "robust": RobustScaler}

UNKNOWN_ORDINAL = -1
"""What an ordinal encoding gives for a category it was not told of."""


class UnfitError(ValueError):
    """Features that cannot be built: a sentence to show, and the field to blame."""

    def __init__(self, detail: str, path: str) -> None:
        super().__init__(detail)
        self.path = path


def pipeline(
    groups: Mapping[str, Mapping[str, Any]],
    columns: Columns,
    table: pl.DataFrame,
    estimator: BaseEstimator,
    seed: int,
) -> Pipeline:
    """An unfitted Pipeline of `features` (a ColumnTransformer) and `estimator`.

    `table` is what `model_input` gives of the training part; categories that are not declared are learned
    from it. `seed` is that of every transform that draws. Raises UnfitError.
    """
    transformers = [
        part for name, group in groups.items() for part in _parts(name, group, columns, table, seed)
    ]
    features = ColumnTransformer(transformers, remainder="drop", sparse_threshold=0.0, n_jobs=None)
    return Pipeline([("features", features), ("estimator", estimator)])


def _parts(
    name: str, group: Mapping[str, Any], columns: Columns, table: pl.DataFrame, seed: int
) -> Iterator[tuple[str, Any, list[str] | str]]:
    """One transformer per run of columns of alike type: text and numbers do not share an array. A text whose words
    are learned has one of its own, which takes the column itself."""
    _refuse_misfits(name, group, columns)
    safe = name.replace("__", "-")  # scikit-learn keeps the double underscore for itself
    if group.get("text"):
        for number, column in enumerate(group["columns"], start=1):
            part = safe if len(group["columns"]) == 1 else f"{safe}-{number}"
            yield part, _texts.vectoriser(group["text"], table[column].to_list()), column
        return
    runs = [
        (is_text, list(run))
        for is_text, run in groupby(group["columns"], lambda column: columns[column]["type"] == "string")
    ]
    for number, (is_text, run) in enumerate(runs):
        steps = list(_steps(group, is_text, run, columns, table, seed))
        yield (
            safe if len(runs) == 1 else f"{safe}-{number + 1}",
            Pipeline(steps) if steps else "passthrough",
            run,
        )


def _steps(
    group: Mapping[str, Any], is_text: bool, run: list[str], columns: Columns, table: pl.DataFrame, seed: int
) -> Iterator[tuple[str, BaseEstimator]]:
    if group["impute"] != "none":
        missing = MISSING_TEXT if is_text else np.nan
        yield "impute", SimpleImputer(missing_values=missing, strategy=group["impute"])
    if group["encode"] != "none":
        categories = [_categories(column, columns, table) for column in run]
        yield "encode", _encoder(group["encode"], categories)
    if group["scale"] != "none":
        yield "scale", SCALERS[group["scale"]]()
    for number, transform in enumerate(group.get("transforms", ()), start=1):
        name = transform["name"].replace("__", "-")
        yield f"{number}-{name}", _transforms.transform(transform["estimator"], transform["params"], seed)


def _encoder(kind: str, categories: list[np.ndarray[Any, Any]]) -> BaseEstimator:
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
    return np.array(declared, dtype=np.float32)


def _refuse_misfits(name: str, group: Mapping[str, Any], columns: Columns) -> None:
    path, encode = f"features.groups.{name}", group["encode"]
    texts = [column for column in group["columns"] if columns[column]["type"] == "string"]
    fractions = [column for column in group["columns"] if columns[column]["type"] == "number"]
    if group.get("text"):
        if len(texts) < len(group["columns"]):
            raise UnfitError(
                f"The group `{name}` learns the words of columns that are no text.", f"{path}.columns"
            )
        return
    if texts and encode == "none":
        raise UnfitError(
            f"The group `{name}` hands text to the estimator ({names_of(texts)}), which takes numbers only. "
            "Encode the group `one_hot` or `ordinal`, or give the text a group of its own with `text`.",
            f"{path}.encode",
        )
    if texts and group["impute"] in ("mean", "median"):
        raise UnfitError(
            f"The group `{name}` imputes the {group['impute']} of text ({names_of(texts)}). Text has a most "
            "frequent value only.",
            f"{path}.impute",
        )
    if fractions and encode != "none":
        raise UnfitError(
            f"The group `{name}` encodes numbers that may have fractions ({names_of(fractions)}) as "
            "categories, and in ONNX they would lose their fractions. Declare them as integers or text, or "
            "leave them unencoded.",
            f"{path}.encode",
        )
    if group.get("transforms") and texts and len(texts) < len(group["columns"]):
        raise UnfitError(
            f"The transforms of the group `{name}` look at its columns together, and only some of them are text "
            f"({names_of(texts)}). Put the text into a group of its own.",
            f"{path}.columns",
        )
    holes = [
        column
        for column in group["columns"]
        if columns[column]["nullable"] and columns[column]["type"] != "string"
    ]
    if holes and encode != "none" and group["impute"] == "none":
        raise UnfitError(
            f"The group `{name}` encodes {names_of(holes)}, which may be missing, and a missing number is no "
            "category. Impute the group, for example with `most_frequent`.",
            f"{path}.impute",
        )
