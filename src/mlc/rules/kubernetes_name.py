"""kubernetes-name: a deployment whose name Kubernetes does not take.

Why it matters: the name, with - for _, becomes that of a Kubernetes object: at most 63 lower-case letters,
digits and -, a letter first and no - at the end; two deployments must not become the same.
How to mend it: rename the deployment's file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "Kubernetes does not take this name.")
SCOPE = "project"

_CLUSTER = "type: kserve\nstorage: s3://acme\nserving_runtime: kserve-tritonserver\n"
_DEPLOYMENT = "model: churn\ntarget: cluster\n"
BAD = {"target/cluster.yaml": _CLUSTER, "deployment/1st.yaml": _DEPLOYMENT}
GOOD = {"target/cluster.yaml": _CLUSTER, "deployment/first_one.yaml": _DEPLOYMENT}

_CLUSTERS = ("kserve", "kubernetes", "ray")


def claims(subject: Subject) -> Iterator[tuple[Address, str]]:
    """The names that deployments would have there."""
    for address, deployment in subject.each("deployment"):
        target = subject.named("target", deployment["target"])
        if target is not None and target["type"] in _CLUSTERS:
            yield address, address.name.replace("_", "-")


def check(subject: Subject) -> Iterator[Diagnostic]:
    taken: dict[str, str] = {}
    for address, deployment in subject.each("deployment"):
        target = subject.named("target", deployment["target"])
        if target is None or target["type"] not in _CLUSTERS:
            continue
        name = address.name.replace("_", "-")
        if re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", name) is None:
            why = f'"{name}" would be its name there: a letter must come first, a letter or digit last, 63 at most'
        elif name in taken:
            why = f'"{name}" is the name of deployment.{taken[name]} there as well'
        else:
            taken[name] = address.name
            continue
        yield RULE.at(
            subject.span(address, "target"),
            f"{address} goes to Kubernetes, and {why}. Rename deployment/{address.name}.yaml.",
            text="a target on Kubernetes",
            address=str(address),
            path="target",
        )
