"""The sections of a report beside its metrics and curves: what gates say, parts of the rows, disturbed inputs."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from mlc.drivers._gate_words import criterion_in_words, diagnostic, sentence, subject
from mlc.drivers.reporting.forest import forest
from mlc.drivers.reporting.tables import Cell, table
from mlc.ir.evaluation import (
    Check,
    Comparison,
    Duel,
    Estimate,
    Evaluation,
    FairnessFigures,
    SliceFigures,
    Verdict,
)
from mlc.ir.fairness import CRITERIA
from mlc.ir.metrics import METRICS

Section = dict[str, Any]

_OUTCOMES = {
    "pass": ("Passes its gates", "Every bound below is cleared."),
    "fail": ("Refused by its gates", "At least one bound below is not cleared."),
    "inconclusive": (
        "Not proven",
        "No bound is missed beyond doubt, and the test rows are too few to prove every one. What is not proven does "
        "not pass.",
    ),
    "none": ("No gates", "Nothing was asked of this model: the author has set no gates for it."),
}
_WORDS = {"pass": "pass", "fail": "fail", "inconclusive": "not proven"}
_MOST_ROWS = 24
"""Rows that a drawing of intervals shows."""


def verdict(found: Verdict | None, address: str) -> dict[str, Any]:
    """What all gates say, first in a word, then bound by bound: those that are not cleared first."""
    outcome = found.outcome if found is not None else "none"
    title, text = _OUTCOMES[outcome]
    checks = sorted(found.checks, key=lambda one: one.outcome == "pass") if found is not None else []
    counts = {word: sum(one.outcome == word for one in checks) for word in ("fail", "inconclusive", "pass")}
    said = [f"{counts[word]} {_WORDS[word]}" for word in counts if counts[word]]
    return {
        "outcome": outcome,
        "title": title,
        "text": text + (f" Of {len(checks)} bounds: {', '.join(said)}." if checks else ""),
        "open": [_check(one, address) for one in checks if one.outcome != "pass"],
        "cleared": [_check(one, address) for one in checks if one.outcome == "pass"],
    }


def champion(comparison: Comparison | None) -> Section | None:
    """The registered models that it was compared with on the same rows."""
    if comparison is None or not comparison.duels:
        return None
    drawn = [one for one in comparison.duels if one.difference is not None]
    figures = []
    if drawn:
        figures.append(
            forest(
                "champion-differences",
                "Above the champion",
                f"How much better the model is than the champion on the same {comparison.rows:,} rows, with 95% "
                "intervals. Right of the dashed line it is better.",
                [(f"{one.metric}", one.difference, "") for one in drawn if one.difference is not None],
                "Better by",
                [0.0],
            )
        )
    return {
        "id": "champion",
        "title": "Champion",
        "figures": figures,
        "tables": [
            table(
                f"The model against the one that an alias points to, on the same {comparison.rows:,} test rows.",
                ["Gate", "Champion", "Metric", "Champion's", "This model's", "Better by (95% interval)", "p"],
                [_duel(one) for one in comparison.duels],
                numbers=(3, 4, 5, 6),
            )
        ],
        "notes": [],
    }


def slices(evaluation: Evaluation) -> Section | None:
    """Each metric in each part of the rows, against the rest."""
    if not evaluation.slices:
        return None
    figures, tables = [], []
    for (gate, metric), group in groupby(sorted(evaluation.slices, key=_look), key=_look):
        parts = list(group)
        rows = [(_name(one), one.estimate, "") for one in parts if one.estimate is not None][:_MOST_ROWS]
        whole = evaluation.estimates.get(metric)
        title = METRICS[metric].title
        if rows:
            figures.append(
                forest(
                    f"slices-{gate}-{metric}",
                    f"{title} by slice",
                    f"{title} in each slice with its 95% interval; the dashed line is that of all rows.",
                    rows,
                    title,
                    [] if whole is None or whole.value is None else [whole.value],
                )
            )
        tables.append(
            table(
                f"{title} by slice, for the gate {gate}. The gap says by how much a slice is worse than the rest of "
                f"the rows; p is adjusted for {parts[0].looks} looks (Holm), and the gate's own intervals hold for "
                "all of them together.",
                ["Column", "Slice", "Rows", title, "95% interval", "Gap (95% interval)", "p, adjusted"],
                [
                    [
                        one.column,
                        one.value,
                        f"{one.rows:,}",
                        _value(one.estimate),
                        interval(one.estimate) if one.estimate else f"fewer than {one.min_rows:,} rows",
                        _with_interval(one.gap),
                        "–" if one.p_adjusted is None else f"{one.p_adjusted:.3g}",
                    ]
                    for one in parts
                ],
                numbers=(2, 3, 4, 5, 6),
            )
        )
    return {"id": "slices", "title": "Slices", "figures": figures, "tables": tables, "notes": []}


def fairness(evaluation: Evaluation) -> Section | None:
    """The gaps between groups, and what they are gaps of."""
    if not evaluation.fairness:
        return None
    gaps = table(
        "The largest gap between two groups of each protected column. Its interval holds for all pairs together.",
        ["Column", "Criterion", "Gap", "95% interval", "Between", "Too few rows", "Not decided"],
        [
            [
                one.column,
                criterion_in_words(one.criterion),
                _value(one.gap),
                interval(one.gap),
                " and ".join(one.between) + (f", of {one.of}" if one.of else "") or "–",
                ", ".join(f"{name} ({rows})" for name, rows in sorted(one.small.items())) or "–",
                ", ".join(one.undecided) or "–",
            ]
            for one in evaluation.fairness
        ],
        numbers=(2, 3),
    )
    figures = [
        forest(
            f"fairness-{one.gate}-{place}",
            f"{one.criterion.replace('_', ' ').capitalize()} by {one.column}",
            f"What {criterion_in_words(one.criterion)} compares{f', of {one.of}' if one.of else ''}, with 95% "
            "intervals of each group.",
            [(_in_short(name), share, "") for name, share in _drawn(one)][:_MOST_ROWS],
            "Share" if CRITERIA[one.criterion].unit == "share" else f"In the unit of {evaluation.label}",
        )
        for place, one in enumerate(evaluation.fairness)
        if one.shares
    ]
    note = (
        "A gap says that groups are treated or served differently, not why, and no page can say which criterion is "
        "the fair one: where groups differ in how often they are positive, not all can hold at once."
    )
    return {"id": "fairness", "title": "Fairness", "figures": figures, "tables": [gaps], "notes": [note]}


def _drawn(one: FairnessFigures) -> list[tuple[str, Estimate]]:
    """The shares of the groups in which the gap is widest, where it was looked for in several."""
    ending = f": {one.of}"
    found = [
        (name.removesuffix(ending), share) for name, share in one.shares.items() if name.endswith(ending)
    ]
    return found if one.of and found else list(one.shares.items())


def robustness(evaluation: Evaluation) -> Section | None:
    """How much a metric drops on inputs that are disturbed."""
    if not evaluation.robustness:
        return None
    words = {"noise": "Noise of {:g} deviations", "missing": "{:.0%} of values missing"}
    rows = [
        [
            words[one.kind].format(one.amount),
            METRICS[one.metric].title,
            "–" if one.before is None else f"{one.before:.4f}",
            "–" if one.after is None else f"{one.after:.4f}",
            _with_interval(one.drop),
            ", ".join(one.columns) or "none",
        ]
        for one in evaluation.robustness
    ]
    found = table(
        "The same rows with their inputs disturbed. The interval of the drop is paired: what makes a row hard for "
        "both does not count.",
        ["Disturbance", "Metric", "As it is", "Disturbed", "Worse by (95% interval)", "Columns"],
        rows,
        numbers=(2, 3, 4),
    )
    return {"id": "robustness", "title": "Robustness", "figures": [], "tables": [found], "notes": []}


def importance(evaluation: Evaluation) -> Section | None:
    """What each column is worth to the model."""
    if not evaluation.importance:
        return None
    title = METRICS[evaluation.importance_metric].title
    shown = evaluation.importance[:_MOST_ROWS]
    drawn = forest(
        "importance-drops",
        "Permutation importance",
        f"How much worse {title} is on the test set when a column's values are shuffled, with the paired 95% interval "
        "of the rows. Left of or on the dashed line the model does as well without the column.",
        [(one.column, one.drop, "") for one in shown],
        f"{title} worse by",
        [0.0],
    )
    rest = len(evaluation.importance) - len(shown)
    notes = ["Columns that say the same share their importance: shuffling one leaves the other."]
    if rest:
        notes.append(f"{rest} columns of less importance are not drawn.")
    return {"id": "importance", "title": "Importance", "figures": [drawn], "tables": [], "notes": notes}


def classes(evaluation: Evaluation) -> Section | None:
    """Precision, recall, F1 and area of each class."""
    if not evaluation.classes:
        return None
    names = ("precision", "recall", "f1", "roc_auc")
    rows: list[list[Cell]] = [
        [
            one.name,
            f"{one.rows:,}",
            f"{one.called:,}",
            *((_value(one.estimates[name]), interval(one.estimates[name])) for name in names),
        ]
        for one in evaluation.classes
    ]
    found = table(
        "Each class: its test rows, how many rows are called so, and its own metrics with 95% intervals; the area is "
        "that against the rest.",
        ["Class", "Rows", "Called", "Precision", "Recall", "F1", "ROC AUC"],
        rows,
        numbers=(1, 2, 3, 4, 5, 6),
    )
    tables = [found]
    if len(evaluation.classes) <= 30:
        tables.append(_matrix(evaluation))
    return {"id": "classes", "title": "Classes", "figures": [], "tables": tables, "notes": []}


def clusters(evaluation: Evaluation) -> Section | None:
    """How many rows each cluster has."""
    if not evaluation.clusters:
        return None
    rows = [[one.name, f"{one.rows:,}", f"{one.rows / evaluation.rows:.1%}"] for one in evaluation.clusters]
    found = table("Test rows in each cluster.", ["Cluster", "Rows", "Share"], rows, numbers=(1, 2))
    return {"id": "clusters", "title": "Clusters", "figures": [], "tables": [found], "notes": []}


def _name(one: SliceFigures) -> str:
    """A value by itself, where it says what it is of."""
    plain = one.value.startswith("[") or one.value in ("missing", "true", "false")
    return f"{one.column} {one.value}" if plain else one.value


def _look(one: SliceFigures) -> tuple[str, str]:
    return one.gate, one.metric


def interval(estimate: Estimate | None) -> str:
    """The interval alone."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return "none"
    dash = "–" if estimate.low >= 0 else "to"  # no dash before a minus sign
    return f"{estimate.low:.4f} {dash} {estimate.high:.4f}"


def _matrix(evaluation: Evaluation) -> dict[str, Any]:
    rows = []
    for place, (one, counts) in enumerate(zip(evaluation.classes, evaluation.matrix, strict=True)):
        total = sum(counts)
        cells = [
            {
                "text": f"{count:,}",
                "soft": f"{count / total:.0%}" if total else "",
                "style": "number" + ((" right" if other == place else " wrong") if count else ""),
            }
            for other, count in enumerate(counts)
        ]
        rows.append([{"text": one.name, "soft": "", "style": ""}, *cells])
    found = table(
        "Confusion matrix: test rows by true class (down) and the class that the served model calls (across), with "
        "the share of the true class.",
        ["True class", *(one.name for one in evaluation.classes)],
        [],
        numbers=tuple(range(1, len(rows) + 1)),
    )
    return {**found, "rows": rows}


def _duel(one: Duel) -> list[str]:
    told = one.difference
    p = "–" if one.p_value is None else f"{one.p_value:.3g}"
    better = _with_interval(told) if told is not None else one.note or one.problem
    return [
        one.gate,
        f"{one.alias}, version {one.version}" if one.version else one.alias,
        METRICS[one.metric].title if one.metric in METRICS else one.metric,
        "–" if one.champion is None else f"{one.champion:.4f}",
        "–" if one.challenger is None else f"{one.challenger:.4f}",
        better,
        p,
    ]


def _check(one: Check, address: str) -> dict[str, str]:
    measured, _, asked = sentence(one).rpartition(", ")
    if one.outcome == "pass":
        detail = one.note
    else:
        told = diagnostic(one, address)
        detail = " ".join(part for part in (told.detail, told.help) if part)
    if one.value is None:
        measured, asked = ("nothing to test", one.note or one.reason)
        detail = "" if one.outcome == "pass" else detail
    title = subject(one)
    if one.kind == "metric" and one.metric in METRICS:
        title = METRICS[one.metric].title
    return {
        "outcome": one.outcome,
        "word": _WORDS[one.outcome],
        "gate": one.gate,
        "what": title[0].upper() + title[1:],
        "asked": asked,
        "measured": measured,
        "detail": detail,
    }


def _in_short(name: str) -> str:
    return name.replace(": true_positive_rate", " (TPR)").replace(": false_positive_rate", " (FPR)")


def _value(estimate: Estimate | None) -> str:
    return "–" if estimate is None or estimate.value is None else f"{estimate.value:.4f}"


def _with_interval(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    ends = "" if estimate.low is None or estimate.high is None else f" ({interval(estimate)})"
    return f"{estimate.value:.4f}{ends}"
