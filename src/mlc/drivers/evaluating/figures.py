"""What a report draws of each task, beside its estimates."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlc.drivers.statistics import anomalies, binary, multiclass, regression
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.calibration import calibration_bins, histogram
from mlc.drivers.statistics.counts import matrix_of
from mlc.drivers.statistics.design import Design
from mlc.drivers.statistics.estimating import CONFIDENCE
from mlc.ir.evaluation import ClusterFigures, HistogramBin

_CURVES = 12
"""Classes that have a curve of their own; of more, the report has the numbers only."""


def figures_of(answers: Answers, design: Design, seed: int) -> dict[str, Any]:
    """The fields of an Evaluation that only its task has."""
    truth, predicted, scores = answers.truth, answers.predicted, answers.scores
    match answers.task:
        case "binary_classification":
            assert truth is not None
            assert predicted is not None
            assert scores is not None
            return {
                "positives": int(truth.sum()),
                "confusion": binary.confusion(truth, predicted),
                "roc": binary.roc_curve(truth, scores),
                "precision_recall": binary.precision_recall_curve(truth, scores),
                "calibration": calibration_bins(truth, scores, CONFIDENCE),
                "histogram": histogram(truth, scores),
            }
        case "multiclass_classification":
            return _of_classes(answers, design)
        case "regression":
            assert truth is not None
            assert scores is not None
            return {"residuals": regression.residuals(truth, scores, seed)}
        case "anomaly_detection":
            return _of_anomalies(answers)
    return _of_clusters(answers)


def _of_classes(answers: Answers, design: Design) -> dict[str, Any]:
    truth, predicted, scores = answers.truth, answers.predicted, answers.scores
    assert truth is not None
    assert predicted is not None
    assert scores is not None
    classes = multiclass.of_classes(truth, predicted, scores, answers.classes, design)
    if len(classes) <= _CURVES:
        from msgspec import structs

        classes = tuple(
            structs.replace(
                one,
                roc=binary.roc_curve(truth == place, scores[:, place])[::2],
                precision_recall=binary.precision_recall_curve(truth == place, scores[:, place])[::2],
            )
            for place, one in enumerate(classes)
        )
    right, surest = predicted == truth, scores.max(axis=1)
    matrix = matrix_of(truth, predicted, len(answers.classes))
    return {
        "classes": classes,
        "matrix": tuple(tuple(int(cell) for cell in row) for row in matrix),
        "calibration": calibration_bins(right, np.clip(surest, 0, 1), CONFIDENCE),
        "histogram": histogram(right, np.clip(surest, 0, 1)),
    }


def _of_anomalies(answers: Answers) -> dict[str, Any]:
    predicted, scores = answers.predicted, answers.scores
    assert predicted is not None
    assert scores is not None
    marked = predicted if answers.truth is None else answers.truth
    low, high = float(scores.min()), float(scores.max())
    edges = np.linspace(low, high if high > low else low + 1, 21)
    counts = [np.histogram(scores[rows], bins=edges)[0] for rows in (~marked, marked)]
    made: dict[str, Any] = {
        "histogram": tuple(
            HistogramBin(float(edges[i]), float(edges[i + 1]), int(counts[0][i]), int(counts[1][i]))
            for i in range(20)
        )
    }
    if answers.truth is None:
        return made
    shares = anomalies.as_shares(scores)
    return made | {
        "positives": int(answers.truth.sum()),
        "confusion": binary.confusion(answers.truth, predicted),
        "roc": binary.roc_curve(answers.truth, shares),
        "precision_recall": binary.precision_recall_curve(answers.truth, shares),
    }


def _of_clusters(answers: Answers) -> dict[str, Any]:
    assert answers.predicted is not None
    names, rows = np.unique(answers.predicted, return_counts=True)
    return {
        "clusters": tuple(
            ClusterFigures("no cluster" if name < 0 else str(int(name)), int(count))
            for name, count in zip(names, rows, strict=True)
        )
    }
