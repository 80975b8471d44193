"""leakage-found: the rows tell a model what it cannot know when it is asked.

Why it matters: the metrics would be better than the model is, and nobody would notice before it is used.
How to mend it: take the column out of the features or the rows out of the source; where it is meant to be so, make it a
warning in `checks.leakage`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The rows give the label away.")

_HELP = {
    "duplicates": "Drop them by `deduplicate`, or split by the column that ties them together.",
    "identifiers": "Give the column the role id or ignore.",
    "giveaways": "Take the column out of the features, or give it the role ignore.",
    "future": "Look whether the clock or the time zone of the source is wrong.",
}


def found(told: str, check: str, *, address: str) -> Diagnostic:
    """`told` is what was found by which check of `checks.leakage`, in a sentence without its stop."""
    return RULE.at(
        None,
        f"{told}. `checks.leakage.{check}` takes that for an error.",
        help=_HELP[check],
        address=address,
        path=f"checks.leakage.{check}",
        refused=True,
    )
