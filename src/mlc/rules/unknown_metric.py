"""unknown-metric: a gate on a metric that is not measured.

Why it matters: a gate on nothing would either always pass or never.
How to mend it: name a metric that is measured for this task.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.evaluation import METRICS
from mlc.rules._fixes import instead
from mlc.rules._gates import MEASURED, metrics_of
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "A gate names a metric that is not measured.")
SCOPE = "upstream"

BAD = {"gate/quality.yaml": "metrics: {rocauc: {min: 0.8}}\n"}
GOOD = {"gate/quality.yaml": "metrics: {roc_auc: {min: 0.8}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, gate in subject.each("gate"):
        for one in metrics_of(gate):
            known = METRICS if one.path[0] == "metrics" else MEASURED
            if one.name in known:
                continue
            span = subject.key_span(address, *one.path) if one.is_key else subject.span(address, *one.path)
            detail = f'No metric is called "{one.name}". There are {listed(sorted(known))}.'
            if one.name in METRICS:
                detail = (
                    f"{METRICS[one.name].title} is measured of the file that is served, not of rows: it can stand "
                    "under metrics only."
                )
            yield RULE.at(
                span,
                detail,
                text="not a metric" if one.name not in METRICS else "not measured of rows",
                help=did_you_mean(one.name, known) if one.name not in METRICS else "",
                fix=instead(one.name, known, span) if one.name not in METRICS else None,
                address=str(address),
                path=".".join(map(str, one.path)),
            )
