"""What a model says of rows that it learned from: each by a model that had not learned from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlc.drivers import _feeding, _recipes, feeding, out_of_fold, predicting
from mlc.drivers._folds import folds
from mlc.ir.operation import StepFailed
from stages.feeding.rows import FOLDS, LINEAR, TREE, fed, feed, frame, learned, recipe, work

INNER = FOLDS | {"purpose": "feed 1"}


def told(folder: Path, rows: pl.DataFrame, *feeds: dict[str, Any], how: dict[str, Any] = FOLDS) -> Any:
    given = _recipes.Given(work(folder, "predict", {}))
    return _recipes.out_of_fold(rows, feeds, how, given).to_numpy()


def test_each_row_is_told_of_by_a_model_of_the_other_folds(tmp_path: Path) -> None:
    rows, member = frame(), feed("risk", recipe(TREE))
    found = told(tmp_path, rows, member)
    for fold in folds(rows, FOLDS):
        model = learned(tmp_path, member["recipe"], rows[fold.train])
        assert np.array_equal(found[fold.test], _feeding.says(member, model, rows[fold.test]))


@pytest.mark.parametrize("nested", [False, True])
def test_a_rows_own_label_changes_nothing_that_is_said_of_it(tmp_path: Path, nested: bool) -> None:
    """The definition of no leak: a tree that knows its rows by heart is asked, also one that feeds on another."""
    made_by = recipe(TREE)
    if nested:
        made_by = {**fed(recipe(TREE), feed("base", recipe(TREE))), "folds": INNER}
    rows = frame(160)
    before = told(tmp_path, rows, feed("risk", made_by))
    for place in (3, 50, 121):
        flipped = rows.with_columns(
            two=pl.when(pl.int_range(pl.len()) == place).then(1 - pl.col("two")).otherwise("two")
        )
        after = told(tmp_path, flipped, feed("risk", made_by))
        assert after[place] == before[place]
        whole = learned(tmp_path, recipe(TREE), flipped)
        own = _feeding.says(feed("risk", recipe(TREE)), whole, flipped)
        assert own[place] == flipped["two"][place]  # one that was told says so


def test_a_tree_that_knows_its_rows_by_heart_is_not_believed(tmp_path: Path) -> None:
    """Learned from its own answers about rows that it knows, the head would trust the tree alone."""
    rows, feeds = frame(400), (feed("tree", recipe(TREE)), feed("line", recipe(LINEAR)))
    honest = learned(tmp_path, fed(recipe(LINEAR), *feeds, own=False), rows)["estimator"]
    known = np.hstack([_feeding.says(one, learned(tmp_path, one["recipe"], rows), rows) for one in feeds])
    naive = type(honest)().fit(known, rows["two"].to_numpy())
    assert honest.coef_[0, 0] < 0.5 * naive.coef_[0, 0]


def test_folds_in_time_leave_out_the_first_rows(tmp_path: Path) -> None:
    rows, how = frame(), {**FOLDS, "method": "time", "column": "id", "gap": 0}
    paths = {"train": tmp_path / "train.parquet"}
    rows.write_parquet(paths["train"])
    spec = {"feed": feed("risk", recipe()), "folds": how, "path": "predictions.risk"}
    product = out_of_fold.run(work(tmp_path, "out_of_fold", spec, **paths))
    assert product.summary["rows"] == rows.height * 4 // 5
    paths["predictions-risk"] = product.outputs["predictions"]
    extended = feeding.run(work(tmp_path, "feeding", {"feeds": ["risk"]}, **paths))
    assert extended.summary == {"rows": 192, "left_out": 48}
    written = pl.read_parquet(extended.outputs["train"])
    assert written["id"].to_list() == list(range(48, 240))
    assert written["risk"].dtype == pl.Float32


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (frame(4), "too few for 4 folds"),
        (frame(240).with_columns(two=(pl.col("id") == 5).cast(pl.Int64)), "could not be trained on some"),
    ],
)
def test_rows_that_cannot_be_divided_are_said_to_be(tmp_path: Path, rows: pl.DataFrame, said: str) -> None:
    rows.write_parquet(tmp_path / "train.parquet")
    spec = {"feed": feed("risk", recipe()), "folds": FOLDS, "path": "predictions.risk"}
    with pytest.raises(StepFailed) as raised:
        out_of_fold.run(work(tmp_path, "out_of_fold", spec, train=tmp_path / "train.parquet"))
    (one,) = raised.value.diagnostics
    assert (one.rule, one.path) == ("feeding-failed", "predictions.risk")
    assert said in one.detail


def test_a_model_of_another_dataset_is_asked_as_it_is(tmp_path: Path) -> None:
    found = predicting.run(asked(tmp_path, first=240)).outputs["predictions"]
    model = learned(tmp_path, recipe(), frame())
    said = _feeding.says(feed("risk", recipe()), model, frame(seed=5))
    assert np.array_equal(pl.read_parquet(found)["risk"].to_numpy(), said[:, 0])


@pytest.mark.parametrize(("first", "part"), [(200, "train"), (0, "test")])
def test_an_id_on_both_sides_is_refused(tmp_path: Path, first: int, part: str) -> None:
    with pytest.raises(StepFailed) as raised:
        predicting.run(asked(tmp_path, first, proving=first != 0))
    (one,) = raised.value.diagnostics
    assert one.rule == "feeding-failed"
    assert f"`id` is also in the {part} part" in one.detail
    assert one.help.startswith("Take the shared rows out")


def asked(folder: Path, first: int, *, proving: bool = False) -> Any:
    """A model of 240 rows, asked about others whose ids start at `first` (in the train part), or in the test part."""
    from mlc.drivers._skops import save_model

    paths = {name: folder / f"{name}.parquet" for name in ("train", "test", "learned-past")}
    frame().write_parquet(paths["learned-past"])
    moved = {"train": first if first else 1000, "test": 3000 if first or proving else 0}
    for part, start in moved.items():
        frame(seed=5).with_columns(id=pl.col("id") + start).write_parquet(paths[part])
    model = save_model(learned(folder, recipe(), frame()), folder / "model.skops")
    bare = {key: value for key, value in feed("risk", recipe()).items() if key != "recipe"}
    spec = {"feed": bare, "ids": {"past": "id"}, "path": "predictions.risk"}
    return work(folder, "predicting", spec, model=model, **paths)
