"""What the template of a selection report is given: words, numbers as text, and drawings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlc.ir.choice import Scores, Selection, Standing
from mlc.ir.evaluation import METRICS
from mlc.rules._words import counted

Shape = dict[str, str]

_WIDTH, _LEFT, _RIGHT, _ROW = 720.0, 150.0, 24.0, 34.0


def page(selection: Selection, scored: list[Scores], address: str) -> dict[str, Any]:
    """The data of `report.html.j2`."""
    metric = METRICS[selection.metric]
    by_name = {one.candidate.name: one for one in scored}
    tuned = [by_name[one.name] for one in selection.standings if one.tuned]
    return {
        "name": address.rpartition(".")[2],
        "address": address,
        "chosen": selection.chosen.name,
        "why": selection.why,
        "metric": metric.title,
        "about": f"{metric.description} {metric.better.capitalize()} is better.",
        "method": f"{counted(len(selection.standings), 'candidate')} scored on {selection.method}, the same for all.",
        "warnings": selection.warnings,
        "notes": selection.notes,
        "figure": _figure(selection),
        "standings": [_row(one, selection) for one in selection.standings],
        "numbers": [str(number) for number in range(1, len(selection.folds) + 1)],
        "sizes": [f"{fold.train:,} / {fold.test:,}" for fold in selection.folds],
        "searches": [one for scores in tuned for one in _searches(scores)],
        "facts": _facts(selection),
        "confidence": f"{selection.confidence:.0%}",
    }


def _row(one: Standing, selection: Selection) -> dict[str, Any]:
    names = [
        word
        for word, holds in (
            ("chosen", one.name == selection.chosen.name),
            ("best mean", one.name == selection.best),
            ("within one standard error", one.within_one_error and one.name != selection.best),
            ("tuned", one.tuned),
        )
        if holds
    ]
    if one.name == selection.best:
        verdict = "–"
    elif one.p is None:
        verdict = "cannot be tested: the folds do not vary"
    else:
        verdict = "differs" if one.differs else "cannot be told apart"
    return {
        "name": one.name,
        "estimator": one.estimator,
        "words": ", ".join(names),
        "class": "chosen" if one.name == selection.chosen.name else "",
        "mean": f"{one.mean:.4f}",
        "error": f"{one.error:.4f}",
        "difference": "–" if one.difference is None else f"{one.difference:.4f}",
        "t": "–" if one.statistic is None else f"{one.statistic:.2f} ({one.degrees})",
        "p": _p(one.p),
        "adjusted": _p(one.adjusted),
        "verdict": verdict,
        "scores": [f"{score:.4f}" for score in one.scores],
    }


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _searches(scores: Scores) -> Iterable[dict[str, str]]:
    for number, search in enumerate(scores.searches, start=1):
        best = search.trials[search.best]
        value = "–" if best.value is None else f"{best.value:.4f}"
        states = [trial.state for trial in search.trials]
        yield {
            "candidate": scores.candidate.name,
            "fold": str(number),
            "trials": f"{len(states)}",
            "pruned": f"{states.count('pruned')}",
            "failed": f"{states.count('failed')}",
            "stopped": "by the time" if search.stopped == "timeout" else "by the number of trials",
            "best": ", ".join(f"{name} {value}" for name, value in best.params.items()) or "as written",
            "value": value,
        }


def _facts(selection: Selection) -> list[dict[str, str]]:
    rule = {
        "best": "the best mean over the folds",
        "simplest_within_one_standard_error": "the simplest candidate whose mean is within one standard error of the "
        "best (Breiman, Friedman, Olshen and Stone 1984, 3.4.3)",
    }[selection.prefer]
    facts = {
        "Rule": rule,
        "Simplest first": ", ".join(selection.simplest_first),
        "Tests": "each candidate against the best, paired over the folds, with the variance corrected for training "
        "rows that folds share (Nadeau and Bengio 2003), adjusted for their number (Holm 1979)",
        "Calibration": selection.calibrated or "none",
    }
    return [{"name": name, "text": text} for name, text in facts.items()]


def _figure(selection: Selection) -> dict[str, Any]:
    """Each candidate on a line: the scores of its folds, and its mean with one standard error to both sides."""
    values = [score for one in selection.standings for score in one.scores]
    low, high = min(values), max(values)
    margin = (high - low) * 0.08 or 0.01
    low, high = low - margin, high + margin

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    height = _ROW * len(selection.standings) + 44
    bottom = height - 34
    shapes: list[Shape] = []
    for part in range(5):
        value = low + (high - low) * part / 4
        shapes.append(_line(x(value), 6, x(value), bottom, "grid"))
        shapes.append(_text(x(value), bottom + 16, f"{value:.4g}", "tick", "middle"))
    for number, one in enumerate(selection.standings):
        y = 6 + _ROW * (number + 0.5)
        style = "mean chosen" if one.name == selection.chosen.name else "mean"
        shapes.append(_text(_LEFT - 10, y + 4, one.name[:20], "label", "end"))
        shapes.append(_line(x(one.mean - one.error), y, x(one.mean + one.error), y, "whisker"))
        shapes += [_dot(x(score), y, "3.0", "fold") for score in one.scores]
        shapes.append(_dot(x(one.mean), y, "5.5", style))
    return {
        "width": f"{_WIDTH:g}",
        "height": f"{height:g}",
        "shapes": shapes,
        "text": f"Small dots are folds, large ones means, and lines reach one standard error to both sides. "
        f"{METRICS[selection.metric].title}: {selection.better} is better.",
    }


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> Shape:
    return {"kind": "path", "d": f"M{x1:.1f} {y1:.1f} L{x2:.1f} {y2:.1f}", "class": style}


def _dot(x: float, y: float, radius: str, style: str) -> Shape:
    return {"kind": "circle", "x": f"{x:.1f}", "y": f"{y:.1f}", "r": radius, "class": style}


def _text(x: float, y: float, text: str, style: str, anchor: str) -> Shape:
    return {"kind": "text", "x": f"{x:.1f}", "y": f"{y:.1f}", "text": text, "class": style, "anchor": anchor}
