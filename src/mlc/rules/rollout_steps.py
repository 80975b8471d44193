"""rollout-steps: a canary whose steps do not rise.

Why it matters: a step back takes the new version away from some who had it already, and no step is left in the end
that could go wrong without everybody noticing.
How to mend it: give each step more of the traffic than the one before it, and less than all of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The steps of a canary do not rise.")
SCOPE = "upstream"

_CLUSTER = "type: kubernetes\nnamespace: shop\ncontroller: argo_rollouts\n"
_DEPLOYMENT = "model: churn\ntarget: cluster\nimage: ghcr.io/acme/shop@sha256:" + "0" * 64 + "\n"
_STEPS = "rollout: {{strategy: canary, steps: {{first: {{traffic: {}}}, second: {{traffic: {}}}}}}}\n"
BAD = {
    "target/cluster.yaml": _CLUSTER,
    "deployment/local.yaml": _DEPLOYMENT + _STEPS.format("50%", "20%"),
}
GOOD = {
    "target/cluster.yaml": _CLUSTER,
    "deployment/local.yaml": _DEPLOYMENT + _STEPS.format("20%", "50%"),
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, deployment in subject.each("deployment"):
        before = 0
        for name, step in deployment["rollout"].get("steps", {}).items():
            traffic = int(step["traffic"].rstrip("%"))
            if traffic <= before or traffic == 100:
                why = (
                    "All of the traffic is what comes after the last step. Leave this step out."
                    if traffic == 100
                    else f"The step before it has {before}%. Give this one more, or put it in front."
                )
                yield RULE.at(
                    subject.span(address, "rollout", "steps", name, "traffic"),
                    f'The step "{name}" gives {traffic}% of the traffic to the new version. {why}',
                    text="all of it" if traffic == 100 else f"not more than {before}%",
                    address=str(address),
                    path=f"rollout.steps.{name}.traffic",
                )
            before = traffic
