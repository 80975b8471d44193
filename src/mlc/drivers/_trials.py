"""One trial: a choice of parameters scored on folds, in this process or in one of several beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from msgspec import Struct, structs

from mlc import forking
from mlc.ir.choice import Trial


class Asked(Struct, frozen=True):
    """A trial to do. `within` is the fold of `how` whose training rows alone are used, where a search is nested.

    `spec` has what `_fitting.fit` takes, `task` and the label; `folds` says how the rows are divided, and `stop_at`
    the mean, fold by fold, that a trial must not be worse than to go on.
    """

    number: int
    path: Path
    spec: Mapping[str, Any]
    params: dict[str, Any]
    folds: Mapping[str, Any]
    metric: str
    better: Literal["higher", "lower"]
    stop_at: Sequence[float]
    within: tuple[Mapping[str, Any], int] | None = None


_LEARNED = ("task", "label", "positive", "classes")
"""What of a specification says what is learned."""

Run = Callable[[Sequence[Asked]], Iterator[Trial]]
"""Does trials, and gives each as it is over."""


@contextmanager
def workers(count: int) -> Iterator[Run]:
    """Trials side by side in `count` processes; one after the other in this process where that is 1.

    To be entered before this process has used Polars, whose threads a fork must not copy. The processes die with
    this one. Raises BrokenProcessPool where one of them is killed.
    """
    if count < 2:
        yield lambda asked: map(tried, asked)
        return
    context = get_context("fork" if forking.is_safe() else "spawn")
    with ProcessPoolExecutor(count, context, forking.die_with, (os.getpid(),)) as pool:
        pool.submit(os.getpid).result()  # the processes are made now
        yield lambda asked: (
            done.result() for done in as_completed([pool.submit(tried, one) for one in asked])
        )


def tried(asked: Asked, told: Callable[[float], None] = lambda _: None) -> Trial:
    """The trial, done. After each fold the mean so far is `told`."""
    from threadpoolctl import threadpool_limits

    from mlc.drivers import _fitting, _fold_scores
    from mlc.drivers._learning import LIBRARY_ERRORS, quiet, rows_of, said_by

    frame, labels, known, folds = _rows(
        asked.path,
        json.dumps([{key: asked.spec.get(key) for key in _LEARNED}, asked.within, asked.folds]),
    )
    spec = {**asked.spec, "params": {**asked.spec["params"], **asked.params}}
    scores: list[float] = []
    trial = Trial(asked.number, asked.params, "complete")
    for number, fold in enumerate(folds):
        try:
            with threadpool_limits(1), quiet():
                learned = rows_of(labels, fold.train)
                _fitting.refuse_missing(learned, spec)
                model = _fitting.fit(frame[fold.train], learned, spec)
                answers = _fitting.predict(model, frame[fold.test], spec, rows_of(known, fold.test))
        except LIBRARY_ERRORS as error:
            return structs.replace(trial, state="failed", scores=scores, reason=said_by(error))
        score = _fold_scores.score(asked.metric, answers)
        if score is None:
            reason = f"{asked.metric} is not defined on one of its folds."
            return structs.replace(trial, state="failed", scores=scores, reason=reason)
        scores.append(score)
        told(fmean(scores))
        if (
            number < len(folds) - 1
            and number < len(asked.stop_at)
            and is_worse(fmean(scores), asked.stop_at[number], asked.better)
        ):
            return structs.replace(trial, state="pruned", scores=scores)
    return structs.replace(trial, scores=scores, value=fmean(scores))


def is_worse(score: float, than: float, better: str) -> bool:
    return score < than if better == "higher" else score > than


@lru_cache(maxsize=1)
def _rows(path: Path, asked: str) -> tuple[Any, Any, Any, Any]:
    """The rows of a search with what is learned, what is true and the folds; a process does many trials of one search
    in a row."""
    import polars as pl

    from mlc.drivers._folds import folds
    from mlc.drivers._learning import target, truth

    learned, within, how = json.loads(asked)
    frame = pl.read_parquet(path)
    if within is not None:
        around, number = within
        frame = frame[folds(frame, around)[number].train]
    return frame, target(frame, learned), truth(frame, learned), folds(frame, how)
