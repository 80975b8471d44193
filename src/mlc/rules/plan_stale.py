"""plan-stale: a saved plan that no longer fits.

Why it matters: a plan says what will happen; done to another state or with other data, something else would.
How to mend it: plan again, read the new plan, and apply that.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "The plan is stale.")


def found(reasons: list[str]) -> Diagnostic:
    return RULE.at(
        None,
        f"This plan cannot be applied: {listed(reasons)}. Nothing was done.",
        help="Make a new plan with `mlc plan -o FILE` and apply that.",
    )


def elsewhere(project: str, environment: str, here: str) -> Diagnostic:
    """A plan that was made in another project, or for an environment that is not there any more."""
    return found([why_elsewhere(project, environment, here)])


def why_elsewhere(project: str, environment: str, here: str) -> str:
    """The reason alone, in words."""
    return (
        f"it was made in the project {project}, and this is {here}"
        if project != here
        else f"the project has no environment {environment} any more"
    )
