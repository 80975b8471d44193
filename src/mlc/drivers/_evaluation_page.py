"""What the template of an evaluation report is given: words and numbers as text, and drawings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mlc.drivers import _evaluation_figures as figures
from mlc.drivers.statistics.binary import CONFIDENCE
from mlc.ir.evaluation import METRICS, Estimate, Evaluation

_METHODS = {
    "Wilson": "The score interval of a proportion (Wilson 1927).",
    "Clopper–Pearson": "The exact interval of a proportion, used with fewer than five successes or failures "
    "(Clopper and Pearson 1934).",
    "Newcombe's square-and-add": "The intervals of two independent proportions, squared and added "
    "(Newcombe 1998).",
    "Wilson on Jaccard": "F1 rises with Jaccard's TP / (TP + FP + FN), a proportion whose interval is "
    "carried over (Lam, Gopal and Qian 2023).",
    "Clopper–Pearson on Jaccard": "F1 rises with Jaccard's TP / (TP + FP + FN), whose exact interval is "
    "carried over.",
    "DeLong on the logit scale": "The variance of DeLong, DeLong and Clarke-Pearson (1988), carried through "
    "the logit so that the ends stay between 0 and 1.",
    "Clopper–Pearson on disjoint pairs": "The classes are separated perfectly, which leaves no variance to "
    "estimate; the interval is the exact one of as many independent pairs as the rarer class has rows, and "
    "is cautious.",
    "BCa bootstrap": "Rows drawn again with replacement; bias-corrected and accelerated (Efron 1987).",
    "BCa by expansion": "The test set is so large that the BCa interval follows from the jackknife's standard "
    "error and skewness, without drawing rows (Hall 1992).",
    "bootstrap of the bins, conservative": "Calibration error cannot fall below 0 and noise only raises it, "
    "so that a plain bootstrap misses near 0; both ends here err on the side of a wider interval.",
}


def page(
    evaluation: Evaluation, address: str, spec: Mapping[str, Any], digests: Mapping[str, str]
) -> dict[str, Any]:
    """The data of `report.html.j2`. `digests` are those of the inputs (`onnx`, `test`)."""
    shown = list(evaluation.estimates.values())
    return {
        "name": address.rpartition(".")[2],
        "address": address,
        "lead": _lead(evaluation),
        "warnings": list(evaluation.warnings),
        "confidence": f"{CONFIDENCE:.0%}",
        "metrics": [_metric_row(estimate, evaluation) for estimate in shown],
        "figures": [
            *([figures.roc(evaluation)] if evaluation.roc else []),
            *([figures.precision_recall(evaluation)] if evaluation.precision_recall else []),
            figures.calibration(evaluation),
            figures.histogram(evaluation),
        ],
        "confusion": _confusion(evaluation),
        "bins": [_bin_row(one) for one in evaluation.calibration],
        "facts": _facts(evaluation, spec, digests),
        "columns": [
            {
                "name": name,
                "type": column["type"],
                "missing": "may be missing" if column["nullable"] else "always there",
            }
            for name, column in sorted(spec["columns"].items())
        ],
        "methods": [
            {"name": name, "text": _METHODS[name]}
            for name in dict.fromkeys(estimate.method for estimate in shown)
            if name in _METHODS
        ],
        "resampling": _resampling(shown),
    }


def baseline(metric: str, rows: int, positives: int) -> float | None:
    """What a model scores that gives every row the share of positives; None where that says nothing."""
    share = positives / rows
    if not 0 < share < 1:
        return None
    return {
        "roc_auc": 0.5,
        "average_precision": share,
        "accuracy": max(share, 1 - share),
        "balanced_accuracy": 0.5,
        "brier": share * (1 - share),
        "log_loss": -share * math.log(share) - (1 - share) * math.log(1 - share),
    }.get(metric)


def _lead(evaluation: Evaluation) -> str:
    estimate = evaluation.estimates["roc_auc"]
    measured = (
        f"Measured on {evaluation.rows:,} test rows that the model has not seen, "
        f"{evaluation.positives:,} of them positive ({evaluation.positives / evaluation.rows:.1%})."
    )
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return measured
    return (
        f"{measured} A positive row scores above a negative one {estimate.value:.1%} of the time "
        f"({estimate.confidence:.0%} interval {estimate.low:.1%} to {estimate.high:.1%})."
    )


def _metric_row(estimate: Estimate, evaluation: Evaluation) -> dict[str, Any]:
    metric = METRICS[estimate.metric]
    reference = baseline(estimate.metric, evaluation.rows, evaluation.positives)
    plot = figures.whisker(estimate, metric.title, reference)
    return {
        "title": metric.title,
        "description": metric.description,
        "better": f"{metric.better.capitalize()} is better.",
        "value": _number(estimate.value),
        "interval": _interval(estimate),
        "baseline": "–" if reference is None else _number(reference),
        "plots": [] if plot is None else [plot],
        "method": estimate.method,
        "n": f"{estimate.n:,}",
        "warnings": list(estimate.warnings),
    }


def _confusion(evaluation: Evaluation) -> dict[str, Any]:
    counts = evaluation.confusion
    rows = (
        ("positive", counts.true_positives, counts.false_negatives),
        ("negative", counts.false_positives, counts.true_negatives),
    )
    return {
        "rows": [
            {
                "name": name,
                "total": f"{first + second:,}",
                "cells": [
                    _cell(first, first + second, right=name == "positive"),
                    _cell(second, first + second, right=name == "negative"),
                ],
            }
            for name, first, second in rows
        ],
        "totals": [
            f"{counts.true_positives + counts.false_positives:,}",
            f"{counts.false_negatives + counts.true_negatives:,}",
            f"{evaluation.rows:,}",
        ],
    }


def _cell(count: int, total: int, *, right: bool) -> dict[str, str]:
    return {
        "count": f"{count:,}",
        "share": f"{count / total:.1%}" if total else "–",
        "class": "right" if right else "wrong",
        "word": "right" if right else "wrong",
    }


def _bin_row(one: Any) -> dict[str, str]:
    return {
        "range": f"{one.low:.1f} – {one.high:.1f}",
        "rows": f"{one.rows:,}",
        "positives": f"{one.positives:,}",
        "said": _number(one.mean_probability),
        "rate": _number(one.rate),
        "interval": "–" if one.rate_low is None else f"{one.rate_low:.4f} – {one.rate_high:.4f}",
    }


def _facts(
    evaluation: Evaluation, spec: Mapping[str, Any], digests: Mapping[str, str]
) -> list[dict[str, str]]:
    facts = {
        "Task": evaluation.task.replace("_", " "),
        "Label": f"{evaluation.label}, positive where it is {evaluation.positive}",
        "Columns the model sees": f"{len(spec['columns'])}",
        "Test rows": f"{evaluation.rows:,}",
        "Positive rows": f"{evaluation.positives:,} ({evaluation.positives / evaluation.rows:.2%})",
        "Scored by": "the ONNX model that is served",
    }
    listed = [{"name": name, "text": text, "code": ""} for name, text in facts.items()]
    for name, title in (("onnx", "Model, SHA-256"), ("test", "Test data, SHA-256")):
        listed.append({"name": title, "text": "", "code": digests[name].removeprefix("sha256:")})
    return listed


def _resampling(shown: list[Estimate]) -> str:
    drawn = [estimate for estimate in shown if estimate.resamples is not None]
    if not drawn:
        return ""
    titles = ", ".join(METRICS[estimate.metric].title for estimate in drawn)
    return f"Resampled {drawn[0].resamples:,} times with seed {drawn[0].seed}: {titles}."


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "none"
    return f"{_number(estimate.low)} – {_number(estimate.high)}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
