"""image-missing: a deployment on a cluster without an image to run.

Why it matters: a pod runs an image, and only the deployment says which, by its digest.
How to mend it: build the image (a `docker` target writes its Dockerfile), push it, and name it with its digest.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A deployment on a cluster has no image.")
SCOPE = "upstream"

_CLUSTER = "type: kubernetes\nnamespace: shop\n"
BAD = {"target/cluster.yaml": _CLUSTER, "deployment/local.yaml": "model: churn\ntarget: cluster\n"}
GOOD = {
    "target/cluster.yaml": _CLUSTER,
    "deployment/local.yaml": "model: churn\ntarget: cluster\nimage: ghcr.io/acme/shop@sha256:"
    + "0" * 64
    + "\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, deployment in subject.each("deployment"):
        target = subject.named("target", deployment["target"])
        if target is not None and target["type"] in ("kubernetes", "ray") and deployment["image"] is None:
            yield RULE.at(
                subject.span(address, "target"),
                f"The target {deployment['target']} runs images, and this deployment names none. Name one in "
                '"image", pinned by its digest.',
                text="needs an image",
                help="For example: image: ghcr.io/acme/lending-risk@sha256:<64 hex digits>",
                address=str(address),
                path="target",
            )
