"""The columns that are told before anything is fitted are those that fitted features give."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from mlc.drivers import _pipeline
from mlc.drivers._columns import model_input
from mlc.drivers.features.means import crossed
from mlc.drivers.features.step import UnfitError
from mlc.ir.columns_out import Item, Out
from mlc.kinds._columns_out import columns_out, float32_text, width

ROWS = 60
COLUMNS: dict[str, dict[str, Any]] = {
    "n1": {"type": "number", "values": [], "nullable": False},
    "n2": {"type": "number", "values": [], "nullable": True},
    "i1": {"type": "integer", "values": [1, 2, 300_000], "nullable": False},
    "i2": {"type": "integer", "values": [], "nullable": False},
    "b1": {"type": "boolean", "values": [], "nullable": False},
    "s1": {"type": "string", "values": ["red", "light green", "é"], "nullable": False},
    "s2": {"type": "string", "values": [], "nullable": True},
    "t1": {"type": "datetime", "values": [], "nullable": True},
    "d1": {"type": "date", "values": [], "nullable": False},
}


@cache
def rows() -> tuple[pl.DataFrame, Any]:
    random = np.random.default_rng(0)
    start = datetime(2020, 1, 1)
    times = [start + timedelta(hours=int(one)) for one in random.integers(0, 30_000, ROWS)]
    frame = pl.DataFrame(
        {
            "n1": random.normal(size=ROWS),
            "n2": [None, *random.normal(size=ROWS - 1)],
            "i1": random.choice([1, 2, 300_000], ROWS),
            "i2": random.integers(0, 4, ROWS),
            "b1": random.random(ROWS) < 0.5,
            "s1": random.choice(["red", "light green"], ROWS),
            "s2": random.choice(["one two", "two three", ""], ROWS),
            "t1": [None, *times[1:]],
            "d1": [one.date() for one in times],
        }
    )
    return frame, (random.random(ROWS) < 0.5).astype(np.int64)


def fitted_names(told: dict[str, Any]) -> list[str]:
    """What scikit-learn calls the columns. Raises UnfitError."""
    named = {column for group in told["groups"].values() for column in group["columns"]}
    used = {name: column for name, column in COLUMNS.items() if name in named}
    frame, labels = rows()
    table = model_input(frame, used)
    made = _pipeline.pipeline(
        told["groups"], used, table, LogisticRegression(), 0, told.get("joined"), told.get("classes", ())
    )
    with warnings.catch_warnings(), crossed(np.arange(ROWS) % 5):
        warnings.simplefilter("ignore")
        return [str(name) for name in made["features"].fit(table, labels).get_feature_names_out()]


def agree(items: Sequence[Item], names: Sequence[str]) -> bool:
    """Whether the names are what was told: each known one in its place, of the others as many as was said."""
    if not items:
        return not names
    first, rest = items[0], items[1:]
    if isinstance(first, Out):
        return bool(names) and names[0] == first.name and agree(rest, names[1:])
    sizes = [first.count] if first.count is not None else range(len(names) + 1)
    return any(
        size <= len(names)
        and (first.most is None or size <= first.most)
        and (not first.among or {*names[:size]} <= {*first.among})
        and agree(rest, names[size:])
        for size in sizes
    )


SELECT = st.sampled_from(
    [
        None,
        None,
        {"method": "variance", "above": 0.0},
        {"method": "best", "columns": 1, "score": "f_classif"},
        {"method": "model", "columns": 2, "by": "linear", "of": "classes"},
    ]
)
REDUCE = st.sampled_from(
    [
        None,
        None,
        {"method": "pca", "components": 2, "variance": None, "whiten": False},
        {"method": "pca", "components": None, "variance": 0.8, "whiten": True},
        {"method": "truncated_svd", "components": 1},
        {"method": "random_projection", "components": 2},
    ]
)
CROSS = st.sampled_from([None, {"degree": 2, "keep": True}, {"degree": 3, "keep": False}])
BINS = st.sampled_from(
    [
        {"method": "quantile", "bins": 3},
        {"method": "uniform", "bins": 2},
        {"method": "edges", "edges": [0.0, 1.5]},
    ]
)
TRANSFORMS = st.sampled_from(
    [
        [],
        [],
        [{"name": "p", "estimator": "sklearn.preprocessing.PolynomialFeatures", "params": {"degree": 2}}],
        [
            {
                "name": "p",
                "estimator": "sklearn.preprocessing.PolynomialFeatures",
                "params": {"degree": [2, 3], "interaction_only": True, "include_bias": False},
            }
        ],
        [{"name": "a__b", "estimator": "sklearn.decomposition.PCA", "params": {"n_components": 1}}],
        [{"name": "c", "estimator": "sklearn.decomposition.PCA", "params": {}}],
        [{"name": "k", "estimator": "sklearn.feature_selection.SelectKBest", "params": {"k": 1}}],
        [{"name": "v", "estimator": "sklearn.feature_selection.VarianceThreshold", "params": {}}],
        [{"name": "t", "estimator": "sklearn.decomposition.TruncatedSVD", "params": {"n_components": 1}}],
        [
            {
                "name": "d",
                "estimator": "sklearn.preprocessing.KBinsDiscretizer",
                "params": {"encode": "onehot-dense", "n_bins": 3},
            },
            {"name": "m", "estimator": "sklearn.preprocessing.MinMaxScaler", "params": {}},
        ],
    ]
)  # fmt: skip
PLAIN: dict[str, Any] = {"impute": "none", "encode": "none", "scale": "none"}


def _columns(*names: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)


def _asked(group: dict[str, Any]) -> dict[str, Any]:
    """As `kinds.features.seen` tells a group: without what is not asked for."""
    return {name: value for name, value in group.items() if value not in (None, [])}


NUMBERS = st.fixed_dictionaries(
    {
        "columns": _columns("n1", "n2", "i2", "b1"),
        "impute": st.just("median"),
        "encode": st.just("none"),
        "scale": st.sampled_from(["none", "standard"]),
        "cross": CROSS,
        "transforms": TRANSFORMS,
        "select": SELECT,
        "reduce": REDUCE,
    }
)
BINNED = st.fixed_dictionaries(
    {
        "columns": _columns("n1", "n2", "i2"),
        "impute": st.just("mean"),
        "bin": BINS,
        "encode": st.sampled_from(["none", "one_hot", "ordinal", "target"]),
        "scale": st.just("none"),
        "cross": CROSS,
        "select": SELECT,
    }
)
CATEGORIES = st.fixed_dictionaries(
    {
        "columns": _columns("i1", "i2", "b1", "s1", "s2"),
        "impute": st.just("none"),
        "encode": st.sampled_from(["one_hot", "ordinal", "target"]),
        "scale": st.just("none"),
        "cross": CROSS,
        "select": SELECT,
        "reduce": REDUCE,
    }
)
DATES = st.fixed_dictionaries(
    {
        "columns": _columns("t1", "d1"),
        "dates": st.sampled_from(
            [
                {"parts": ["month", "weekday"], "cyclic": [], "since": None},
                {"parts": ["year"], "cyclic": ["month"], "since": {"moment": "2020-01-01", "unit": "weeks"}},
            ]
        ),
        "impute": st.just("most_frequent"),
        "encode": st.just("none"),
        "scale": st.sampled_from(["none", "min_max"]),
        "cross": CROSS,
        "reduce": REDUCE,
    }
)
MONTHS = st.just(
    PLAIN
    | {
        "columns": ["d1", "t1"],
        "dates": {"parts": ["quarter", "weekend"], "cyclic": [], "since": None},
        "impute": "most_frequent",
        "encode": "one_hot",
        "cross": {"degree": 2, "keep": True},
    }
)
TEXT = {"weigh": "count", "ngrams": 1, "max_words": 4, "min_rows": 1, "lowercase": True}
WORDS = st.fixed_dictionaries(
    {
        **{name: st.just(value) for name, value in PLAIN.items()},
        "columns": _columns("s1", "s2"),
        "text": st.just(TEXT),
        "select": SELECT,
        "reduce": st.sampled_from([None, {"method": "truncated_svd", "components": 2}]),
    }
)
GROUP = st.one_of(NUMBERS, BINNED, CATEGORIES, DATES, MONTHS, WORDS).map(_asked)
SEEN = st.builds(
    lambda groups, select, reduce, classes: (
        {"groups": groups, "classes": classes}
        | ({"joined": _asked({"select": select, "reduce": reduce})} if select or reduce else {})
    ),
    st.dictionaries(st.sampled_from(["a", "b__c", "d-e"]), GROUP, min_size=1, max_size=3),
    SELECT,
    REDUCE,
    st.sampled_from([[], ["no", "é z", 7]]),
)


@given(SEEN)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_told_is_what_fitting_gives(told: dict[str, Any]) -> None:
    items = columns_out(told, COLUMNS)
    try:
        names = fitted_names(told)
    except (UnfitError, ValueError):
        return  # more columns asked for than there are: feature-step-unfit says so where it is known
    assert agree(items, names), (items, names)
    count = width(items)
    assert count is None or count == len(names)


def test_values_that_are_declared_are_columns_that_are_known() -> None:
    group = PLAIN | {"columns": ["s1", "i1", "b1"], "encode": "one_hot"}
    told = {"groups": {"g": group}}
    items = columns_out(told, COLUMNS)
    assert [item.name for item in items if isinstance(item, Out)] == fitted_names(told)
    assert [item.name for item in items if isinstance(item, Out)] == [
        *("g-1__s1_red", "g-1__s1_light green", "g-1__s1_é"),
        *("g-2__i1_1.0", "g-2__i1_2.0", "g-2__i1_300000.0", "g-2__b1_0.0", "g-2__b1_1.0"),
    ]


def test_means_of_the_label_are_known_whether_or_not_values_are_declared() -> None:
    told = {"groups": {"g": PLAIN | {"columns": ["s1", "s2", "i2"], "encode": "target"}}}
    names = [item.name for item in columns_out(told, COLUMNS) if isinstance(item, Out)]
    assert names == fitted_names(told) == ["g-1__s1", "g-1__s2", "g-2__i2"]
    several = told | {"classes": ["no", 7]}
    names = [item.name for item in columns_out(several, COLUMNS) if isinstance(item, Out)]
    assert names == fitted_names(several)
    assert names[:4] == ["g-1__s1_no", "g-1__s1_7", "g-1__s2_no", "g-1__s2_7"]
    assert width(columns_out(told | {"classes": None}, COLUMNS)) is None


def test_values_that_are_learned_are_known_after_apply() -> None:
    (item,) = columns_out({"groups": {"g": PLAIN | {"columns": ["s2"], "encode": "one_hot"}}}, COLUMNS)
    assert not isinstance(item, Out)
    assert (item.count, item.most, item.of) == (None, None, ("s2",))


@pytest.mark.parametrize("value", [0, 1, -3, 999_999, 1_000_000, 1_234_567, 10_000_001, -16_777_215])
def test_a_number_is_written_as_numpy_writes_a_float32(value: int) -> None:
    assert float32_text(value) == str(np.float32(value))
