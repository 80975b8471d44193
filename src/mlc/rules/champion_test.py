"""champion-test: a model cannot be compared with its champion as the gate asks.

Why it matters: each paired test is of one kind of metric, and "not worse by more than nothing" is what no number of
rows can show, so that the gate would refuse every model.
How to mend it: name the test that fits the metric or none, and give `non_inferior` a margin.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.metrics import METRICS
from mlc.kinds._evaluating import test_of
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A comparison with a champion cannot be made so.")
SCOPE = "upstream"

BAD = {"gate/better.yaml": "champion: {metric: roc_auc, test: mcnemar, margin: 0.01}\n"}
GOOD = {
    "gate/better.yaml": "champion: {metric: roc_auc, test: delong, margin: 0.01}\n",
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\ngates: [better]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n",
}

NOT_PAIRED = ("expected_calibration_error", "median_absolute_error")
"""Metrics that have no paired test here."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, gate in subject.each("gate"):
        for part in ("champion", "robustness"):
            wanted = gate[part]
            metric = METRICS.get(wanted["metric"]) if wanted else None
            if metric is None:
                continue
            if metric.name in NOT_PAIRED or metric.tasks == ("clustering",):
                yield RULE.at(
                    subject.span(address, part, "metric"),
                    f"{metric.title} has no paired test: it is no mean over rows, and what both models have in common "
                    "cannot be taken out of it.",
                    text="cannot be compared on the same rows",
                    address=str(address),
                    path=f"{part}.metric",
                )
        champion = gate["champion"]
        if not champion or champion["metric"] not in METRICS:
            continue
        fits = test_of(champion["metric"])
        if champion["test"] not in (None, fits):
            yield RULE.at(
                subject.span(address, "champion", "test"),
                f"{METRICS[champion['metric']].title} is compared by {fits}, not by {champion['test']}.",
                text="another test",
                help=f"Write test: {fits}, or leave it out.",
                address=str(address),
                path="champion.test",
            )
        if champion["require"] == "non_inferior" and champion["margin"] == 0:
            yield RULE.at(
                subject.span(address, "champion"),
                "Not worse by more than nothing cannot be shown with any number of rows: the lower end of the "
                "difference would have to be at least 0, and then the model is superior.",
                text="no margin",
                help="Say by how much it may be worse, with margin, or require: superior.",
                address=str(address),
                path="champion.margin",
            )
