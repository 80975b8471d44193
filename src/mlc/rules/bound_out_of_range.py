"""bound-out-of-range: a bound that the metric can never or will always clear.

Why it matters: such a bound decides nothing: every model passes, or none does.
How to mend it: give a bound that the metric can take; shares lie between 0 and 1, so 90 % is 0.9.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.evaluation import METRICS, Metric
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A gate's bound lies outside of what the metric can be.")
SCOPE = "upstream"

BAD = {"gate/quality.yaml": "metrics: {accuracy: {min: 90}}\n"}
GOOD = {"gate/quality.yaml": "metrics: {accuracy: {min: 0.9}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, gate in subject.each("gate"):
        for name, bound in gate["metrics"].items():
            metric = METRICS.get(name)
            if metric is None or metric.unit not in ("share", "score"):
                continue
            for side in ("min", "max"):
                limit = bound[side]
                if not isinstance(limit, int | float):
                    continue
                below = metric.least is not None and limit < metric.least
                above = metric.most is not None and limit > metric.most
                if below or above:
                    passes = below == (side == "min")
                    who = "every" if passes else "no"
                    yield RULE.at(
                        subject.span(address, "metrics", name, side),
                        f"{metric.title} {_range(metric)}, so {who} model passes with {side}: {limit:g}.",
                        text="always passes" if passes else "never passes",
                        help=f"{limit:g} percent is {limit / 100:g}."
                        if 1 < limit <= 100 and metric.most == 1
                        else "",
                        address=str(address),
                        path=f"metrics.{name}.{side}",
                    )


def _range(metric: Metric) -> str:
    if metric.most is None:
        return "is never negative"
    if metric.least is None:
        return f"is at most {metric.most:g}"
    return f"lies between {metric.least:g} and {metric.most:g}"
