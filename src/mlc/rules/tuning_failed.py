"""tuning-failed: a search for parameters found none that work.

Why it matters: every trial failed, so that there is nothing to train with.
How to mend it: the detail says what the library objected to; change the space, or the parameters of the candidate.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A search for parameters found none that work.")


def found(detail: str, address: str, path: str) -> Diagnostic:
    return RULE.at(
        None,
        detail,
        help="Change the space, or the parameters that the candidate fixes.",
        address=address,
        path=path,
    )
