"""nothing-to-explain: an address or a path at which there is no value.

Why it matters: there is nothing to tell the origin of.
How to mend it: correct the address; `mlc graph` lists the resources.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "There is no such value.")


def found(text: str, missing: str, environment: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'Nothing stands at "{text}" in the environment {environment}: there is no "{missing}" there.',
        help=did_you_mean(missing, known),
    )


def left_out(address: str, environment: str, file: str, switch: Span | None) -> Diagnostic:
    """The resource has a file, and is not in this environment; `switch` is the field in it that says so."""
    if switch is None:
        why = "a preset, a patch or an override leaves it out"
    else:
        why = "`enabled` or `environments` leaves it out"
    return RULE.at(
        switch,
        f"{address} does not exist in the environment {environment}: {file} describes it, and {why}.",
        text="says where it exists",
        help="Name an environment in which it exists: env=NAME, or --env all.",
        address=address,
    )
