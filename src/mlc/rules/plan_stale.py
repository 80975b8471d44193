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
