"""step-broke: a step of apply stopped for a reason that mlc did not foresee.

Why it matters: what depends on the step was not done; everything else was.
How to mend it: read the reason; if it looks like a mistake in mlc, report it with this text.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A step broke off.")


def found(step: str, error: Exception, address: str) -> Diagnostic:
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return RULE.at(
        None,
        f"{step} stopped with {reason}. Nothing half-written is left behind, and every step before it is recorded.",
        help="Mend the reason if you can and run the command again. If it looks like a mistake in mlc, report it.",
        address=address,
    )
