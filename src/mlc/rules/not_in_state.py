"""not-in-state: the state holds nothing of this name.

Why it matters: it was never applied to this environment, or it was taken away since.
How to mend it: `mlc state list` shows what there is.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "The state has no such entry.")


def found(name: str | None, environment: str, known: Iterable[str]) -> Diagnostic:
    known = list(known)
    if not name:
        return RULE.at(None, "No entry was named. `mlc state list` shows what there is.")
    return RULE.at(
        None,
        f'The state of {environment} has nothing called "{name}". `mlc state list` shows what it has.',
        help=did_you_mean(name, known) if len(known) < 200 else "",
    )
