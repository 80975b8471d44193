"""lease-lost: somebody else holds the lock by now.

Why it matters: a lock on a database is a lease that its holder renews. One that was paused or cut off for longer than
the lease lasts has lost it, and others may have changed the state since: what it still wants to write
would undo that, so the database refuses it.
How to mend it: apply again, which plans anew. Where this happens often, lengthen `state.lease` in mlc.yaml.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The lock on the state was lost.")


def found(environment: str, lock: str, holder: str) -> Diagnostic:
    now = f"{holder} holds it now" if holder else "it was taken away"
    return RULE.at(
        None,
        f"This run no longer holds the lock {lock} on the state of {environment}: {now}. What it did last "
        "is not recorded, and it writes nothing any more.",
        help="Run `mlc apply` again: it plans anew, and finds again what was done. `state.lease` in mlc.yaml says how "
        "long a silent holder keeps the lock.",
    )
