"""Writes event files for TensorBoard: a model's figures and curves, and a run for each trial of a search.

Inputs: `evaluation` and, where there are, `curve`, `iterations`, `trials` and `chosen`. Outputs: `events`, and
`trial-NUMBER` for each trial that the search may have; of one that it did not come to, a file without data, which
TensorBoard does not list.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from mlc.drivers import _chosen
from mlc.drivers import _tensorboard as board
from mlc.ir.choice import Search, Trial
from mlc.ir.evaluation import METRICS, Estimate, Evaluation, PrecisionRecallPoint
from mlc.ir.learning import Iterations, LearningCurve
from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = False

THRESHOLDS = 101

Summaries = list[tuple[int, Sequence[bytes]]]


class _Trials(msgspec.Struct, frozen=True):
    """The part of trials.json that is drawn."""

    metric: str | None
    search: Search | None


def run(work: Work) -> Product:
    """Write the files."""
    spec = _chosen.told(work)
    evaluation = msgspec.json.decode(work.inputs["evaluation"].read_bytes(), type=Evaluation)
    found = _Trials(None, None)
    if "trials" in work.inputs:
        found = msgspec.json.decode(work.inputs["trials"].read_bytes(), type=_Trials)
    trials = found.search.trials if found.search is not None else []
    summaries: Summaries = [(0, [*_figures(evaluation), *_drawn(evaluation), _words(spec, evaluation)])]
    if trials:
        tried = {name: [one.params[name] for one in trials if name in one.params] for name in _names(trials)}
        summaries.append((0, [board.experiment(spec["name"], tried, [str(found.metric)])]))
        summaries += _progress(str(found.metric), trials)
    if "curve" in work.inputs:
        curve = msgspec.json.decode(work.inputs["curve"].read_bytes(), type=LearningCurve)
        summaries += _learned(curve)
    if "iterations" in work.inputs:
        recorded = msgspec.json.decode(work.inputs["iterations"].read_bytes(), type=Iterations)
        summaries += _iterated(recorded)
    content = {"events": board.events(summaries)}
    by_number = {trial.number: trial for trial in trials}
    for number in range(spec.get("trials", 0)):
        told = _trial(str(found.metric), by_number[number]) if number in by_number else []
        content[f"trial-{number}"] = board.events(told)
    outputs = {}
    for name, written in content.items():
        outputs[name] = work.folder / f"{name}.tfevents"
        outputs[name].write_bytes(written)
    return Product(outputs, {"trials": len(trials)})


def _figures(evaluation: Evaluation) -> Iterator[bytes]:
    """Every metric that is defined, with the ends of its interval."""
    for name in METRICS:
        estimate = evaluation.estimates.get(name)
        if estimate is not None:
            yield from _with_ends(f"test/{name}", estimate)


def _with_ends(tag: str, one: Estimate) -> Iterator[bytes]:
    for end, value in (("", one.value), ("_low", one.low), ("_high", one.high)):
        if value is not None and math.isfinite(value):
            yield board.scalar(tag + end, value)


def _drawn(evaluation: Evaluation) -> Iterator[bytes]:
    """Curves and histograms."""
    if evaluation.precision_recall and evaluation.positives is not None:
        rows = _pr_rows(
            evaluation.precision_recall, evaluation.positives, evaluation.rows - evaluation.positives
        )
        yield board.pr_curve(f"test/{evaluation.label}", rows, _THINNED)
    for one in evaluation.classes:
        if one.precision_recall and one.rows:
            rows = _pr_rows(one.precision_recall, one.rows, evaluation.rows - one.rows)
            yield board.pr_curve(f"test/{evaluation.label}/{one.name}", rows, _THINNED)
    if evaluation.histogram:
        for side in ("negatives", "positives"):
            bins = [(one.low, one.high, float(getattr(one, side))) for one in evaluation.histogram]
            yield board.histogram(f"test/probability_of_{side}", bins)
    if evaluation.residuals is not None:
        edges, counts = evaluation.residuals.edges, evaluation.residuals.counts
        bins = [(low, high, float(count)) for low, high, count in zip(edges, edges[1:], counts, strict=False)]
        yield board.histogram("test/errors", bins)


_THINNED = "On the test set, from the curve of the evaluation report, which is thinned for reading."


def _pr_rows(points: Sequence[PrecisionRecallPoint], positives: int, negatives: int) -> list[list[float]]:
    """The six rows of a curve, (6, THRESHOLDS). At a threshold stands the point of the next score at or above it."""
    ordered = sorted(points, key=lambda one: one.threshold)
    rows: list[list[float]] = [[] for _ in range(6)]
    place = 0
    for nth in range(THRESHOLDS):
        threshold = nth / (THRESHOLDS - 1)
        while place < len(ordered) and ordered[place].threshold < threshold:
            place += 1
        point = ordered[place] if place < len(ordered) else None
        recall = point.recall if point is not None else 0.0
        precision = (
            point.precision if point is not None else 1.0
        )  # nothing is called positive, and nothing wrongly
        true = recall * positives
        false = true * (1 - precision) / precision if precision > 0 else float(negatives)
        column = (true, false, negatives - false, positives - true, precision, recall)
        for row, value in zip(rows, column, strict=True):
            row.append(max(0.0, value))
    return rows


def _words(spec: Mapping[str, Any], evaluation: Evaluation) -> bytes:
    """What the model is, and its metrics, as a table."""
    lines = [f"{_cell(spec['estimator'])}, {evaluation.rows:,} test rows", ""]
    lines += ["| metric | estimate | interval | method |", "|---|---|---|---|"]
    for name in METRICS:
        one = evaluation.estimates.get(name)
        if one is not None and one.value is not None:
            ends = f"{_number(one.low)} – {_number(one.high)} ({100 * one.confidence:g} %)"
            lines.append(f"| {name} | {_number(one.value)} | {ends} | {_cell(one.method)} |")
    return board.text("model", "\n".join(lines))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _cell(words: str) -> str:
    """Words that a table does not take for its own."""
    return words.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _learned(curve: LearningCurve) -> Iterator[tuple[int, Sequence[bytes]]]:
    """The learning curve; its steps are how many rows were learned from."""
    for point in curve.points:
        values: list[bytes] = []
        if point.estimate is not None:
            values += _with_ends(f"learning/{curve.metric}", point.estimate)
        if point.learned is not None:
            values.append(board.scalar(f"learning/{curve.metric}_of_rows_learned", point.learned))
        if values:
            yield point.rows, values


def _iterated(recorded: Iterations) -> Iterator[tuple[int, Sequence[bytes]]]:
    """What the estimator recorded while it was fitted; its steps are the iterations."""
    for name, one in recorded.curves.items():
        for step, value in enumerate(one.values, one.first):
            if math.isfinite(value):
                yield step, [board.scalar(f"fitting/{name}", value)]


def _progress(metric: str, trials: Sequence[Trial]) -> Iterator[tuple[int, Sequence[bytes]]]:
    """Each trial's score by its number: how the search went."""
    for trial in trials:
        if trial.value is not None:
            yield trial.number, [board.scalar(f"tuning/{metric}", trial.value)]


def _trial(metric: str, trial: Trial) -> Summaries:
    """What it tried, its score, and the scores of its folds by step."""
    named = board.hyperparameters(trial.params, f"trial {trial.number}", succeeded=trial.state != "failed")
    summaries: Summaries = [(0, named)]
    if trial.value is not None:
        summaries.append((0, [board.scalar(metric, trial.value)]))
    summaries += [(fold, [board.scalar(f"{metric}/fold", score)]) for fold, score in enumerate(trial.scores)]
    return summaries


def _names(trials: Sequence[Trial]) -> list[str]:
    return sorted({name for trial in trials for name in trial.params})
