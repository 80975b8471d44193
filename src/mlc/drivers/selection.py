"""select: compares the candidates, scored on the same folds, and says who won and why.

Inputs: the `scores` of each candidate, named `score-NAME`. Outputs: `selection` (JSON, see
`mlc.ir.choice.Selection`), `chosen` (JSON: the candidate) and `report` (one HTML page).
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

import msgspec
from msgspec import structs

from mlc.drivers._canonical import canonical
from mlc.drivers.statistics import resampled
from mlc.ir.choice import Scores, Selection, Standing
from mlc.ir.evaluation import METRICS
from mlc.ir.metrics import ANOMALY
from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import selection_impossible
from mlc.rules._words import listed

VERSION = 2
PACKAGES = ("jinja2", "numpy", "scipy")
EFFECT = False
LOADS = ("mlc.drivers._selection_page",)


def run(work: Work) -> Product:
    """Select. Raises StepFailed (selection-impossible)."""
    from mlc.drivers._selection_page import page

    scored = [
        msgspec.json.decode(path.read_bytes(), type=Scores)
        for name, path in work.inputs.items()
        if name.startswith("score-")
    ]
    selection = select(scored, work.spec, work.operation.address)
    paths = {name: work.folder / f"{name}.json" for name in ("selection", "chosen")}
    paths["report"] = work.folder / "selection.html"
    paths["selection"].write_bytes(canonical(selection))
    # every digit of a parameter counts
    paths["chosen"].write_bytes(msgspec.json.encode(selection.chosen, order="sorted"))
    data = page(selection, scored, work.operation.address)
    paths["report"].write_bytes(work.render("selection_report", "report.html.j2", data))
    metric = METRICS[selection.metric].title
    shown = {one.name: f"{one.mean:.4f} (± {one.error:.4f})" for one in selection.standings}
    summary = {"chosen": selection.chosen.name, "why": selection.why, "metric": metric, "scores": shown}
    return Product(paths, summary)


def select(scored: list[Scores], spec: Mapping[str, Any], address: str = "") -> Selection:
    """Compare by `metric`, and choose as `prefer` says; `simplest_first` names the candidates in that order.

    Raises StepFailed (selection-impossible) where a score is not defined on a fold.
    """
    metric, better = spec["metric"], METRICS[spec["metric"]].better
    by_name = {one.candidate.name: one for one in scored}
    order: list[str] = spec["simplest_first"]
    values = {name: _values(by_name[name], metric, address) for name in order}
    sign = 1 if better == "higher" else -1
    ranked = sorted(order, key=lambda name: -sign * fmean(values[name]))  # of equals the simpler first
    best = ranked[0]
    error = resampled.standard_error(values[best])
    near = [name for name in order if sign * (fmean(values[best]) - fmean(values[name])) <= error]
    chosen = best if spec["prefer"] == "best" else near[0]
    folds = by_name[best].folds
    ratio = sum(fold.test for fold in folds) / sum(fold.train for fold in folds)
    standings = [
        Standing(
            name=name,
            estimator=by_name[name].candidate.estimator,
            mean=fmean(values[name]),
            error=resampled.standard_error(values[name]),
            scores=values[name],
            within_one_error=name in near,
            tuned=bool(by_name[name].searches),
        )
        for name in ranked
    ]
    standings = _tested(standings, sign, ratio, 1 - spec["confidence"])
    return Selection(
        metric=metric,
        better=better,
        prefer=spec["prefer"],
        confidence=spec["confidence"],
        folds=folds,
        method=by_name[best].method,
        best=best,
        chosen=by_name[chosen].candidate,
        why=_why(chosen, standings, spec["prefer"], METRICS[metric].title),
        standings=standings,
        simplest_first=order,
        calibrated=by_name[best].calibrated,
        warnings=sorted({f"{name}: {text}" for name in order for text in by_name[name].warnings}),
        notes=_notes(spec),
    )


_IN_SPACE = ("silhouette", "davies_bouldin", "calinski_harabasz")


def _notes(spec: Mapping[str, Any]) -> list[str]:
    """What a reader has to know of this way of comparing, one sentence or two each."""
    notes = []
    if spec.get("folds") == "time":
        notes.append(
            "The folds are in the order of time: each is scored by what was learned from all before it, so that later "
            "ones learn from more rows. The correction of the tests was derived for folds drawn at random, and is an "
            "approximation here."
        )
    if spec.get("quantile") is not None:
        notes.append(f"The candidates predict the quantile {spec['quantile']:g} of the label, not its mean.")
    if spec["metric"] in _IN_SPACE:
        notes.append(
            "Clusters are held against the rows that were not learned from, in the one space of the features that all "
            "candidates share. Such a metric favours clusters that are round and lie apart: it compares ways and "
            "numbers of clusters, and does not say that they mean something."
        )
    if spec.get("task") == ANOMALY:
        notes.append(
            "The detectors learned without the label, which only their scores are held against: how well they find "
            "what this label calls unlike."
        )
    return notes


_UNDEFINED = {
    "mape": "a label is 0, to which no error is relative",
    "rmsle": "a label is −1 or less, which has no logarithm of 1 + label",
    "r2": "all its rows have the same label",
    "silhouette": "its rows do not fall into two clusters or more",
    "davies_bouldin": "its rows do not fall into two clusters or more",
    "calinski_harabasz": "its rows do not fall into two clusters or more",
}
"""Why a metric may be nothing on a fold."""


def _undefined(scores: Scores) -> str:
    if "rmse" in scores.metrics:
        return "what is predicted is no finite number"
    return "a fold has rows of one class only, or none is called positive"


def _values(scores: Scores, metric: str, address: str) -> list[float]:
    values = scores.metrics[metric]
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        name = scores.candidate.name
        raise StepFailed(
            selection_impossible.found(
                f"{METRICS[metric].title} of {name} is not defined on {len(values) - len(found)} of {len(values)} "
                f"folds: {_UNDEFINED.get(metric) or _undefined(scores)}.",
                "Ask for fewer `select.folds`, give more rows, or compare by another `select.metric`.",
                address,
                "select.metric",
            )
        )
    return found


def _tested(standings: list[Standing], sign: int, ratio: float, level: float) -> list[Standing]:
    """The standings with the test of each against the first, after Holm."""
    best, *others = standings
    tests = [
        resampled.corrected_test(
            [sign * (one - other) for one, other in zip(best.scores, rest.scores, strict=True)], ratio
        )
        for rest in others
    ]
    adjusted = iter(resampled.holm([test.p for test in tests if test is not None]))
    found = [best]
    for rest, test in zip(others, tests, strict=True):
        if test is None:
            found.append(structs.replace(rest, difference=sign * (best.mean - rest.mean)))
            continue
        p = next(adjusted)
        found.append(
            structs.replace(
                rest,
                difference=test.difference,
                statistic=test.statistic,
                degrees=test.degrees,
                p=test.p,
                adjusted=p,
                differs=p <= level,
            )
        )
    return found


def _why(chosen: str, standings: list[Standing], prefer: str, metric: str) -> str:
    """In a sentence or two."""
    best = standings[0]
    if len(standings) == 1:
        return f"{chosen} is the only candidate."
    same = [one.name for one in standings[1:] if not one.differs]
    told = (
        f" The folds cannot tell {listed(same)} from it."
        if same
        else " The difference to every other candidate is significant."
    )
    if prefer == "best":
        return f"{chosen} has the best {metric} over the folds, {best.mean:.4f}.{told}"
    if chosen == best.name:
        return (
            f"{chosen} has the best {metric} over the folds, {best.mean:.4f}, and no simpler candidate is within "
            f"one standard error of it ({best.error:.4f}).{told}"
        )
    mean = next(one.mean for one in standings if one.name == chosen)
    return (
        f"{chosen} is the simplest candidate within one standard error ({best.error:.4f}) of the best: its "
        f"{metric} over the folds is {mean:.4f}, that of {best.name} {best.mean:.4f}."
    )
