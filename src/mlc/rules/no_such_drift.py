"""no-such-drift: nothing of this name was changed from outside.

Why it matters: only what differs from the record can be taken into it.
How to mend it: `mlc drift` shows what differs; give an address, an operation or a path that it names.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "There is no such drift.")


def found(name: str, environment: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'Nothing that goes by "{name}" was changed from outside in {environment}. Nothing was done.',
        help=did_you_mean(name, known),
    )
