"""not-deployed: there is nothing to serve under this name.

Why it matters: only what was applied to a target of type `local` can be served here.
How to mend it: name a deployment on a local target, and apply first.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "Nothing is deployed under this name.")


def found(name: str | None, environment: str, known: list[str]) -> Diagnostic:
    what = (
        f'There is no bundle of "{name}" in the environment {environment}'
        if name
        else "No deployment was named"
    )
    return RULE.at(
        None,
        f"{what}. Deployments on a target of type local have a bundle once they are applied.",
        help=did_you_mean(name or "", known) or "Run `mlc apply` first.",
    )


def no_folder(folder: str) -> Diagnostic:
    return RULE.at(None, f"There is no folder {folder} to serve from.", help="Name the folder of a bundle.")
