"""argo-unfit: a pipeline that Argo Workflows could not run as it is written.

Why it matters: the steps run in pods, whose root is read-only: an image has to hold mlc, and the project has to be
fetched from somewhere. Kubernetes cuts no name short, and Argo signs no token for another cloud.
How to mend it: name `argo.image` by its digest and `argo.repository`; give the cloud's role to the pods in the cluster
instead of `identity`; shorten the name; or take `argo` out of `systems`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "Argo Workflows could not run this as it is written.")
SCOPE = "upstream"

BAD = {"pipeline/ci.yaml": "systems: [argo]\ninstall: pip install mlc\n"}
GOOD = {
    "pipeline/ci.yaml": "systems: [argo]\ninstall: pip install mlc\n"
    f"argo: {{image: 'ghcr.io/acme/mlc@sha256:{'0123' * 16}', repository: 'https://github.com/acme/shop.git'}}\n"
}

_LONGEST = 52  # of a CronWorkflow: what it starts gets eleven characters more, and 63 are all
_WANTED = {
    "image": "an image that holds mlc, by its digest, such as ghcr.io/acme/mlc@sha256:…",
    "repository": "where the project is fetched from, such as https://github.com/acme/shop.git",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, pipeline in subject.each("pipeline"):
        if "argo" not in pipeline["systems"]:
            continue
        for field, what in _WANTED.items():
            if not pipeline["argo"][field]:
                yield RULE.at(
                    subject.span(address, "systems"),
                    f'Argo Workflows needs "argo.{field}": {what}. Add it, or take "argo" out of "systems".',
                    text=f"without argo.{field}",
                    address=str(address),
                    path=f"argo.{field}",
                )
        for environment, apply in pipeline["apply"].items():
            if apply["identity"] is not None:
                yield RULE.at(
                    subject.key_span(address, "apply", environment, "identity"),
                    "Argo Workflows signs no token of a run for another cloud, and steps get none of the cluster's. "
                    'Give the pods a role in the cluster and leave "identity" out, or take "argo" out of "systems".',
                    text="not on Argo Workflows",
                    address=str(address),
                    path=f"apply.{environment}.identity",
                )
        names = {f"mlc-{address.name}": subject.span(address, "systems")} | {
            f"mlc-{address.name}-{name}": subject.key_span(address, "schedules", name)
            for name in pipeline["schedules"]
        }
        for name, span in names.items():
            if len(name) > _LONGEST:
                yield RULE.at(
                    span,
                    f'On the cluster it would be called "{name}", of {len(name)} characters, and Argo takes {_LONGEST} '
                    "at most. Shorten the name of the schedule or of the pipeline.",
                    text="too long for Argo",
                    address=str(address),
                    path="schedules" if name != f"mlc-{address.name}" else "systems",
                )
