"""What the template of an evaluation report is given: words and numbers as text, and drawings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mlc.drivers.reporting import curves, errors, sections
from mlc.drivers.reporting.learning import learning
from mlc.drivers.reporting.methods import methods_of
from mlc.drivers.reporting.sections import interval
from mlc.drivers.statistics.estimating import CONFIDENCE
from mlc.ir.evaluation import METRICS, Comparison, Estimate, Evaluation, Verdict
from mlc.ir.learning import LearningCurve


def page(
    evaluation: Evaluation,
    address: str,
    spec: Mapping[str, Any],
    digests: Mapping[str, str],
    verdict: Verdict | None = None,
    comparison: Comparison | None = None,
    served: Mapping[str, Any] | None = None,
    curve: LearningCurve | None = None,
) -> dict[str, Any]:
    """The data of `report.html.j2`. `digests` are those of the inputs (`onnx`, `test`), `served` what was measured of
    the file that is served (`latency.json`)."""
    shown = [evaluation.estimates[name] for name in METRICS if name in evaluation.estimates]
    more = (
        sections.champion(comparison),
        sections.classes(evaluation),
        sections.clusters(evaluation),
        sections.slices(evaluation),
        sections.fairness(evaluation),
        sections.robustness(evaluation),
        sections.importance(evaluation),
        learning(curve),
    )
    return {
        "name": address.rpartition(".")[2],
        "address": address,
        "verdict": sections.verdict(verdict, address),
        "lead": _lead(evaluation),
        "warnings": list(evaluation.warnings),
        "confidence": f"{CONFIDENCE:.0%}",
        "metrics": [_metric_row(estimate, evaluation) for estimate in shown],
        "baseline": _BASELINES.get(evaluation.task, ""),
        "figures": _figures(evaluation),
        "sections": [one for one in more if one is not None],
        "confusion": [_confusion(evaluation)] if evaluation.confusion is not None else [],
        "bins": [_bin_row(one) for one in evaluation.calibration],
        "facts": _facts(evaluation, spec, digests, served),
        "columns": [
            {
                "name": name,
                "type": column["type"],
                "missing": "may be missing" if column["nullable"] else "always there",
            }
            for name, column in sorted(spec["columns"].items())
        ],
        "methods": methods_of(_methods(evaluation, comparison)),
        "resampling": _resampling(evaluation),
    }


_BASELINES = {
    "binary_classification": "The baseline is what a model scores that gives every row the share of positives.",
    "multiclass_classification": "The baseline is what a model scores that gives every row the shares of the classes.",
    "regression": "The baseline is what a model scores that always says the mean of the test rows.",
}


def _figures(evaluation: Evaluation) -> list[Any]:
    found: list[Any] = []
    if evaluation.roc:
        found.append(curves.roc(evaluation))
    if any(one.roc for one in evaluation.classes):
        found.append(curves.roc_of_classes(evaluation))
    if any(one.precision_recall for one in evaluation.classes):
        found.append(curves.precision_recall_of_classes(evaluation))
    if evaluation.precision_recall:
        found.append(curves.precision_recall(evaluation))
    if evaluation.calibration:
        found.append(curves.calibration(evaluation))
    if evaluation.histogram:
        found.append(curves.histogram(evaluation))
    if evaluation.residuals is not None:
        found.append(errors.predicted_by_true(evaluation.residuals, evaluation.rows))
        found.append(errors.by_prediction(evaluation.residuals))
        found.append(errors.histogram(evaluation.residuals))
    return found


def _methods(evaluation: Evaluation, comparison: Comparison | None) -> list[str]:
    used = [*evaluation.estimates.values()]
    used += [estimate for one in evaluation.classes for estimate in one.estimates.values()]
    used += [one.estimate for one in evaluation.slices if one.estimate is not None]
    used += [one.gap for one in evaluation.slices if one.gap is not None]
    used += [one.gap for one in evaluation.fairness]
    used += [one.drop for one in evaluation.robustness]
    used += [one.drop for one in evaluation.importance]
    if comparison is not None:
        used += [one.difference for one in comparison.duels if one.difference is not None]
    return [one.method for one in used]


def baseline(metric: str, rows: int, positives: int | None) -> float | None:
    """What a binary classifier scores that gives every row the share of positives; None where that says nothing."""
    if positives is None:
        return None
    share = positives / rows
    if not 0 < share < 1:
        return None
    return {
        "roc_auc": 0.5,
        "average_precision": share,
        "accuracy": max(share, 1 - share),
        "balanced_accuracy": 0.5,
        "matthews_correlation": 0.0,
        "cohen_kappa": 0.0,
        "brier": share * (1 - share),
        "log_loss": -share * math.log(share) - (1 - share) * math.log(1 - share),
    }.get(metric)


def _baseline(metric: str, evaluation: Evaluation) -> float | None:
    """The same for every task."""
    if evaluation.classes:
        shares = [one.rows / evaluation.rows for one in evaluation.classes if one.rows]
        if len(shares) < 2:
            return None
        return {
            "roc_auc_macro": 0.5,
            "accuracy": max(shares),
            "f1_micro": max(shares),
            "balanced_accuracy": 1 / len(shares),
            "matthews_correlation": 0.0,
            "cohen_kappa": 0.0,
            "brier": (1 - sum(share**2 for share in shares)) / 2,
            "log_loss": -sum(share * math.log(share) for share in shares),
        }.get(metric)
    if evaluation.task == "regression":
        r2, rmse = evaluation.estimates["r2"].value, evaluation.estimates["rmse"].value
        if metric == "rmse" and r2 is not None and rmse is not None and r2 < 1:
            return rmse / math.sqrt(1 - r2)  # the deviation of the label
        return {"r2": 0.0, "mean_error": 0.0}.get(metric)
    return baseline(metric, evaluation.rows, evaluation.positives)


def _lead(evaluation: Evaluation) -> str:
    measured = f"Measured on {evaluation.rows:,} test rows that the model has not seen"
    if evaluation.positives is not None:
        measured += (
            f", {evaluation.positives:,} of them positive ({evaluation.positives / evaluation.rows:.1%})"
        )
    if evaluation.classes:
        measured += f", of {len(evaluation.classes)} classes"
    measured += "."
    for name, sentence in _SENTENCES.items():
        estimate = evaluation.estimates.get(name)
        if estimate is not None and estimate.value is not None and estimate.low is not None:
            assert estimate.high is not None
            share = METRICS[name].unit == "share"
            value, low, high = (
                f"{one:.1%}" if share else f"{one:.4g}"
                for one in (estimate.value, estimate.low, estimate.high)
            )
            return f"{measured} {sentence.format(value, f'{low} to {high}', f'{estimate.confidence:.0%}')}"
    return measured


_SENTENCES = {
    "roc_auc": "A positive row scores above a negative one {0} of the time ({2} interval {1}).",
    "roc_auc_macro": "A row of a class scores above one of the others {0} of the time, on average over the classes "
    "({2} interval {1}).",
    "rmse": "Its root mean squared error is {0} ({2} interval {1}).",
    "silhouette": "Its silhouette is {0} ({2} interval {1}).",
    "alert_rate": "It calls {0} of the rows unlike the others ({2} interval {1}).",
}


def _metric_row(estimate: Estimate, evaluation: Evaluation) -> dict[str, Any]:
    metric = METRICS[estimate.metric]
    reference = _baseline(estimate.metric, evaluation)
    plot = curves.whisker(estimate, metric.title, reference, (metric.least or 0.0, metric.most))
    return {
        "title": metric.title,
        "description": metric.description,
        "better": f"{metric.better.capitalize()} is better."
        if estimate.metric != "mean_error"
        else "Near 0 is better.",
        "value": _number(estimate.value),
        "interval": interval(estimate),
        "baseline": "–" if reference is None else _number(reference),
        "plots": [] if plot is None else [plot],
        "method": estimate.method,
        "n": f"{estimate.n:,}",
        "warnings": list(estimate.warnings),
    }


def _confusion(evaluation: Evaluation) -> dict[str, Any]:
    counts = evaluation.confusion
    assert counts is not None
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
    evaluation: Evaluation,
    spec: Mapping[str, Any],
    digests: Mapping[str, str],
    served: Mapping[str, Any] | None,
) -> list[dict[str, str]]:
    facts = {"Task": evaluation.task.replace("_", " ")}
    if evaluation.label:
        positive = f", positive where it is {evaluation.positive}" if evaluation.positive is not None else ""
        facts["Label"] = f"{evaluation.label}{positive}"
    facts |= {"Columns the model sees": f"{len(spec['columns'])}", "Test rows": f"{evaluation.rows:,}"}
    if evaluation.positives is not None:
        facts["Positive rows"] = f"{evaluation.positives:,} ({evaluation.positives / evaluation.rows:.2%})"
    facts["Scored by"] = "the ONNX model that is served"
    if served:
        for name, title in (("p50", "Latency, median"), ("p99", "Latency, 99th percentile")):
            facts[title] = _duration(served[name])
        facts["Size"] = f"{int(served['size_bytes']):,} bytes"
    sampling = evaluation.sampling
    if sampling is not None and (sampling.by != "rows" or sampling.weight):
        said = {
            "rows": "independent rows",
            "groups": f"{sampling.units:,} groups of {sampling.column}",
            "blocks": f"blocks of {sampling.block:,} rows in the order of {sampling.column}",
        }[sampling.by]
        facts["Resampled by"] = said + (f", weighted by {sampling.weight}" if sampling.weight else "")
    listed = [{"name": name, "text": text, "code": ""} for name, text in facts.items()]
    for name, title in (("onnx", "Model, SHA-256"), ("test", "Test data, SHA-256")):
        listed.append({"name": title, "text": "", "code": digests[name].removeprefix("sha256:")})
    return listed


def _duration(part: Mapping[str, float | None]) -> str:
    value, low, high = (
        "not bounded" if end is None else f"{1000 * end:.3g} ms"
        for end in (part["value"], part["low"], part["high"])
    )
    return f"{value} (95% interval {low} – {high}, by order statistics)"


def _resampling(evaluation: Evaluation) -> str:
    drawn = [estimate for estimate in evaluation.estimates.values() if estimate.resamples is not None]
    if not drawn:
        return ""
    titles = ", ".join(METRICS[estimate.metric].title for estimate in drawn)
    return f"Resampled {drawn[0].resamples:,} times with seed {drawn[0].seed}: {titles}."


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
