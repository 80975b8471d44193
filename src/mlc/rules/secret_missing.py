"""secret-missing: a secret has no value here.

Why it matters: what is reached with it cannot be reached.
How to mend it: write its value, and nothing else, to a file of its name in /run/secrets, or in a folder of yours
that the variable MLC_SECRETS names.
"""

from __future__ import annotations

from pathlib import Path

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A secret has no value.")


def found(name: str, path: Path, why: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The secret {name} is read from {path}, and that was not possible: {why}. Nothing was done.",
        help="Write its value to that file, readable by you alone; MLC_SECRETS names another folder than /run/secrets.",
    )
