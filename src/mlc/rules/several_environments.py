"""several-environments: a command that takes one environment was given several.

Why it matters: a saved plan and an apply concern one environment and its state.
How to mend it: name one with `--env NAME`, and run the command once for each.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "The command takes one environment.")


def found(command: str, environments: list[str]) -> Diagnostic:
    return RULE.at(
        None,
        f"`mlc {command}` takes one environment at a time, and {listed(environments)} were named.",
        help=f"Name one: --env {environments[0]}.",
    )
