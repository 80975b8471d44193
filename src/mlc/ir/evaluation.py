"""What a model proved on the test set, and what a gate said to it.

An estimate never travels without its interval, how the interval was made, and how many rows it rests on.
A value that is not defined (no positives, no rows, not a number) is None, and its warnings say why.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mlc.ir.metrics import METRICS, Metric

__all__ = ["METRICS", "Metric"]

Outcome = Literal["pass", "fail", "inconclusive"]
End = Literal["lower", "upper", "point"]
Kind = Literal["metric", "slice", "gap", "fairness", "robustness", "champion"]


class Interval(Struct, frozen=True):
    """A two-sided confidence interval at one level."""

    confidence: float
    low: float | None
    high: float | None


class Estimate(Struct, frozen=True):
    """A metric on the test set with its interval.

    `n` counts the rows it rests on (for recall the positives only); `others` are the intervals at the
    further levels that gates ask for. `resamples` and `seed` are None where nothing was drawn.
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    method: str
    n: int
    resamples: int | None = None
    seed: int | None = None
    warnings: tuple[str, ...] = ()
    others: tuple[Interval, ...] = ()

    def at(self, confidence: float) -> Interval | None:
        """The interval at a level, or None where it was not computed."""
        intervals = (Interval(self.confidence, self.low, self.high), *self.others)
        return next((one for one in intervals if abs(one.confidence - confidence) < 1e-9), None)


class Confusion(Struct, frozen=True):
    """Rows by true and predicted class, at the labels the served model gives."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


class RocPoint(Struct, frozen=True):
    """Both rates when rows scoring at least `threshold` are called positive (None: no row is)."""

    threshold: float | None
    false_positive_rate: float
    true_positive_rate: float


class PrecisionRecallPoint(Struct, frozen=True):
    """Precision and recall when rows scoring at least `threshold` are called positive."""

    threshold: float
    precision: float
    recall: float


class CalibrationBin(Struct, frozen=True):
    """Rows whose probability lies in [low, high): what was said, and what came true, with its interval."""

    low: float
    high: float
    rows: int
    positives: int
    mean_probability: float | None
    rate: float | None
    rate_low: float | None
    rate_high: float | None


class HistogramBin(Struct, frozen=True):
    """Rows of either class whose probability lies in [low, high)."""

    low: float
    high: float
    negatives: int
    positives: int


class Sampling(Struct, frozen=True):
    """How the test set was drawn, which is how it is resampled: `by` rows, groups or blocks of time.

    `units` are the independent parts; `column` says what groups or orders the rows and `weight` what weighs them.
    """

    by: Literal["rows", "groups", "blocks"]
    units: int
    column: str = ""
    block: int = 0
    weight: str = ""


class ClassFigures(Struct, frozen=True):
    """One class of several: its rows, how often it is called, and its own estimates (`roc_auc`: against the rest)."""

    name: str
    rows: int
    called: int
    estimates: dict[str, Estimate]
    roc: tuple[RocPoint, ...] = ()
    precision_recall: tuple[PrecisionRecallPoint, ...] = ()


class PredictedBin(Struct, frozen=True):
    """Rows that are predicted within [low, high]: what was true, and the quartiles of the errors."""

    low: float
    high: float
    rows: int
    mean_predicted: float
    mean_true: float
    lower: float
    median: float
    upper: float


class Residuals(Struct, frozen=True):
    """The errors (predicted minus true) of a regression: a histogram, quartiles by predicted value, and the true
    and predicted values of some rows."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    bins: tuple[PredictedBin, ...]
    truth: tuple[float, ...]
    predicted: tuple[float, ...]


class ClusterFigures(Struct, frozen=True):
    """A cluster's rows, and where a space is known the mean silhouette of those that were sampled."""

    name: str
    rows: int
    silhouette: float | None = None


class SliceFigures(Struct, frozen=True):
    """A metric on some of the rows and on the rest of them.

    `gap` is by how much the slice is worse than the rest (below 0: better). `estimate` and `gap` have intervals
    at `CONFIDENCE` of one look; those of a gate hold for all its looks together (`simultaneous`, by level).
    `p_adjusted` says after Holm how surprising the gap would be if there were none. Fewer rows than `min_rows`:
    nothing is estimated.
    """

    gate: str
    column: str
    value: str
    metric: str
    rows: int
    min_rows: int
    looks: int
    estimate: Estimate | None = None
    rest: Estimate | None = None
    gap: Estimate | None = None
    p_adjusted: float | None = None


class FairnessFigures(Struct, frozen=True):
    """The largest difference between two groups of a protected column, with an interval that holds for all pairs
    together.

    `shares` are what is compared of the groups that have enough rows (of a regression means, in the label's unit);
    `small` are the other groups. Where more than one thing is compared, as each class of several, `of` says which
    lies apart the most. `undecided` are the shares of which no row says anything.
    """

    gate: str
    column: str
    criterion: str
    gap: Estimate
    shares: dict[str, Estimate]
    between: tuple[str, ...] = ()
    small: dict[str, int] = {}
    of: str = ""
    undecided: tuple[str, ...] = ()


class RobustnessFigures(Struct, frozen=True):
    """How much a metric gets worse when the inputs are disturbed, with the paired interval of the drop."""

    gate: str
    kind: Literal["noise", "missing"]
    amount: float
    metric: str
    columns: tuple[str, ...]
    before: float | None
    after: float | None
    drop: Estimate


class Importance(Struct, frozen=True):
    """How much a metric gets worse when a column's values are shuffled, with the paired interval of the drop."""

    column: str
    drop: Estimate


class Evaluation(Struct, frozen=True):
    """Everything measured on the test set. Curves are thinned for reading; estimates use every row.

    `positives`, `positive`, `confusion`, the curves and `histogram` are of two classes; `classes` and `matrix`
    (true class by predicted class) of several; `residuals` of a regression; `clusters` of a clustering.
    """

    task: str
    rows: int
    label: str
    estimates: dict[str, Estimate]
    positives: int | None = None
    positive: str | int | bool | None = None
    confusion: Confusion | None = None
    roc: tuple[RocPoint, ...] = ()
    precision_recall: tuple[PrecisionRecallPoint, ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    histogram: tuple[HistogramBin, ...] = ()
    warnings: tuple[str, ...] = ()
    version: Literal[1] = 1
    sampling: Sampling | None = None
    classes: tuple[ClassFigures, ...] = ()
    matrix: tuple[tuple[int, ...], ...] = ()
    residuals: Residuals | None = None
    clusters: tuple[ClusterFigures, ...] = ()
    slices: tuple[SliceFigures, ...] = ()
    fairness: tuple[FairnessFigures, ...] = ()
    robustness: tuple[RobustnessFigures, ...] = ()
    importance: tuple[Importance, ...] = ()
    importance_metric: str = ""


class Duel(Struct, frozen=True):
    """A model (the challenger) against the registered one that an alias points to (the champion), on the same rows.

    `difference` is challenger minus champion, turned so that above 0 the challenger is better. Without a champion,
    or where the challenger is the champion, `note` says so and nothing is compared.
    """

    gate: str
    alias: str
    metric: str
    test: str
    version: int | None = None
    digest: str = ""
    challenger: float | None = None
    champion: float | None = None
    difference: Estimate | None = None
    p_value: float | None = None
    note: str = ""
    problem: str = ""


class Comparison(Struct, frozen=True):
    """What a model was compared with, one duel per gate that asks for one."""

    rows: int
    duels: tuple[Duel, ...]
    version: Literal[1] = 1


class Check(Struct, frozen=True):
    """One bound of one gate, tested.

    `tested` is the value that had to clear `limit`; `margin` says by how much it did (negative: by how
    much it missed), in the metric's unit. `rows_needed` is about how many test rows would decide an
    inconclusive check if the value stayed what it is; None where no number can be said. `kind` says what is tested
    of the metric: itself, its gap in a slice or between groups (`where`), its drop under a disturbance, or its
    distance from a champion's; `path` is the field of the gate that holds the bound.
    """

    gate: str
    metric: str
    side: Literal["min", "max"]
    limit: float | None
    bound: End
    confidence: float
    value: float | None
    low: float | None
    high: float | None
    tested: float | None
    outcome: Outcome
    margin: float | None
    method: str
    rows: int | None
    rows_needed: int | None = None
    reason: str = ""
    kind: Kind = "metric"
    where: str = ""
    path: str = ""
    note: str = ""


class Verdict(Struct, frozen=True):
    """What all gates of a model said. One check that does not pass and the verdict does not."""

    outcome: Outcome
    checks: tuple[Check, ...]
    version: Literal[1] = 1
