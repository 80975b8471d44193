"""bad-plan-file: a file that is no saved plan.

Why it matters: a plan is applied exactly as it was saved, or not at all.
How to mend it: save one with `mlc plan -o FILE`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The saved plan cannot be used.")


def found(file: str, why: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{file} cannot be used: {why}. Nothing was done.",
        help="Save a plan with `mlc plan -o FILE`. An override is written KEY=VALUE.",
    )
