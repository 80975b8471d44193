"""The metrics that a gate may bound, and the tasks that they are of."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Unit = Literal["share", "score", "seconds", "bytes"]
Source = Literal["evaluation", "latency", "parity"]

BINARY = "binary_classification"
MULTICLASS = "multiclass_classification"
REGRESSION = "regression"
ANOMALY = "anomaly_detection"
CLUSTERING = "clustering"
ALL = (BINARY, MULTICLASS, REGRESSION, ANOMALY, CLUSTERING)


class Metric(Struct, frozen=True):
    """A metric that a gate may bound. `source` is the proof that holds it; `tasks` those in which it is measured.

    It lies between `least` and `most`; None is no end.
    """

    name: str
    title: str
    unit: Unit
    better: Literal["higher", "lower"]
    source: Source
    description: str
    tasks: tuple[str, ...] = (BINARY,)
    least: float | None = 0.0
    most: float | None = 1.0


def _rising(name: str, title: str, tasks: tuple[str, ...], description: str, least: float = 0.0) -> Metric:
    return Metric(name, title, "share", "higher", "evaluation", description, tasks, least)


def _falling(
    name: str, title: str, tasks: tuple[str, ...], description: str, most: float | None = 1.0
) -> Metric:
    unit: Unit = "share" if name == "expected_calibration_error" else "score"
    return Metric(name, title, unit, "lower", "evaluation", description, tasks, 0.0, most)


def _served(
    name: str,
    title: str,
    unit: Unit,
    better: Literal["higher", "lower"],
    source: Source,
    description: str,
    tasks: tuple[str, ...] = ALL,
) -> Metric:
    most = 1.0 if unit == "share" else None
    return Metric(name, title, unit, better, source, description, tasks, 0.0, most)


_OF_TWO = (BINARY, ANOMALY)
_OF_CLASSES = (BINARY, MULTICLASS)
_COUNTED = (BINARY, MULTICLASS, ANOMALY)


def _catalogue(*metrics: Metric) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


METRICS: dict[str, Metric] = _catalogue(
    _rising(
        "roc_auc",
        "ROC AUC",
        _OF_TWO,
        "Probability that a positive row scores above a negative one; ties count half.",
    ),
    _rising(
        "roc_auc_macro",
        "ROC AUC, macro",
        (MULTICLASS,),
        "Mean over the classes of the area under the ROC curve of each class against the rest.",
    ),
    _rising(
        "average_precision",
        "Average precision",
        _OF_TWO,
        "Precision averaged over the steps of recall; a model that knows nothing has the share of positives.",
    ),
    _rising("accuracy", "Accuracy", _COUNTED, "Share of rows whose predicted label is right."),
    _rising(
        "balanced_accuracy",
        "Balanced accuracy",
        _COUNTED,
        "Mean of the classes' recalls (of two: recall and specificity): accuracy as if all were equally frequent.",
    ),
    _rising("precision", "Precision", _OF_TWO, "Share of rows called positive that are positive."),
    _rising("recall", "Recall", _OF_TWO, "Share of positive rows that are called positive."),
    _rising("specificity", "Specificity", _OF_TWO, "Share of negative rows that are called negative."),
    _rising("f1", "F1", _OF_TWO, "Harmonic mean of precision and recall."),
    _rising("f1_macro", "F1, macro", (MULTICLASS,), "Mean of the classes' F1, each class counting alike."),
    _rising(
        "f1_micro",
        "F1, micro",
        (MULTICLASS,),
        "F1 of all decisions together, which equals accuracy where each row has one class.",
    ),
    _rising(
        "f1_weighted", "F1, weighted", (MULTICLASS,), "Mean of the classes' F1, each counting by its rows."
    ),
    _rising(
        "precision_macro",
        "Precision, macro",
        (MULTICLASS,),
        "Mean of the classes' precisions, each class counting alike.",
    ),
    _rising(
        "precision_weighted",
        "Precision, weighted",
        (MULTICLASS,),
        "Mean of the classes' precisions, each counting by its rows.",
    ),
    _rising(
        "matthews_correlation",
        "Matthews correlation",
        _COUNTED,
        "Correlation of the true and the predicted label: 0 for chance, 1 for no mistake.",
        least=-1.0,
    ),
    _rising(
        "cohen_kappa",
        "Cohen's kappa",
        _COUNTED,
        "Agreement of the true and the predicted label beyond what chance would give.",
        least=-1.0,
    ),
    _falling(
        "brier",
        "Brier score",
        _OF_CLASSES,
        "Mean squared difference between the probability said and what came true (0 or 1).",
    ),
    _falling(
        "log_loss",
        "Log loss",
        _OF_CLASSES,
        "Mean negative logarithm of the probability given to what came true, in nats.",
        most=None,
    ),
    _falling(
        "expected_calibration_error",
        "Expected calibration error",
        _OF_CLASSES,
        "Mean distance between the probability said and the share that came true, over ten equal bins.",
    ),
    _falling(
        "rmse",
        "Root mean squared error",
        (REGRESSION,),
        "Root of the mean squared error, in the label's unit.",
        most=None,
    ),
    _falling(
        "mae", "Mean absolute error", (REGRESSION,), "Mean size of an error, in the label's unit.", most=None
    ),
    _falling(
        "median_absolute_error",
        "Median absolute error",
        (REGRESSION,),
        "The size that half of the errors stay within, in the label's unit.",
        most=None,
    ),
    _falling(
        "mape",
        "Mean absolute percentage error",
        (REGRESSION,),
        "Mean size of an error as a share of the true value; not defined where that is 0.",
        most=None,
    ),
    _falling(
        "rmsle",
        "Root mean squared logarithmic error",
        (REGRESSION,),
        "Root of the mean squared difference of the logarithms of 1 + value.",
        most=None,
    ),
    _falling(
        "pinball_loss",
        "Pinball loss",
        (REGRESSION,),
        "Mean loss of a predicted quantile: the quantile's share of each error that is too low, the rest of each "
        "that is too high. Of a model that predicts no quantile, half the mean absolute error.",
        most=None,
    ),
    Metric(
        "r2",
        "R²",
        "score",
        "higher",
        "evaluation",
        "Share of the label's variance that is explained; 0 is a model that always says the mean.",
        (REGRESSION,),
        None,
    ),
    Metric(
        "mean_error",
        "Mean error",
        "score",
        "lower",
        "evaluation",
        "Mean of predicted minus true value: whether the model says too much (above 0) or too little.",
        (REGRESSION,),
        None,
        None,
    ),
    Metric(
        "alert_rate",
        "Alert rate",
        "share",
        "lower",
        "evaluation",
        "Share of rows that are called unlike the others.",
        (ANOMALY,),
    ),
    _rising(
        "silhouette",
        "Silhouette",
        (CLUSTERING,),
        "How much nearer rows lie to their own cluster than to the next, from −1 to 1.",
        least=-1.0,
    ),
    _falling(
        "davies_bouldin",
        "Davies–Bouldin index",
        (CLUSTERING,),
        "Mean over clusters of their likeness to the most alike: widths over distances.",
        most=None,
    ),
    Metric(
        "calinski_harabasz",
        "Calinski–Harabasz index",
        "score",
        "higher",
        "evaluation",
        "Variance between clusters over variance within, each over its degrees of freedom.",
        (CLUSTERING,),
        0.0,
        None,
    ),
    _rising(
        "adjusted_rand_index",
        "Adjusted Rand index",
        (CLUSTERING,),
        "Pairs of rows on which clusters and label agree, beyond chance. Needs a label.",
        least=-1.0,
    ),
    _rising(
        "normalized_mutual_information",
        "Normalised mutual information",
        (CLUSTERING,),
        "Information that clusters and label share, over the mean of their entropies. Needs a label.",
    ),
    _rising(
        "homogeneity", "Homogeneity", (CLUSTERING,), "Whether a cluster holds one class only. Needs a label."
    ),
    _rising(
        "completeness",
        "Completeness",
        (CLUSTERING,),
        "Whether the rows of a class lie in one cluster. Needs a label.",
    ),
    _served(
        "latency_p50",
        "Latency, median",
        "seconds",
        "lower",
        "latency",
        "Time to score one row that half of the calls stay within.",
    ),
    _served(
        "latency_p95",
        "Latency, 95th percentile",
        "seconds",
        "lower",
        "latency",
        "Time to score one row that 95 of 100 calls stay within.",
    ),
    _served(
        "latency_p99",
        "Latency, 99th percentile",
        "seconds",
        "lower",
        "latency",
        "Time to score one row that 99 of 100 calls stay within.",
    ),
    _served(
        "model_size",
        "Size of the served model",
        "bytes",
        "lower",
        "latency",
        "Size of the file that is served.",
    ),
    _served(
        "label_agreement",
        "Label agreement",
        "share",
        "higher",
        "parity",
        "Share of test rows on which the served model gives the label of the model as trained.",
        (BINARY, MULTICLASS, ANOMALY, CLUSTERING),
    ),
    _served(
        "max_probability_difference",
        "Largest probability difference",
        "share",
        "lower",
        "parity",
        "Largest difference on the test set between a probability served and the model's as trained.",
        _OF_CLASSES,
    ),
    _served(
        "value_agreement",
        "Value agreement",
        "share",
        "higher",
        "parity",
        "Share of test rows on which the served model gives the number of the model as trained, within the "
        "difference that is allowed.",
        (REGRESSION, ANOMALY),
    ),
    _served(
        "max_relative_difference",
        "Largest relative difference",
        "score",
        "lower",
        "parity",
        "Largest difference on the test set between a number served and the model's as trained, as a share of it.",
        (REGRESSION, ANOMALY),
    ),
)
"""The metrics of every task, by name, in the order a report shows them."""


def of_task(task: str) -> dict[str, Metric]:
    """The metrics that a task has."""
    return {name: metric for name, metric in METRICS.items() if task in metric.tasks}
