"""bounds-crossed: a gate whose smallest value lies above its largest.

Why it matters: no value lies between the two, so no model passes.
How to mend it: exchange the bounds, or correct one.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.evaluation import METRICS
from mlc.kinds.gate import limit_of
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A gate's bounds leave nothing between them.")
SCOPE = "upstream"

BAD = {"gate/quality.yaml": "metrics: {brier: {min: 0.3, max: 0.1}}\n"}
GOOD = {"gate/quality.yaml": "metrics: {brier: {min: 0.1, max: 0.3}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, gate in subject.each("gate"):
        for name, bound in gate["metrics"].items():
            if name not in METRICS or bound["min"] is None or bound["max"] is None:
                continue
            try:
                low, high = limit_of(METRICS[name], bound["min"]), limit_of(METRICS[name], bound["max"])
            except ValueError:
                continue  # bound-missing says so
            if low > high:
                yield RULE.at(
                    subject.span(address, "metrics", name, "min"),
                    f"{METRICS[name].title} cannot be at least {bound['min']} and at most {bound['max']}.",
                    text="above max",
                    related=(Label(subject.span(address, "metrics", name, "max"), "max"),),
                    help="Exchange the two, or correct one.",
                    address=str(address),
                    path=f"metrics.{name}.min",
                )
