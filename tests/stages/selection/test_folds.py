"""Folds divide the training part as the dataset's split keeps rows apart, and alike for every candidate."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlc.drivers._folds import UnfoldableError, folds, in_words

ROWS = 3000


def how(method: str = "hash", column: str | None = "id", **more: Any) -> dict[str, Any]:
    return {
        "purpose": "select",
        "method": method,
        "column": column,
        "count": 5,
        "seed": 0,
        "repeats": 1,
        **more,
    }


def people(rows: int = ROWS) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": range(rows),
            "house": [number // 4 for number in range(rows)],
            "day": [date(2024, 1, 1) + timedelta(days=number // 10) for number in range(rows)],
        }
    )


def test_every_row_is_scored_once_and_never_learned_from_then() -> None:
    made = folds(people(), how())
    assert sorted(np.concatenate([fold.test for fold in made])) == list(range(ROWS))
    for fold in made:
        assert sorted([*fold.train, *fold.test]) == list(range(ROWS))
        assert len(fold.test) == pytest.approx(ROWS / 5, rel=0.15)


def test_appended_rows_move_no_old_one() -> None:
    before, after = folds(people(1000), how()), folds(people(ROWS), how())
    for old, new in zip(before, after, strict=True):
        assert list(old.test) == [row for row in new.test if row < 1000]


def test_the_order_of_the_rows_changes_no_fold() -> None:
    frame = people()
    turned = frame.reverse()
    for one, other in zip(folds(frame, how()), folds(turned, how()), strict=True):
        assert set(frame[one.test]["id"]) == set(turned[other.test]["id"])


@pytest.mark.parametrize("change", [{"seed": 1}, {"purpose": "tune"}])
def test_another_seed_or_purpose_makes_independent_folds(change: dict[str, Any]) -> None:
    one, other = folds(people(), how())[0], folds(people(), how(**change))[0]
    shared = len(set(one.test) & set(other.test)) / len(one.test)
    assert shared == pytest.approx(0.2, abs=0.06)  # as much as chance has it


def test_repeats_divide_anew() -> None:
    made = folds(people(), how(repeats=2))
    assert len(made) == 10
    assert list(made[0].test) != list(made[5].test)


def test_groups_stay_together() -> None:
    frame = people()
    for fold in folds(frame, how("group", "house")):
        assert not set(frame[fold.train]["house"]) & set(frame[fold.test]["house"])


@pytest.mark.parametrize("gap", [None, 10 * 86400])
def test_folds_in_time_learn_from_what_was_before(gap: float | None) -> None:
    frame = people()
    made = folds(frame, how("time", "day", gap=gap))
    assert len(made) == 5
    distance = timedelta(days=10 if gap else 0)
    for fold in made:
        assert frame[fold.train]["day"].max() < frame[fold.test]["day"].min() - distance + timedelta(days=1)  # type: ignore[operator]
    assert [len(fold.train) for fold in made] == sorted(len(fold.train) for fold in made)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(UnfoldableError, match="3 rows are too few for 5 folds"):
        folds(people(3), how())


def test_rows_without_an_id_are_told_apart_by_all_they_hold() -> None:
    frame = pl.DataFrame({"a": [1, 1, 2, 3] * 50, "b": [1, 1, 5, 6] * 50})
    for fold in folds(frame, how(column=None, count=2)):
        assert not set(frame[fold.train].iter_rows()) & set(frame[fold.test].iter_rows())


def test_they_are_said_in_words() -> None:
    assert in_words(how(repeats=3)) == "5 folds by the hash of id, 3 times over"
    assert in_words(how("group", "house")) == "5 folds that keep every house together"
