"""bound-missing: a gate's metric without a bound, or with one that cannot be read.

Why it matters: a bound that is missing or has the wrong unit tests nothing.
How to mend it: give `min` or `max`, in the metric's own unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.evaluation import METRICS
from mlc.kinds._fields import Duration, Size
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A gate's bound is missing or cannot be read.")
SCOPE = "upstream"

BAD = {"gate/quality.yaml": "metrics: {roc_auc: {confidence: 0.9}, latency_p99: {max: 0.02}}\n"}
GOOD = {"gate/quality.yaml": "metrics: {roc_auc: {min: 0.9}, latency_p99: {max: 20ms}}\n"}

_FORMS: dict[str, tuple[Any, str]] = {
    "seconds": (Duration, "a duration such as 20ms"),
    "bytes": (Size, "a size such as 10Mi"),
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, gate in subject.each("gate"):
        for metric, bound in gate["metrics"].items():
            if metric not in METRICS:
                continue
            if bound["min"] is None and bound["max"] is None:
                yield RULE.at(
                    subject.key_span(address, "metrics", metric),
                    f'The gate says nothing about "{metric}": give min, max or both.',
                    text="no bound",
                    address=str(address),
                    path=f"metrics.{metric}",
                )
            for side in ("min", "max"):
                wanted = _unreadable(bound[side], METRICS[metric].unit)
                if wanted:
                    yield RULE.at(
                        subject.span(address, "metrics", metric, side),
                        f'"{metric}" is bounded by {wanted}, and "{bound[side]}" is not one.',
                        text="not in the metric's unit",
                        address=str(address),
                        path=f"metrics.{metric}.{side}",
                    )


def _unreadable(value: float | str | None, unit: str) -> str:
    """What the bound should be, where it is not that."""
    if value is None:
        return ""
    if unit in _FORMS:
        form, wanted = _FORMS[unit]
        try:
            msgspec.convert(value, form)
        except msgspec.ValidationError:
            return wanted
        return ""
    return "a number" if isinstance(value, str) else ""
