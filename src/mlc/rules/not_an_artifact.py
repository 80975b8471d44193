"""not-an-artifact: a path that mlc writes no artifact to, or a line that an artifact does not have.

Why it matters: there is nothing to tell the origin of.
How to mend it: correct the path; `mlc render` lists the artifacts of an environment, `--env all` of all.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import counted, did_you_mean

RULE = Rule.of(__name__, "error", "There is no such artifact.")
_LIST = "`mlc render --env all` lists the artifacts."


def found(path: str, known: Iterable[str]) -> Diagnostic:
    known = [*known]
    guess = did_you_mean(path, known) if known else ""
    return RULE.at(
        None,
        f'No artifact of the project is written to "{path}", so no line of it comes from the specs.',
        help=guess if guess.startswith("Did") else _LIST,
    )


def short(path: str, lines: int, number: int) -> Diagnostic:
    return RULE.at(None, f"{path} has {counted(lines, 'line')}, and none has the number {number}.")


def published(path: str, step: str, address: str) -> Diagnostic:
    """The file is made by a step, from more than the specs."""
    return RULE.at(
        None,
        f"{path} is no artifact of the specs alone: the step {step} publishes it when `mlc apply` runs it, from "
        "what it found in the data.",
        help=f"`mlc explain {address}` shows what the step was told, `mlc state show {step}` what it made.",
        address=address,
    )


def of_the_author(path: str, address: str) -> Diagnostic:
    """The file is one of the specs."""
    if address:
        help_text = f"`mlc explain {address}` shows where its values come from."
    else:
        help_text = "`mlc explain ADDRESS` shows where a value comes from. " + _LIST
    return RULE.at(
        None, f"{path} is a file of the specs: mlc reads it and does not write it.", help=help_text
    )
