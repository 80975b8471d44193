"""consent-missing: a command may not ask and was not told yes.

Why it matters: without a terminal nobody can be asked, and nothing is changed unasked.
How to mend it: look at what would be done, then pass `--yes`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "Nobody agreed to this.")


def found() -> Diagnostic:
    return RULE.at(
        None,
        "There is no terminal to ask at, and nothing is changed unasked. Nothing was done.",
        help="Pass --yes, or save the plan with `mlc plan -o FILE` and apply that file.",
    )


def by_hand() -> Diagnostic:
    """A command that changes the state itself."""
    return RULE.at(
        None,
        "There is no terminal to ask at, and nothing is changed unasked. Nothing was done.",
        help="Pass --yes once you have read what would be done.",
    )
