"""unknown-metric: a gate on a metric that is not measured.

Why it matters: a gate on nothing would either always pass or never.
How to mend it: name a metric that is measured for this task.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.evaluation import METRICS
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "A gate names a metric that is not measured.")
SCOPE = "upstream"

BAD = {"gate/quality.yaml": "metrics: {rocauc: {min: 0.8}}\n"}
GOOD = {"gate/quality.yaml": "metrics: {roc_auc: {min: 0.8}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, gate in subject.each("gate"):
        for metric in gate["metrics"]:
            if metric not in METRICS:
                span = subject.key_span(address, "metrics", metric)
                yield RULE.at(
                    span,
                    f'No metric is called "{metric}". There are {listed(sorted(METRICS), most=40)}.',
                    text="not a metric",
                    help=did_you_mean(metric, METRICS),
                    fix=instead(metric, METRICS, span),
                    address=str(address),
                    path=f"metrics.{metric}",
                )
