"""variable-unfit: a variable of a deployment that its server could not be given.

Why it matters: a secret becomes a file, and a file holds one secret; a text with a secret in it would have to be
written down somewhere.
How to mend it: let ${secret:NAME} stand alone, and leave NAME_FILE to the secret of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A variable does not work so.")
SCOPE = "upstream"

_CLUSTER = "type: kubernetes\nnamespace: shop\n"
_DEPLOYMENT = "model: churn\ntarget: cluster\nimage: ghcr.io/acme/shop@sha256:" + "0" * 64 + "\n"
BAD = {
    "target/cluster.yaml": _CLUSTER,
    "deployment/local.yaml": _DEPLOYMENT + 'variables: {STORE: "https://user:${secret:KEY}@store"}\n',
}
GOOD = {
    "target/cluster.yaml": _CLUSTER,
    "deployment/local.yaml": _DEPLOYMENT + 'variables: {STORE: "https://store", KEY: "${secret:KEY}"}\n',
}

_ALONE = re.compile(r"\$\{secret:[A-Za-z_][A-Za-z0-9_-]*\}")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, deployment in subject.each("deployment"):
        variables: dict[str, str] = deployment["variables"]
        secrets = {name for name, text in variables.items() if _ALONE.fullmatch(text)}
        for name, text in variables.items():
            if "${secret:" in text and name not in secrets:
                why = "A secret becomes a file, so ${secret:NAME} stands alone, and no text around it."
            elif name.removesuffix("_FILE") in secrets and name.endswith("_FILE"):
                why = f"It says where the file of the secret {name.removesuffix('_FILE')} is. Take another name."
            else:
                continue
            yield RULE.at(
                subject.span(address, "variables", name),
                f'The variable "{name}" cannot be set so. {why}',
                text="cannot be set so",
                address=str(address),
                path=f"variables.{name}",
            )
