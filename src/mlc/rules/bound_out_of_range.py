"""bound-out-of-range: a bound that the metric can never or will always clear.

Why it matters: such a bound decides nothing: every model passes, or none does.
How to mend it: give a bound that the metric can take; shares lie between 0 and 1, so 90 % is 0.9.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.evaluation import METRICS
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A gate's bound lies outside of what the metric can be.")
SCOPE = "upstream"

BAD = {"gate/quality.yaml": "metrics: {accuracy: {min: 90}}\n"}
GOOD = {"gate/quality.yaml": "metrics: {accuracy: {min: 0.9}}\n"}

_LARGEST = {"log_loss": math.inf}  # the other metrics without a unit lie between 0 and 1


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, gate in subject.each("gate"):
        for name, bound in gate["metrics"].items():
            metric = METRICS.get(name)
            if metric is None or metric.unit not in ("share", "score"):
                continue
            largest = _LARGEST.get(name, 1.0)
            for side in ("min", "max"):
                limit = bound[side]
                if isinstance(limit, int | float) and not 0 <= limit <= largest:
                    passes = (limit < 0) == (side == "min")
                    between = "is never negative" if largest == math.inf else "lies between 0 and 1"
                    who = "every" if passes else "no"
                    yield RULE.at(
                        subject.span(address, "metrics", name, side),
                        f"{metric.title} {between}, so {who} model passes with {side}: {limit:g}.",
                        text="always passes" if passes else "never passes",
                        help=f"{limit:g} percent is {limit / 100:g}."
                        if 1 < limit <= 100 and largest == 1
                        else "",
                        address=str(address),
                        path=f"metrics.{name}.{side}",
                    )
