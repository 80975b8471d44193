"""The curves of a classifier: ROC, precision–recall, calibration, and how scores are spread."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.drivers.reporting.shapes import (
    LEFT,
    SIDE,
    TOP,
    Axis,
    Figure,
    Shape,
    area,
    dot,
    figure,
    frame,
    line,
    number,
    path,
    ratio,
    raw_line,
    rect,
    words,
)
from mlc.ir.evaluation import ClassFigures, Estimate, Evaluation

_COLOURS = 12


def roc(evaluation: Evaluation) -> Figure:
    """The ROC curve with the point where the model's labels lie."""
    counts = evaluation.confusion
    assert counts is not None
    curve = [(point.false_positive_rate, point.true_positive_rate) for point in evaluation.roc]
    here = ratio(counts.false_positives, counts.false_positives + counts.true_negatives)
    there = ratio(counts.true_positives, counts.true_positives + counts.false_negatives)
    auc = said(evaluation.estimates["roc_auc"])
    return figure(
        "roc",
        "ROC curve",
        f"The share of positives found against the share of negatives called positive. ROC AUC {auc}. "
        "The dashed diagonal is a model that knows nothing; the dot is where the model's labels lie.",
        [
            *frame(Axis("False positive rate"), Axis("True positive rate")),
            line((0, 0), (1, 1), "guide"),
            area([*curve, (1, 0)]),
            path(curve, "curve"),
            dot((here, there)),
        ],
    )


def precision_recall(evaluation: Evaluation) -> Figure:
    """The precision–recall curve, its steps drawn as steps, with the share of positives as a guide."""
    counts = evaluation.confusion
    assert counts is not None
    steps: list[tuple[float, float]] = []
    for point in evaluation.precision_recall:
        # precision at a recall holds back to the recall before it: average precision is the area below
        steps += [(steps[-1][0] if steps else 0.0, point.precision), (point.recall, point.precision)]
    share = ratio(evaluation.positives or 0, evaluation.rows)
    recall = ratio(counts.true_positives, counts.true_positives + counts.false_negatives)
    precision = ratio(counts.true_positives, counts.true_positives + counts.false_positives)
    average = said(evaluation.estimates["average_precision"])
    called = counts.true_positives + counts.false_positives
    return figure(
        "precision-recall",
        "Precision–recall curve",
        "The share of rows called positive that are, against the share of positives found. Average "
        f"precision {average}. The dashed line is the share of positives, {share:.3f}: a model that "
        "knows nothing.",
        [
            *frame(Axis("Recall"), Axis("Precision")),
            line((0, share), (1, share), "guide"),
            area([(0, 0), *steps, (1, 0)]),
            path(steps, "curve"),
            *([dot((recall, precision))] if called else []),
        ],
    )


def roc_of_classes(evaluation: Evaluation) -> Figure:
    """A ROC curve of each class against the rest."""
    shapes = [*frame(Axis("False positive rate"), Axis("True positive rate")), line((0, 0), (1, 1), "guide")]
    drawn = [(place, one) for place, one in enumerate(evaluation.classes) if one.roc]
    for place, one in drawn:
        curve = [(point.false_positive_rate, point.true_positive_rate) for point in one.roc]
        shapes.append(path(curve, f"curve c{place % _COLOURS}"))
    shapes += _named(drawn, 150)
    return figure(
        "roc",
        "ROC curves",
        "Of each class against the rest, the share of its rows found against the share of others called so. Macro "
        f"ROC AUC {said(evaluation.estimates['roc_auc_macro'])}. The dashed diagonal is a model that knows nothing.",
        shapes,
    )


def precision_recall_of_classes(evaluation: Evaluation) -> Figure:
    """A precision–recall curve of each class against the rest, its steps drawn as steps."""
    drawn = [(place, one) for place, one in enumerate(evaluation.classes) if one.precision_recall]
    shapes = frame(Axis("Recall"), Axis("Precision"))
    for place, one in drawn:
        steps: list[tuple[float, float]] = []
        for point in one.precision_recall:
            steps += [(steps[-1][0] if steps else 0.0, point.precision), (point.recall, point.precision)]
        shapes.append(path(steps, f"curve c{place % _COLOURS}"))
    return figure(
        "precision-recall",
        "Precision–recall curves",
        "Of each class against the rest, the share of rows called so that are, against the share of its rows found. A "
        "model that knows nothing has the share of the class at every recall.",
        [*shapes, *_named(drawn, 16)],
    )


def _named(drawn: Sequence[tuple[int, ClassFigures]], left: float) -> list[Shape]:
    """The names of curves, in their colours."""
    shapes = []
    for row, (place, one) in enumerate(drawn[:10]):
        y = TOP + SIDE - 12 - 16 * (min(len(drawn), 10) - 1 - row)
        shapes.append(raw_line(LEFT + left, y - 4, LEFT + left + 16, y - 4, f"curve c{place % _COLOURS}"))
        shapes.append(words(LEFT + left + 22, y, _short(one.name, 18), "tick", "start"))
    return shapes


def calibration(evaluation: Evaluation) -> Figure:
    """What was said against what came true, bin by bin, each with its interval."""
    shapes = [
        *frame(Axis("Probability said (mean of the bin)"), Axis("Share that came true")),
        line((0, 0), (1, 1), "guide"),
    ]
    points = []
    for one in evaluation.calibration:
        if one.mean_probability is None or one.rate is None or one.rate_low is None or one.rate_high is None:
            continue
        x = one.mean_probability
        shapes += [line((x, one.rate_low), (x, one.rate_high), "whisker")]
        points.append((x, one.rate))
    shapes += [path(points, "curve thin"), *(dot(point) for point in points)]
    error = said(evaluation.estimates["expected_calibration_error"])
    what = (
        "The share of rows that turned out positive against the probability said"
        if not evaluation.classes
        else "The share of rows whose predicted class is right against the probability of that class"
    )
    return figure(
        "calibration",
        "Calibration",
        f"{what}, in ten equal bins, with 95% intervals. On the dashed diagonal what is said comes true. Expected "
        f"calibration error {error}.",
        shapes,
    )


def histogram(evaluation: Evaluation) -> Figure:
    """Scores of one kind of rows upwards and of the other downwards, each as a share of its kind."""
    up_words, down_words, across, text = _of_kind(evaluation)
    bins = evaluation.histogram
    ups, downs = max(sum(one.positives for one in bins), 1), max(sum(one.negatives for one in bins), 1)
    shares = [(ratio(one.positives, ups), ratio(one.negatives, downs)) for one in bins]
    tallest = max((max(pair) for pair in shares), default=0.0) or 1.0
    shapes = [rect(LEFT, TOP, SIDE, SIDE, "plot")]
    middle, half = TOP + SIDE / 2, SIDE / 2 - 8
    for one, (up, down) in zip(bins, shares, strict=True):
        left = LEFT + across.at(one.low) * SIDE + 1
        width = (across.at(one.high) - across.at(one.low)) * SIDE - 2
        shapes.append(rect(left, middle - half * up / tallest, width, half * up / tallest, "bar positive"))
        shapes.append(rect(left, middle, width, half * down / tallest, "bar negative"))
    shapes.append(raw_line(LEFT, middle, LEFT + SIDE, middle, "axis"))
    for tick in across.ticks:
        shapes.append(words(LEFT + across.at(tick) * SIDE, TOP + SIDE + 16, number(tick), "tick", "middle"))
    for y in (middle - half, middle + half):
        shapes.append(raw_line(LEFT - 4, y, LEFT, y, "axis"))
        shapes.append(words(LEFT - 7, y + 4, f"{tallest:.0%}", "tick", "end"))
    shapes.append(words(LEFT - 7, middle + 4, "0%", "tick", "end"))
    shapes += [
        words(LEFT + 8, TOP + 18, f"{up_words} ↑", "name positive", "start"),
        words(LEFT + SIDE - 8, TOP + SIDE - 10, f"{down_words} ↓", "name negative", "end"),
        words(LEFT + SIDE / 2, TOP + SIDE + 38, across.name, "label", "middle"),
    ]
    return figure("scores", "Scores by class", text, shapes)


def _of_kind(evaluation: Evaluation) -> tuple[str, str, Axis, str]:
    """Which rows go up and which down, along what, and what that says."""
    if evaluation.task == "anomaly_detection":
        ends = [one.low for one in evaluation.histogram] + [one.high for one in evaluation.histogram]
        up = "unlike rows" if evaluation.positives is not None else "rows called unlike"
        down = "like rows" if evaluation.positives is not None else "other rows"
        across = Axis("Score: the higher, the more unlike", min(ends), max(ends))
        return (
            up,
            down,
            across,
            f"How the scores are spread: {up} upwards, {down} downwards, each as a share.",
        )
    if evaluation.classes:
        text = (
            "How sure the model is of the class that it calls, as a share of each kind: rows that it calls right "
            "upwards, wrong ones downwards. A model that knows what it does not know is unsure where it is wrong."
        )
        return "right rows", "wrong rows", Axis("Probability of the class called"), text
    text = (
        "How the probabilities said are spread, as a share of each class: positive rows upwards, negative "
        "rows downwards. The further apart the two, the better the classes are told apart."
    )
    return "positive rows", "negative rows", Axis("Probability said"), text


def whisker(
    estimate: Estimate, title: str, baseline: float | None, ends_at: tuple[float, float | None] = (0.0, 1.0)
) -> Figure | None:
    """An interval on the metric's own scale, further where it must reach; it fits a table row."""
    if estimate.value is None:
        return None
    ends = [end for end in (estimate.low, estimate.high) if end is not None]
    known = [estimate.value, *ends, *([] if baseline is None else [baseline])]
    least = min(ends_at[0], *known)
    most = max(known) * 1.15 if ends_at[1] is None else max(ends_at[1], *known)
    across = Axis("", least, most if most > least else least + 1.0)

    def x(value: float) -> float:
        return 6 + 168 * across.at(value)

    shapes = [raw_line(6, 12, 174, 12, "track"), raw_line(6, 8, 6, 16, "track")]
    shapes.append(raw_line(174, 8, 174, 16, "track"))
    if least < 0 < across.high:
        shapes.append(raw_line(x(0), 8, x(0), 16, "track"))
    if baseline is not None:
        shapes.append(raw_line(x(baseline), 4, x(baseline), 20, "guide"))
    if len(ends) == 2:
        shapes.append(rect(x(ends[0]), 6, max(x(ends[1]) - x(ends[0]), 1.5), 12, "interval"))
    shapes.append(raw_line(x(estimate.value), 3, x(estimate.value), 21, "value"))
    about = f"{title} {said(estimate)} on a scale from {least:.3g} to {across.high:.3g}"
    about += "." if baseline is None else f"; the dashed mark is the baseline, {baseline:.4f}."
    return {
        "id": f"interval-{estimate.metric.replace('_', '-')}",
        "title": f"Interval of {title}",
        "text": about,
        "width": "180",
        "height": "24",
        "shapes": shapes,
    }


def said(estimate: Estimate) -> str:
    """An estimate and its interval within a sentence."""
    if estimate.value is None:
        return "not defined"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.4f}, without an interval"
    return f"{estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f})"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
