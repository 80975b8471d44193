"""Scores a candidate on the folds of the training part: everything fitted within each fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from threadpoolctl import threadpool_limits

from mlc.drivers import _fitting, _fold_scores
from mlc.drivers._canonical import canonical
from mlc.drivers._folds import Fold, UnfoldableError, folds, in_words
from mlc.drivers._learning import LIBRARY_ERRORS, quiet, rows_of, said_by, target, told, truth
from mlc.drivers._pipeline import UnfitError
from mlc.ir.choice import Chosen, FoldRows, Scores, Search
from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import selection_impossible

Tuned = Callable[[int, int], Search]
"""The search for parameters within a fold's training rows: from the fold's number and how many folds there are."""


def score(work: Work, tuned: Tuned | None = None, make: _fitting.Build = _fitting.build) -> Product:
    """Output `scores` (JSON, see `mlc.ir.choice.Scores`). `make` builds the estimator. Raises StepFailed
    (selection-impossible); of the project's own code, what that raises."""
    spec, address = work.spec, work.operation.address
    candidate = Chosen(**spec["candidate"])
    path = f"candidates.{candidate.name}" if candidate.name != "train" else "train"
    frame, labels, known, parts = prepared(work, path)
    found: list[dict[str, float | None]] = []
    searches: list[Search] = []
    warned: set[str] = set()
    for number, fold in enumerate(parts):
        params = candidate.params
        if tuned is not None:
            searches.append(tuned(number, len(parts)))
            params = {**params, **searches[-1].trials[searches[-1].best].params}
        work.tell(f"{candidate.name}: fold {number + 1} of {len(parts)}")
        asked = {**spec, "estimator": candidate.estimator, "params": params, "seed": candidate.seed}
        try:
            with quiet() as caught, threadpool_limits(1):
                learned = rows_of(labels, fold.train)
                _fitting.refuse_missing(learned, spec)
                model = _fitting.fit(frame[fold.train], learned, asked, make)
                answers = _fitting.predict(model, frame[fold.test], spec, rows_of(known, fold.test))
        except UnfoldableError as error:
            raise StepFailed(_unfoldable(f"Fold {number + 1}: {error}", address)) from error
        except UnfitError as error:
            raise StepFailed(
                selection_impossible.found(str(error), "Change the feature group.", address, error.path)
            ) from error
        except LIBRARY_ERRORS as error:
            if candidate.estimator.startswith("code."):
                raise  # whoever runs the project's own code names the line
            raise StepFailed(_objects(candidate, number, error, address, path)) from error
        warned |= told(caught)
        found.append(_fold_scores.scores(answers))
    scores = Scores(
        candidate=candidate,
        folds=[FoldRows(len(fold.train), len(fold.test)) for fold in parts],
        metrics={name: [one[name] for one in found] for name in found[0]},
        method=in_words(spec["folds"]),
        calibrated=spec.get("calibrate", {}).get("method", ""),
        searches=searches,
        warnings=sorted(warned),
    )
    written = work.folder / "scores.json"
    written.write_bytes(canonical(scores))
    summary = {"folds": len(parts), "fits": len(parts) + sum(len(one.trials) for one in searches)}
    return Product({"scores": written}, {**summary, "warnings": scores.warnings})


def prepared(work: Work, path: str) -> tuple[pl.DataFrame, Any, Any, list[Fold]]:
    """The rows of the training part, what is learned and what is true of them (n,) or None, and the folds."""
    frame, address = pl.read_parquet(work.inputs["train"]), work.operation.address
    try:
        known = target(frame, work.spec), truth(frame, work.spec)
        return frame, *known, folds(frame, work.spec["folds"])
    except UnfoldableError as error:
        raise StepFailed(_unfoldable(str(error), address)) from error
    except ValueError as error:
        raise StepFailed(
            selection_impossible.found(str(error), "Mend the label in the dataset.", address, path)
        ) from error


def _unfoldable(detail: str, address: str) -> Any:
    return selection_impossible.found(
        detail, "Ask for fewer `select.folds`, or give more rows.", address, "select.folds"
    )


def _objects(candidate: Chosen, number: int, error: Exception, address: str, path: str) -> Any:
    return selection_impossible.found(
        f"{candidate.estimator} could not be scored on fold {number + 1}: {said_by(error)}",
        "Change its `params`, what the feature groups do with missing values, or the number of folds.",
        address,
        path,
    )
