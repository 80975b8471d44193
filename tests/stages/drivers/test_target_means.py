"""`encode: target` is scikit-learn's TargetEncoder, tells no row its own label, and is the same in ONNX."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import polars as pl
import pytest
import skl2onnx
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import TargetEncoder

from mlc.drivers import _convert, _fitting, _forms, _onnx, _skops
from mlc.drivers._columns import model_input
from mlc.drivers._folds import folds, parts
from mlc.drivers.features.means import Means, crossed
from mlc.drivers.features.step import UnfitError
from mlc.ir.task import TASKS

ROWS = 300
COLUMNS: dict[str, dict[str, Any]] = {
    "town": {"type": "string", "values": [], "nullable": True},
    "plan": {"type": "string", "values": ["a", "b", "never seen"], "nullable": False},
    "rooms": {"type": "integer", "values": [], "nullable": True},
    "owned": {"type": "boolean", "values": [], "nullable": True},
    "age": {"type": "number", "values": [], "nullable": True},
    "asked": {"type": "datetime", "values": [], "nullable": True},
}
PLAIN: dict[str, Any] = {"impute": "none", "encode": "target", "scale": "none"}
CROSSING = {"purpose": "encode", "count": 5, "seed": 3, "method": "hash", "column": "id"}
OF_TASK: dict[str, dict[str, Any]] = {
    "binary_classification": {
        "estimator": "sklearn.linear_model.LogisticRegression", "label": "left", "positive": 1,
    },
    "multiclass_classification": {
        "estimator": "sklearn.linear_model.LogisticRegression", "label": "kind", "classes": ["x", "y", "z"],
    },
    "regression": {"estimator": "sklearn.linear_model.Ridge", "label": "price"},
}  # fmt: skip


def rows(count: int = ROWS) -> pl.DataFrame:
    """Rows with rare categories (a town of one row), missing ones, and labels that follow them."""
    random = np.random.default_rng(0)

    def drawn(*values: Any) -> list[Any]:
        return [values[place] for place in random.integers(0, len(values), count)]

    frame = pl.DataFrame(
        {
            "id": np.arange(count),
            "town": drawn("Bern", "Bern", "Bern", "Bern", "Genève", "Genève", "Zug", "été", None),
            "plan": drawn("a", "b"),
            "rooms": drawn(-3, 0, 1, 7, 300_000, None),
            "owned": drawn(True, False, None),
            "age": drawn(0.1, 0.7, 20.5, 31.0, None),
            "firm": random.integers(0, 40, count),
        },
        schema_overrides={"rooms": pl.Int64, "owned": pl.Boolean, "age": pl.Float64},
    )
    frame = frame.with_columns(
        pl.when(pl.col("id") == 5).then(pl.lit("alone")).otherwise(pl.col("town")).alias("town"),
        asked=pl.datetime(2020, 1, 1) + pl.duration(hours=pl.col("id") * 31),
    )
    score = (
        frame["rooms"].fill_null(2).clip(-3, 9) + (frame["town"].fill_null("") == "Zug").cast(pl.Int64) * 5
    )
    noisy = score.to_numpy() + random.normal(size=count) * 3
    return frame.with_columns(
        left=pl.Series((noisy > 3).astype(np.int64)),
        kind=pl.Series(np.array(["x", "y", "z"])[np.digitize(noisy, [0, 5])]),
        price=pl.Series(noisy * 1e5 + 0.1),
    )


def odd() -> pl.DataFrame:
    """Missing and unseen categories, what is nearly one, and numbers at the ends of float32."""
    frame = rows().head(9)
    return frame.with_columns(
        town=pl.Series([None, "", "Basel", "bern", "Zug ", "alone", "Genève", "Gene\u0300ve", "été"]),
        plan=pl.Series(["never seen", "A", "a", "", "b", "a\0", "é", "never", "b"]),
        rooms=pl.Series([None, 300_001.0, -0.0, 0.5, 7.0000005, -3.0, 1e30, -1e-40, float("nan")]),
        owned=pl.Series([None, True, False, True, True, False, None, True, False]),
        age=pl.Series([None, 1e30, -1e30, 0.7, 0.1, 20.5, 30.99999, 31.0, float("nan")]),
        asked=pl.Series([None, *frame["asked"][1:]]),
    )


GROUPS: dict[str, dict[str, Any]] = {
    "text": {"g": PLAIN | {"columns": ["town", "plan"]}},
    "numbers": {"g": PLAIN | {"columns": ["rooms", "owned"]}},
    "both, crossed": {
        "g": PLAIN | {"columns": ["town", "rooms", "plan"], "cross": {"degree": 2, "keep": True}}
    },
    "bins": {"g": PLAIN | {"columns": ["age"], "bin": {"method": "quantile", "bins": 3}}},
    "parts of dates": {
        "g": PLAIN | {"columns": ["asked"], "dates": {"parts": ["hour", "weekday"], "cyclic": [], "since": None}}
    },
    "imputed": {"g": PLAIN | {"columns": ["town", "rooms"], "impute": "most_frequent"}},
}  # fmt: skip


def spec(task: str, groups: dict[str, Any]) -> dict[str, Any]:
    named = {column for group in groups.values() for column in group["columns"]}
    columns = {name: column for name, column in COLUMNS.items() if name in named}
    asked = {
        "task": task,
        "columns": columns,
        "groups": groups,
        "params": {},
        "seed": 0,
        "crossing": CROSSING,
    }
    return asked | OF_TASK[task]


def labels(frame: pl.DataFrame, task: str) -> NDArray[Any]:
    found = frame[OF_TASK[task]["label"]]
    if task == "multiclass_classification":
        found = found.replace_strict({"x": 0, "y": 1, "z": 2})
    return np.asarray(found.to_numpy())


def mean_of(column: pl.Series) -> np.float32:
    return np.float32(np.mean(column.to_numpy()))


def fitted(task: str, groups: dict[str, Any], frame: pl.DataFrame | None = None) -> Pipeline:
    used = rows() if frame is None else frame
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what linear models say of products that are not scaled
        return _fitting.fit(used, labels(used, task), spec(task, groups))


@pytest.mark.parametrize("task", OF_TASK)
@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS.keys())
def test_onnx_gives_the_same_numbers(task: str, groups: dict[str, Any], tmp_path: Path) -> None:
    model = _skops.load_model(_skops.save_model(fitted(task, groups), tmp_path / "model.skops"))
    used = spec(task, groups)["columns"]
    graph = skl2onnx.to_onnx(
        model["features"],
        initial_types=[(name, _convert._tensor(column["type"])) for name, column in used.items()],
        target_opset={"": 15, "ai.onnx.ml": 3},
    )
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    for frame in (rows(), odd()):
        table = model_input(frame, used)
        (found,) = session.run(None, _onnx.feeds(table))
        np.testing.assert_array_equal(found, model["features"].transform(table))
        assert not np.isnan(found).any()
    assert found.shape[1] == len(model["features"].get_feature_names_out())


@pytest.mark.parametrize("task", OF_TASK)
def test_a_whole_model_says_the_same_and_is_the_same_bytes(task: str, tmp_path: Path) -> None:
    groups = {"g": PLAIN | {"columns": ["town", "rooms", "plan"], "scale": "standard"}}
    model = fitted(task, groups)
    used = spec(task, groups)["columns"]
    path = tmp_path / "model.onnx"
    path.write_bytes(
        _convert.to_onnx(model, used, 21, TASKS[task], spec(task, groups).get("classes", (0, 1)))
    )
    table = model_input(odd(), used)
    found = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(
        None, _onnx.feeds(table)
    )
    if task == "regression":
        np.testing.assert_allclose(found[0].ravel(), model.predict(table), rtol=1e-5)
    else:
        np.testing.assert_allclose(found[1], model.predict_proba(table), atol=1e-6)
    once = _skops.save_model(model, tmp_path / "one.skops").read_bytes()
    assert _skops.save_model(fitted(task, groups), tmp_path / "two.skops").read_bytes() == once


@pytest.mark.parametrize("task", OF_TASK)
def test_it_is_scikit_learn_s_own_on_the_same_folds(task: str) -> None:
    frame = rows().with_columns(pl.col("town").fill_null("none"), pl.col("rooms").fill_null(0))
    y, several = labels(frame, task), task == "multiclass_classification"
    table = frame.select("town", "plan").to_numpy()
    kind = {"regression": "continuous"}.get(task, task.partition("_")[0])
    cv = [(fold.train, fold.test) for fold in folds(frame, CROSSING | {"repeats": 1})]
    theirs = TargetEncoder(target_type=kind, cv=cv)
    ours = Means(
        [np.array(sorted({*column}), object) for column in table.T], ["x", "y", "z"] if several else []
    )
    with crossed(parts(frame, CROSSING, OF_TASK[task]["label"])):
        found = ours.fit_transform(table, y)
    np.testing.assert_array_equal(found, theirs.fit_transform(table, y).astype(np.float32))
    unseen = np.array([["Basel", "b"], ["alone", "c"]], object)
    np.testing.assert_array_equal(ours.transform(unseen), theirs.transform(unseen).astype(np.float32))


def encoded(frame: pl.DataFrame, task: str, groups: dict[str, Any], how: dict[str, Any]) -> NDArray[Any]:
    """What the estimator sees of the rows that it learns from."""
    seen: list[NDArray[Any]] = []

    class Watching:
        def fit(self, table: NDArray[Any], y: Any) -> Watching:
            seen.append(np.array(table))
            return self

    asked = spec(task, groups) | {"crossing": how}
    _fitting.plain(frame, labels(frame, task), asked, lambda *_: Watching())
    return seen[0]


HOWS: dict[str, dict[str, Any]] = {
    "by id": CROSSING,
    "whole rows": CROSSING | {"column": None},
    "groups": CROSSING | {"method": "group", "column": "firm"},
}


@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS.keys())
@pytest.mark.parametrize("task", ["binary_classification", "regression"])
def test_a_row_that_is_learned_from_is_told_nothing_of_its_own_label(task: str, how: dict[str, Any]) -> None:
    frame, label = rows().drop("kind"), OF_TASK[task]["label"]
    frame = frame.drop({"left", "price"} - {label})
    before = encoded(frame, task, GROUPS["text"], how)
    for row in (0, 5, 17):
        changed = frame.with_columns(
            pl.when(pl.int_range(pl.len()) == row)
            .then(1 - pl.col(label))
            .otherwise(pl.col(label))
            .alias(label)
        )
        after = encoded(changed, task, GROUPS["text"], how)
        np.testing.assert_array_equal(after[row], before[row])
        assert (after != before).any()
        if how["method"] == "group":  # nor anything of the labels of its group
            same = (frame["firm"] == frame["firm"][row]).to_numpy()
            np.testing.assert_array_equal(after[same], before[same])


def _spied(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[NDArray[Any]]]:
    given: list[NDArray[Any]] = []
    own = Means.transform

    def transform(self: Means, table: Any) -> Any:
        given.append(own(self, table))
        return given[-1]

    monkeypatch.setattr(Means, "transform", transform)
    yield given


@pytest.mark.parametrize("method", ["alone", "stacking", "calibrated"])
def test_a_row_that_is_held_out_is_encoded_without_its_label(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each fold of a comparison, of a stack and of a calibration features are fitted anew."""
    how = CROSSING | {"purpose": "select", "repeats": 1}
    member = {"estimator": "sklearn.linear_model.LogisticRegression", "params": {}, "seed": 0}
    asked = spec("binary_classification", GROUPS["text"])
    if method == "stacking":
        asked |= {
            "ensemble": {
                "method": "stacking",
                "members": [{"name": "a", **member}],
                "final": member,
                "folds": how | {"purpose": "stack"},
            }
        }
    if method == "calibrated":
        asked |= {"calibrate": {"method": "sigmoid", "folds": how | {"purpose": "calibrate"}}}

    def held_out(frame: pl.DataFrame) -> list[NDArray[Any]]:
        """What is made of the rows of each fold that is held out."""
        given.clear()
        if method == "alone":
            for fold in folds(frame, how):
                model = _fitting.fit(frame[fold.train], labels(frame, asked["task"])[fold.train], asked)
                _fitting.predict(model, frame[fold.test], asked, None)
        else:
            _fitting.fit(frame, labels(frame, asked["task"]), asked)
        return list(given)

    (given,) = _spied(monkeypatch)
    frame = rows()
    inner = folds(frame, how if method == "alone" else (asked.get("calibrate") or asked["ensemble"])["folds"])
    row = int(inner[0].test[4])
    flipped = frame.with_columns(
        pl.when(pl.int_range(pl.len()) == row)
        .then(1 - pl.col("left"))
        .otherwise(pl.col("left"))
        .alias("left")
    )
    before, after = held_out(frame), held_out(flipped)
    sizes = [len(fold.test) for fold in inner]
    outside = [place for place, one in enumerate(before) if len(one) in sizes]
    first = next(place for place in outside if len(before[place]) == sizes[0])
    np.testing.assert_array_equal(after[first], before[first])
    assert any((after[place] != before[place]).any() for place in outside if place != first)


def test_missing_and_unseen_categories_have_the_mean_of_all() -> None:
    frame = rows()
    model = fitted("regression", GROUPS["text"])
    rest = model_input(odd(), spec("regression", GROUPS["text"])["columns"])
    found = model["features"].transform(rest)
    mean = mean_of(frame["price"])
    assert (found[[0, 1, 2, 3, 4, 7], 0] == mean).all()
    assert (found[[5, 6, 8], 0] != mean).all()
    assert (found[[0, 1, 3, 5, 6, 7], 1] == mean).all()


def test_a_category_of_one_row_tells_it_nothing() -> None:
    made = encoded(rows(), "regression", GROUPS["text"], CROSSING)
    known = rows()["price"]
    where = parts(rows(), CROSSING, "price")
    others = known.filter(pl.Series(where != where[5]))
    assert made[5, 0] == mean_of(others)


def test_columns_of_classes_are_named_by_them() -> None:
    model = fitted("multiclass_classification", {"g": PLAIN | {"columns": ["town", "rooms"]}})
    assert [*model["features"].get_feature_names_out()] == [
        *("g-1__town_x", "g-1__town_y", "g-1__town_z", "g-2__rooms_x", "g-2__rooms_y", "g-2__rooms_z")
    ]
    table = model_input(odd(), {name: COLUMNS[name] for name in ("town", "rooms")})
    overall = [(rows()["kind"] == one).mean() for one in "xyz"]
    np.testing.assert_array_equal(model["features"].transform(table)[0, :3], np.array(overall, np.float32))


def test_a_column_without_a_value_is_the_mean_everywhere(tmp_path: Path) -> None:
    frame = rows().with_columns(town=pl.lit(None, pl.String), rooms=pl.lit(None, pl.Int64))
    groups = {"g": PLAIN | {"columns": ["town", "rooms"]}}
    model = fitted("binary_classification", groups, frame)
    path = tmp_path / "model.onnx"
    path.write_bytes(_convert.to_onnx(model, spec("binary_classification", groups)["columns"], 21))
    table = model_input(odd(), spec("binary_classification", groups)["columns"])
    assert (model["features"].transform(table) == mean_of(frame["left"])).all()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(
        session.run(None, _onnx.feeds(table))[1], model.predict_proba(table), atol=1e-6
    )


def test_a_form_of_8_bits_leaves_the_means_alone(tmp_path: Path) -> None:
    groups = {"g": PLAIN | {"columns": ["town", "rooms", "plan"]}}
    model, used = fitted("binary_classification", groups), spec("binary_classification", groups)["columns"]
    base = tmp_path / "model.onnx"
    base.write_bytes(_convert.to_onnx(model, used, 21))
    table = model_input(rows(), used)
    made = onnxruntime.InferenceSession(
        _forms._quantised(base, tmp_path, "dynamic", dict), providers=["CPUExecutionProvider"]
    )
    np.testing.assert_allclose(made.run(None, _onnx.feeds(table))[1], model.predict_proba(table), atol=1e-6)


def test_rows_that_are_all_in_one_fold_are_refused_at_the_field() -> None:
    frame = rows().with_columns(firm=pl.lit(1))
    asked = spec("regression", GROUPS["text"]) | {"crossing": HOWS["groups"]}
    with pytest.raises(UnfitError, match="of one group") as refused:
        _fitting.fit(frame, labels(frame, "regression"), asked)
    assert refused.value.path == "features.groups.g.encode"


def test_without_a_label_it_is_refused_at_the_field() -> None:
    with pytest.raises(UnfitError, match="needs a label") as refused:
        Means([np.array(["a"], object)], path="p").fit(np.array([["a"]], object))
    assert refused.value.path == "p"
