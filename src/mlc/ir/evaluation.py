"""What a model proved on the test set, and what a gate said to it.

An estimate never travels without its interval, how the interval was made, and how many rows it rests on.
A value that is not defined (no positives, no rows, not a number) is None, and its warnings say why.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Unit = Literal["share", "score", "seconds", "bytes"]
Source = Literal["evaluation", "latency", "parity"]
Outcome = Literal["pass", "fail", "inconclusive"]
End = Literal["lower", "upper", "point"]


class Metric(Struct, frozen=True):
    """A metric that a gate may bound. `source` is the proof that holds it."""

    name: str
    title: str
    unit: Unit
    better: Literal["higher", "lower"]
    source: Source
    description: str


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


class Evaluation(Struct, frozen=True):
    """Everything measured on the test set. Curves are thinned for reading; estimates use every row."""

    task: str
    rows: int
    positives: int
    label: str
    positive: str | int | bool
    estimates: dict[str, Estimate]
    confusion: Confusion
    roc: tuple[RocPoint, ...] = ()
    precision_recall: tuple[PrecisionRecallPoint, ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    histogram: tuple[HistogramBin, ...] = ()
    warnings: tuple[str, ...] = ()
    version: Literal[1] = 1


class Check(Struct, frozen=True):
    """One bound of one gate, tested.

    `tested` is the value that had to clear `limit`; `margin` says by how much it did (negative: by how
    much it missed), in the metric's unit. `rows_needed` is about how many test rows would decide an
    inconclusive check if the value stayed what it is; None where no number can be said.
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


class Verdict(Struct, frozen=True):
    """What all gates of a model said. One check that does not pass and the verdict does not."""

    outcome: Outcome
    checks: tuple[Check, ...]
    version: Literal[1] = 1


def _catalogue(*metrics: Metric) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


METRICS: dict[str, Metric] = _catalogue(
    Metric(
        "roc_auc",
        "ROC AUC",
        "share",
        "higher",
        "evaluation",
        "Probability that a positive row scores above a negative one; ties count half.",
    ),
    Metric(
        "average_precision",
        "Average precision",
        "share",
        "higher",
        "evaluation",
        "Precision averaged over the steps of recall; a model that knows nothing has the share of positives.",
    ),
    Metric(
        "accuracy",
        "Accuracy",
        "share",
        "higher",
        "evaluation",
        "Share of rows whose predicted label is right.",
    ),
    Metric(
        "balanced_accuracy",
        "Balanced accuracy",
        "share",
        "higher",
        "evaluation",
        "Mean of recall and specificity: accuracy as if both classes were equally frequent.",
    ),
    Metric(
        "precision",
        "Precision",
        "share",
        "higher",
        "evaluation",
        "Share of rows called positive that are positive.",
    ),
    Metric(
        "recall",
        "Recall",
        "share",
        "higher",
        "evaluation",
        "Share of positive rows that are called positive.",
    ),
    Metric(
        "specificity",
        "Specificity",
        "share",
        "higher",
        "evaluation",
        "Share of negative rows that are called negative.",
    ),
    Metric(
        "f1",
        "F1",
        "share",
        "higher",
        "evaluation",
        "Harmonic mean of precision and recall.",
    ),
    Metric(
        "brier",
        "Brier score",
        "score",
        "lower",
        "evaluation",
        "Mean squared difference between the probability said and what came true (0 or 1).",
    ),
    Metric(
        "log_loss",
        "Log loss",
        "score",
        "lower",
        "evaluation",
        "Mean negative logarithm of the probability given to what came true, in nats.",
    ),
    Metric(
        "expected_calibration_error",
        "Expected calibration error",
        "share",
        "lower",
        "evaluation",
        "Mean distance between the probability said and the share that came true, over ten equal bins.",
    ),
    Metric(
        "latency_p50",
        "Latency, median",
        "seconds",
        "lower",
        "latency",
        "Time to score one row that half of the calls stay within.",
    ),
    Metric(
        "latency_p95",
        "Latency, 95th percentile",
        "seconds",
        "lower",
        "latency",
        "Time to score one row that 95 of 100 calls stay within.",
    ),
    Metric(
        "latency_p99",
        "Latency, 99th percentile",
        "seconds",
        "lower",
        "latency",
        "Time to score one row that 99 of 100 calls stay within.",
    ),
    Metric(
        "model_size",
        "Size of the served model",
        "bytes",
        "lower",
        "latency",
        "Size of the file that is served.",
    ),
    Metric(
        "label_agreement",
        "Label agreement",
        "share",
        "higher",
        "parity",
        "Share of test rows on which the served model gives the label of the model as trained.",
    ),
    Metric(
        "max_probability_difference",
        "Largest probability difference",
        "share",
        "lower",
        "parity",
        "Largest difference on the test set between a probability served and the model's as trained.",
    ),
)
"""The metrics of binary classification, by name, in the order a report shows them."""
