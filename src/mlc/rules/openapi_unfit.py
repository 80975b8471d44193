"""openapi-unfit: an API that would be written down for a server that does not have it.

Why it matters: other servers name the model, its versions and their refusals in other ways; a client made from the
document would not work.
How to mend it: ask for `openapi` of a deployment on a `local` or `docker` target, which mlc serves; KServe and MLServer
write documents of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The API of this server is not mlc's to write down.")
SCOPE = "upstream"

BAD = {
    "target/servers.yaml": "type: mlserver\n",
    "deployment/local.yaml": "model: churn\ntarget: servers\nopenapi: true\n",
}
GOOD = {"deployment/local.yaml": "model: churn\ntarget: here\nopenapi: true\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, deployment in subject.each("deployment"):
        target = subject.named("target", deployment["target"])
        if deployment["openapi"] and target is not None and target["type"] not in ("local", "docker"):
            yield RULE.at(
                subject.span(address, "openapi"),
                f'On a target of type "{target["type"]}" another server answers, and its API is not the one that would '
                'be written down. Leave "openapi" out, or serve on a local or docker target.',
                text="not served by mlc",
                address=str(address),
                path="openapi",
            )
