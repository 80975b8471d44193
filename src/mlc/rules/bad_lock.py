"""bad-lock: mlc.lock is no lock that mlc wrote.

Why it matters: the lock says which files of a module may be read; one that cannot be read in full says nothing.
How to mend it: bring mlc.lock back from the version control, or write it anew with `mlc modules update`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.module import LOCK
from mlc.ir.span import start_of
from mlc.rules._modules import DECLARED, INSTALLED

RULE = Rule.of(__name__, "error", "The lock of modules cannot be used.")

BAD = {"mlc.yaml": DECLARED, "mlc.lock": "<<<<<<< HEAD\n"}
GOOD = {"mlc.yaml": DECLARED, **INSTALLED}


def found(reason: str) -> Diagnostic:
    return RULE.at(
        start_of(LOCK),
        f"mlc.lock is not as mlc writes it: {reason}.",
        help="Bring it back from the version control, or write it anew with `mlc modules update`.",
    )
