"""The steps of a feature group give the same numbers in ONNX, to the last bit, whatever comes in."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import polars as pl
import pytest
import skl2onnx
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from mlc.drivers import _convert, _group_misfits, _onnx, _pipeline, _skops, _texts
from mlc.drivers._columns import MISSING_TIME, model_input
from mlc.drivers.features.bins import Bins
from mlc.drivers.features.dates import DateParts
from mlc.drivers.features.kept import Kept
from mlc.drivers.features.projection import Projection
from mlc.drivers.features.step import UnfitError
from mlc.kinds._feature_steps import PART_VALUES
from mlc.kinds.features import seen

COLUMNS: dict[str, dict[str, Any]] = {
    "age": {"type": "number", "values": [], "nullable": True},
    "price": {"type": "number", "values": [], "nullable": False},
    "rooms": {"type": "integer", "values": [], "nullable": False},
    "year": {"type": "integer", "values": [], "nullable": False},
    "owned": {"type": "boolean", "values": [], "nullable": False},
    "town": {"type": "string", "values": ["Bern", "Genève", "Zug"], "nullable": True},
    "kind": {"type": "string", "values": [], "nullable": False},
    "note": {"type": "string", "values": [], "nullable": True},
    "asked": {"type": "datetime", "values": [], "nullable": True},
    "born": {"type": "date", "values": [], "nullable": False},
}
PLAIN: dict[str, Any] = {"impute": "none", "encode": "none", "scale": "none"}
ROWS = 240


def group(*columns: str, **asked: Any) -> dict[str, Any]:
    return PLAIN | {"columns": [*columns]} | asked


def table(rows: int = ROWS, seed: int = 0) -> pl.DataFrame:
    """Rows with ties, steps of a tenth (which float32 rounds both ways), extreme values and missing ones."""
    random = np.random.default_rng(seed)
    tenths = random.integers(0, 40, rows) / 10
    times = [
        datetime(1969, 12, 31, 23, 59, 59, 999_999),
        datetime(2000, 2, 29, 12, 30, 1),
        datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59),
        datetime(2021, 1, 3, 1, 2, 3),
        None,
    ]
    asked = [datetime(2011, 1, 1) + timedelta(minutes=int(one)) for one in random.integers(0, 600_000, rows)]
    found = pl.DataFrame(
        {
            "age": tenths,
            "price": random.lognormal(3, 2, rows) + 1e6,
            "rooms": random.integers(-3, 4, rows),
            "year": random.integers(2009, 2013, rows),
            "owned": random.random(rows) < 0.4,
            "town": random.choice(["Bern", "Genève", "Zug", ""], rows),
            "kind": random.choice(["a", "b", "c d"], rows),
            "note": random.choice(["the sea", "sea and land", "", "no title"], rows),
            "asked": [*times, *asked][:rows],
            "born": [date(1900, 1, 1) + timedelta(days=int(one)) for one in random.integers(0, 40_000, rows)],
        }
    )
    return found.with_columns(pl.when(pl.col("age") == 0.7).then(None).otherwise(pl.col("age")).alias("age"))


def tricky() -> pl.DataFrame:
    """What no row of the training part was: unseen categories, numbers at the ends of float32."""
    usual = table(60, 1)
    most = float(np.finfo(np.float32).max)
    odd = usual.head(6).with_columns(
        age=pl.Series([None, 1e30, -most, most, 1e-40, 0.7]),
        price=pl.Series([0.0, -1e30, 1e6, 1e6 + 0.0625, 16_777_217.0, 0.1]),
        town=pl.Series(["Basel", "", None, "bern", "Zug ", "Bern"]),
        kind=pl.Series(["z", "", "a", "A", "c", "c d"]),
        note=pl.Series([None, "unseen", "SEA", "été", "land land land", "..."]),
    )
    return pl.concat([usual, odd])


def labels(frame: pl.DataFrame) -> NDArray[np.int64]:
    found = (frame["rooms"] + frame["owned"].cast(pl.Int64) * 3 + frame["age"].fill_null(0) > 2).to_numpy()
    return found.astype(np.int64)


def fitted(
    groups: Mapping[str, Any],
    estimator: Any = None,
    joined: Mapping[str, Any] | None = None,
    rows: int = ROWS,
) -> Pipeline:
    used = used_columns(groups)
    train = table(rows)
    model = _pipeline.pipeline(
        groups,
        used,
        model_input(train, used),
        LogisticRegression() if estimator is None else estimator,
        0,
        joined,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what linear models say of numbers that are not scaled
        return model.fit(model_input(train, used), labels(train))


def used_columns(groups: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    named = {column for one in groups.values() for column in one["columns"]}
    return {name: column for name, column in COLUMNS.items() if name in named}


def differing(groups: Mapping[str, Any], joined: Mapping[str, Any] | None = None) -> tuple[NDArray[Any], ...]:
    """What the features make of rows, in scikit-learn and in ONNX."""
    used = used_columns(groups)
    whole = fitted(groups, _Anything(), joined)
    features = _saved(whole)["features"]
    kinds = [(name, _convert._tensor(column["type"])) for name, column in used.items()]
    made = (one for _, _, one in _pipeline.parts_of(features))
    graph = skl2onnx.to_onnx(
        features,
        initial_types=kinds,
        options=_texts.options(made),
        target_opset={"": 15, "ai.onnx.ml": 3},
    )
    rows = model_input(tricky(), used)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, _onnx.feeds(rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.asarray(features.transform(rows), dtype=np.float32)
    assert expected.shape == found.shape
    assert expected.shape[1] == len(features.get_feature_names_out())
    return expected, found


class _Anything(LogisticRegression):  # type: ignore[misc]
    """An estimator that takes what linear models object to: a missing number, an infinite one."""

    def fit(self, table: Any, y: Any) -> _Anything:
        super().fit(np.nan_to_num(np.asarray(table)[:, :1], posinf=0, neginf=0), y)
        return self


def _saved(model: Pipeline) -> Pipeline:
    """The same after it was written to a file and read."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        kept = Pipeline([("features", model["features"]), ("estimator", LogisticRegression())])
        return _skops.load_model(_skops.save_model(kept, Path(folder) / "model.skops"))


EVERY_PART = [*PART_VALUES, "year"]
CYCLIC = ["quarter", "month", "day", "day_of_year", "weekday", "hour", "minute", "second"]
DATES = {"parts": EVERY_PART, "cyclic": CYCLIC, "since": {"moment": "2011-01-01T12:00:00", "unit": "years"}}

EXACT: dict[str, dict[str, Any]] = {
    "dates": {"when": group("asked", dates=DATES)},
    "dates of a day": {
        "when": group("born", dates={"parts": ["year", "week"], "cyclic": ["month"], "since": None})
    },
    "dates of both": {
        "when": group("asked", "born", dates={"parts": ["month"], "cyclic": [], "since": None})
    },
    "dates, imputed and encoded": {
        "when": group(
            "asked",
            dates={"parts": ["weekday", "hour", "weekend"], "cyclic": [], "since": None},
            impute="most_frequent",
            encode="one_hot",
        )
    },
    "dates, binned": {
        "when": group(
            "asked",
            dates={"parts": ["hour"], "cyclic": [], "since": None},
            impute="most_frequent",
            bin={"method": "edges", "edges": [6, 12, 18]},
            encode="one_hot",
        )
    },
    "edges": {"n": group("age", "price", bin={"method": "edges", "edges": [0.1, 0.3, 0.7, 1.1, 1e6, 1e20]})},
    "one edge": {"n": group("age", bin={"method": "edges", "edges": [0.7]})},
    "quantile": {"n": group("age", "price", bin={"method": "quantile", "bins": 7})},
    "quantile of few values": {"n": group("rooms", "owned", bin={"method": "quantile", "bins": 20})},
    "uniform": {"n": group("age", "rooms", bin={"method": "uniform", "bins": 8}, impute="median")},
    "kmeans, encoded": {
        "n": group("age", "rooms", bin={"method": "kmeans", "bins": 4}, impute="mean", encode="one_hot")
    },
    "cross of numbers": {"n": group("age", "price", "rooms", cross={"degree": 3, "keep": True})},
    "cross of categories": {"c": group("town", "kind", encode="one_hot", cross={"degree": 2, "keep": False})},
    "cross of text and truth": {
        "c": group("town", "owned", "kind", encode="one_hot", cross={"degree": 3, "keep": True})
    },
    "cross of date and category": {
        "w": group(
            "asked",
            dates={"parts": ["hour", "weekday"], "cyclic": [], "since": None},
            impute="most_frequent",
            encode="one_hot",
            cross={"degree": 2, "keep": True},
        )
    },
    "select by variance": {
        "n": group("price", "rooms", "owned", select={"method": "variance", "above": 0.3})
    },
    "select by variance, missing": {"n": group("age", "rooms", select={"method": "variance", "above": 0.0})},
    "select words": {
        "t": group(
            "note",
            text={"weigh": "count", "ngrams": 1, "max_words": 20, "min_rows": 1, "lowercase": True},
            select={"method": "best", "columns": 2, "score": "chi2"},
        )
    },
    "select among text and numbers": {
        "n": group(
            "town",
            "rooms",
            encode="one_hot",
            select={"method": "model", "columns": 3, "by": "trees", "of": "classes"},
        )
    },
}


@pytest.mark.parametrize("groups", EXACT.values(), ids=EXACT.keys())
def test_onnx_gives_the_same_numbers(groups: dict[str, Any]) -> None:
    expected, found = differing(groups)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "score", ["f_classif", "mutual_info_classif", "f_regression", "mutual_info_regression"]
)
def test_the_best_are_the_same_in_onnx(score: str) -> None:
    best = {"method": "best", "columns": 2, "score": score}
    expected, found = differing({"n": group("price", "rooms", "owned", select=best)})
    np.testing.assert_array_equal(found, expected)
    assert expected.shape[1] == 2


@pytest.mark.parametrize("of", ["classes", "numbers"])
@pytest.mark.parametrize("by", ["trees", "linear"])
def test_what_a_model_makes_most_of_is_the_same_in_onnx(by: str, of: str) -> None:
    best = {"method": "model", "columns": 1, "by": by, "of": of}
    expected, found = differing({"n": group("price", "rooms", "owned", select=best)})
    np.testing.assert_array_equal(found, expected)


WORDS = {"weigh": "tfidf", "ngrams": 1, "max_words": 20, "min_rows": 1, "lowercase": True}
REDUCED: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "pca": ({"n": group("price", "rooms", "year", reduce={"method": "pca", "components": 2})}, None),
    "pca, whitened": (
        {"n": group("owned", "rooms", scale="standard", reduce={"method": "pca", "components": 2, "whiten": True})},
        None,
    ),
    "pca by variance": (
        {"n": group("rooms", "year", "owned", reduce={"method": "pca", "variance": 0.9})}, None
    ),
    "svd of words": ({"t": group("note", text=WORDS, reduce={"method": "truncated_svd", "components": 2})}, None),
    "svd of two texts": (
        {"t": group("note", "kind", text=WORDS, select={"method": "variance", "above": 0.0},
                    reduce={"method": "truncated_svd", "components": 3})}, None,
    ),
    "random words": (
        {"t": group("note", "kind", text=WORDS, reduce={"method": "random_projection", "components": 3})}, None,
    ),
    "ica": ({"n": group("rooms", "year", "owned", reduce={"method": "ica", "components": 2})}, None),
    "factors": ({"n": group("rooms", "year", "owned", reduce={"method": "factor_analysis", "components": 1})}, None),
    "random": ({"n": group("rooms", "year", "owned", reduce={"method": "random_projection", "components": 2})}, None),
    "all groups": (
        {
            "n": group("rooms", "price", scale="standard"),
            "c": group("town", "kind", encode="one_hot"),
            "t": group("note", text=WORDS),
            "w": group("born", dates={"parts": ["month"], "cyclic": ["month"], "since": None}),
        },
        {
            "select": {"method": "best", "columns": 8, "score": "f_classif"},
            "reduce": {"method": "pca", "components": 4, "whiten": False},
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize(("groups", "joined"), REDUCED.values(), ids=REDUCED.keys())
def test_reductions_give_the_same_numbers_but_for_the_last_bits(
    groups: dict[str, Any], joined: dict[str, Any] | None
) -> None:
    expected, found = differing(groups, joined)
    usual, odd = slice(None, -6), slice(-6, None)  # the odd ones are as large as float32 can be
    spread = expected[usual].std(axis=0)
    assert (np.abs(found[usual] - expected[usual]) <= 1e-6 * spread).all()
    np.testing.assert_allclose(found[odd], expected[odd], rtol=1e-5, atol=1e-5)


def test_a_column_without_a_value_stays_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"parts": ["month"], "cyclic": [], "since": None}
    groups = {"n": group("age", "rooms", impute="median"), "w": group("asked", dates=parts, impute="mean")}
    whole = table()
    empty = whole.with_columns(age=pl.lit(None, pl.Float64), asked=pl.lit(None, pl.Datetime("us")))
    monkeypatch.setattr(
        "stages.drivers.test_feature_steps.table", lambda rows=ROWS, seed=0: (whole if seed else empty)[:rows]
    )
    expected, found = differing(groups)
    np.testing.assert_array_equal(found, expected)
    assert expected.shape[1] == 3


def test_the_mean_of_categories_is_still_another_one_in_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"parts": ["weekday", "hour"], "cyclic": [], "since": None}
    groups = {"w": group("asked", dates=parts, impute="mean", encode="one_hot")}
    with pytest.raises(UnfitError, match="between two of them"):
        fitted(groups)
    monkeypatch.setattr(_group_misfits, "refuse", lambda *_: None)
    expected, found = differing(groups)
    assert (expected != found).any()


def test_a_projection_is_right_where_the_library_s_own_form_is_not() -> None:
    random = np.random.default_rng(0)
    values = (random.normal(size=(500, 3)) + 100_000).astype(np.float32)
    own = PCA(2, svd_solver="full").fit(values.astype(np.float64))
    ours = Projection("pca", components=2).fit(values).transform(values)
    exact = own.transform(values.astype(np.float64))
    assert np.abs(ours - exact).max() < 1e-5
    graph = skl2onnx.to_onnx(PCA(2, svd_solver="full").fit(values), values[:1], target_opset=15)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (wrong,) = session.run(None, {graph.graph.input[0].name: values})
    theirs = PCA(2, svd_solver="full").fit(values).transform(values)
    assert np.abs(wrong - theirs).max() > 1e-3


def test_trees_see_the_same_after_a_reduction(tmp_path: Path) -> None:
    since = {"moment": "1950-01-01", "unit": "years"}
    groups = {
        "n": group("price", "rooms", "year", reduce={"method": "pca", "components": 3}),
        "w": group("born", dates={"parts": [], "cyclic": ["month"], "since": since}),
    }
    model = fitted(groups, RandomForestClassifier(20, random_state=0))
    assert _parity(model, groups, tmp_path) < 1e-6


def test_a_whole_model_of_every_step_says_the_same(tmp_path: Path) -> None:
    parts = {"parts": ["hour"], "cyclic": ["weekday"], "since": None}
    groups = {
        "n": group("age", "rooms", impute="median", bin={"method": "quantile", "bins": 4}, encode="one_hot"),
        "c": group("town", "owned", encode="one_hot", cross={"degree": 2, "keep": True}),
        "w": group("asked", dates=parts, impute="median", scale="standard"),
        "t": group("note", "kind", text=WORDS, reduce={"method": "truncated_svd", "components": 3}),
    }
    model = fitted(groups, joined={"select": {"method": "best", "columns": 12, "score": "f_classif"}})
    assert _parity(model, groups, tmp_path) < 1e-6
    once = _skops.save_model(model, tmp_path / "one.skops").read_bytes()
    again = fitted(groups, joined={"select": {"method": "best", "columns": 12, "score": "f_classif"}})
    assert _skops.save_model(again, tmp_path / "two.skops").read_bytes() == once


def _parity(model: Pipeline, groups: dict[str, Any], folder: Path) -> float:
    """The largest difference of a probability."""
    used = used_columns(groups)
    path = folder / "model.onnx"
    path.write_bytes(_convert.to_onnx(model, used, 21))
    frame = tricky()
    found = _onnx.score(_onnx.open_session(path), frame, used).probabilities
    assert found is not None
    return float(np.abs(found - model.predict_proba(model_input(frame, used))).max())


@given(st.lists(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)) | st.none(), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_parts_are_those_of_python_s_calendar(times: list[datetime | None]) -> None:
    frame = pl.DataFrame({"asked": pl.Series(times, dtype=pl.Datetime("us"))})
    rows = model_input(frame, {"asked": COLUMNS["asked"]})
    parts = [part for part in EVERY_PART if part not in ("weekend",)]
    made = DateParts(parts).fit(rows)
    expected = [
        [np.nan] * len(parts) if one is None else [_python(part, one) for part in parts] for one in times
    ]
    np.testing.assert_array_equal(made.transform(rows), np.array(expected, np.float32))
    np.testing.assert_array_equal(
        _CALENDAR.run(None, {"asked": rows.to_numpy()})[0], np.array(expected, np.float32)
    )


def _python(part: str, one: datetime) -> int:
    match part:
        case "quarter":
            return (one.month + 2) // 3
        case "week":
            return one.isocalendar().week
        case "day_of_year":
            return one.timetuple().tm_yday
        case "weekday":
            return one.weekday()
    return int(getattr(one, part))


def _calendar() -> onnxruntime.InferenceSession:
    rows = model_input(table(20).select("asked"), {"asked": COLUMNS["asked"]})
    made = DateParts([part for part in EVERY_PART if part != "weekend"]).fit(rows)
    graph = skl2onnx.to_onnx(
        Pipeline([("dates", made)]),
        initial_types=[("asked", _convert._tensor("datetime"))],
        target_opset={"": 15, "ai.onnx.ml": 3},
    )
    return onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


_CALENDAR = _calendar()


def test_a_time_is_whole_seconds_since_1970() -> None:
    frame = pl.DataFrame(
        {
            "asked": [datetime(1970, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 500_000), None],
            "born": [date(1970, 1, 2), date(1969, 12, 31), date(2000, 1, 1)],
        }
    )
    found = model_input(frame, {name: COLUMNS[name] for name in ("asked", "born")})
    assert found["asked"].to_list() == [0, -1, MISSING_TIME]
    assert found["born"].to_list() == [86400, -86400, int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())]


def test_edges_are_float32_so_that_a_tie_falls_to_the_bin_above() -> None:
    edges = [0.1, 0.3, 0.7]  # 0.7 is rounded down, the others up
    on_them = np.array([[one] for one in edges], np.float32)
    assert Bins("edges", edges=edges).fit(on_them).transform(on_them).ravel().tolist() == [1, 2, 3]


def test_bins_that_would_be_empty_are_columns_nonetheless() -> None:
    groups = {"n": group("owned", bin={"method": "quantile", "bins": 5}, encode="one_hot")}
    names = fitted(groups)["features"].get_feature_names_out()
    assert [*names] == [f"n__owned_bin_{number}.0" for number in range(5)]


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (Kept("variance", above=1e9, path="p"), "p.above"),
        (Kept("best", columns=4, path="p"), "p.columns"),
        (Projection("pca", components=4, path="p"), "p.components"),
    ],
    ids=["variance", "best", "components"],
)
def test_what_cannot_be_done_is_said_with_the_field(step: Any, path: str) -> None:
    values = np.arange(12, dtype=np.float32).reshape(6, 2)
    with pytest.raises(UnfitError, match="columns") as refused:
        step.fit(values, np.arange(6) % 2)
    assert refused.value.path == path


def test_large_whole_numbers_that_float32_runs_together_are_refused() -> None:
    columns = {"rooms": COLUMNS["rooms"] | {"values": [16_777_216, 16_777_217]}}
    rows = pl.DataFrame({"rooms": [1.0]}, schema={"rooms": pl.Float32})
    with pytest.raises(UnfitError, match="run together"):
        _pipeline.pipeline({"n": group("rooms", encode="one_hot")}, columns, rows, LogisticRegression(), 0)


def test_a_step_is_told_what_the_label_is() -> None:
    select = {"method": "model", "columns": 1, "by": "trees"}
    view = {
        "groups": {"n": PLAIN | {"columns": ["age"], "transforms": {}, "select": select}},
        "select": {"method": "best", "columns": 1, "score": "linear"},
        "reduce": None,
    }
    assert seen(view, "regression")["joined"]["select"]["score"] == "f_regression"
    assert seen(view, "multiclass_classification")["groups"]["n"]["select"]["of"] == "classes"
