"""autoscaling-bounds: a deployment that may have fewer replicas at most than at least.

Why it matters: no number of replicas fits.
How to mend it: make `max` at least `min`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The bounds of autoscaling leave nothing.")
SCOPE = "upstream"

_CLUSTER = "type: kserve\nstorage: s3://shop-models\nserving_runtime: kserve-tritonserver\n"
BAD = {
    "target/cluster.yaml": _CLUSTER,
    "deployment/local.yaml": "model: churn\ntarget: cluster\nautoscaling: {min: 4, max: 2}\n",
}
GOOD = {
    "target/cluster.yaml": _CLUSTER,
    "deployment/local.yaml": "model: churn\ntarget: cluster\nautoscaling: {min: 2, max: 4}\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, deployment in subject.each("deployment"):
        scaling = deployment["autoscaling"]
        if scaling is not None and scaling["max"] < scaling["min"]:
            yield RULE.at(
                subject.span(address, "autoscaling", "max"),
                f"At most {scaling['max']} replicas and at least {scaling['min']} cannot both be. "
                'Make "max" at least "min".',
                text="less than min",
                related=(Label(subject.span(address, "autoscaling", "min"), "min"),),
                address=str(address),
                path="autoscaling.max",
            )
