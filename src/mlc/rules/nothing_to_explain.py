"""nothing-to-explain: an address or a path at which there is no value.

Why it matters: there is nothing to tell the origin of.
How to mend it: correct the address; `mlc graph` lists the resources.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "There is no such value.")


def found(text: str, missing: str, environment: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'Nothing stands at "{text}" in the environment {environment}: there is no "{missing}" there.',
        help=did_you_mean(missing, known),
    )
