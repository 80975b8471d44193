"""runtime-missing: a container without anything to run in.

Why it matters: an image needs a base and packages, and only a runtime says which.
How to mend it: write a runtime and name it in the deployment.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules import lock_unfit
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A container has no runtime.")
SCOPE = "upstream"

BAD = {
    "target/box.yaml": "type: docker\nrepository: ghcr.io/acme/shop\n",
    "deployment/local.yaml": "model: churn\ntarget: box\n",
}
GOOD = {
    "target/box.yaml": "type: docker\nrepository: ghcr.io/acme/shop\n",
    **lock_unfit.GOOD,
    "deployment/local.yaml": "model: churn\ntarget: box\nruntime: python\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, deployment in subject.each("deployment"):
        target = subject.named("target", deployment["target"])
        if target is not None and target["type"] == "docker" and deployment["runtime"] is None:
            yield RULE.at(
                subject.span(address, "target"),
                f"The target {deployment['target']} builds an image, and this deployment names no runtime to build "
                'it from. Name one in "runtime".',
                text="needs a runtime",
                address=str(address),
                path="target",
            )
