"""registry-cannot: something that the project's registry keeps for itself: an alias, or the numbers of versions.

Why it matters: MLflow takes `latest`, and `v3` for the version 3, as its own words for versions. It refuses such an
alias, and that would show only once a model was trained.
How to mend it: take another alias, such as the name of what it is for.
The numbers of versions are MLflow's too, and it gives none twice: versions that are copied into it with their numbers
need a model of which it has none with a higher one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The registry keeps this for itself.")
SCOPE = "upstream"  # the registry that mlc.yaml names is in every part

_PROJECT = "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\nregistry: lab\n"
_REGISTRY = "type: mlflow\nuri: https://mlflow.example\n"
BAD = {
    "mlc.yaml": _PROJECT,
    "registry/lab.yaml": _REGISTRY,
    "deployment/local.yaml": "model: churn\ntarget: here\nalias: latest\n",
}
GOOD = {
    "mlc.yaml": _PROJECT,
    "registry/lab.yaml": _REGISTRY,
    "deployment/local.yaml": "model: churn\ntarget: here\nalias: newest\n",
}

_KEPT = re.compile(r"latest|v[0-9]+")


def check(subject: Subject) -> Iterator[Diagnostic]:
    registry = subject.named("registry", subject.project["registry"])
    if registry is None or registry["type"] != "mlflow":
        return
    for address, deployment in subject.each("deployment"):
        alias = deployment["alias"] or subject.document.environment
        if keeps(alias):
            where = "alias" if deployment["alias"] else "model"
            named = "" if deployment["alias"] else ", which is what the environment is called"
            yield RULE.at(
                subject.span(address, where),
                f"The registry {subject.project['registry']} is on MLflow, which keeps the alias {alias} for itself"
                f"{named}.",
                text="MLflow's own word",
                help="Take another alias, such as the name of what it is for: alias: production",
                address=str(address),
                path=where,
            )


def keeps(alias: str) -> bool:
    """Whether MLflow keeps an alias for itself."""
    return _KEPT.fullmatch(alias) is not None


def found(name: str, alias: str) -> Diagnostic:
    """Of an alias that somebody wants to move by hand."""
    return RULE.at(
        None,
        f"The alias {alias} of {name} cannot be moved: MLflow keeps it for itself. Nothing was done.",
        help="Take another alias, such as the name of what it is for.",
        address=f"model.{name}",
    )


def used_up(name: str, number: int, highest: int) -> Diagnostic:
    """Of a version that is to be put there with its number."""
    return RULE.at(
        None,
        f"Version {number} of {name} cannot be put there with its number: MLflow has given numbers up to {highest}, "
        "also to versions that were deleted, and gives none twice. Nothing was done.",
        help="Delete the registered model in MLflow where nobody needs it, or copy under another name.",
        address=f"model.{name}",
    )
