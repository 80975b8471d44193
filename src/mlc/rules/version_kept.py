"""version-kept: a version that was to be collected is needed now.

Why it matters: an alias was moved, or a version registered, between the plan of what may go and its being done; what is
served or built on must not go.
How to mend it: run the command again: it shows what may go now.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A version of the registry cannot go.")

_AGAIN = "Run `mlc registry gc` again: it shows what may go now."


def promoted(name: str, number: int) -> Diagnostic:
    return RULE.at(
        None,
        f"Somebody moved an alias since it was asked which versions may go. {name}:{number} and what was to go after "
        "it are left alone.",
        help=_AGAIN,
    )


def last(name: str, number: int) -> Diagnostic:
    return RULE.at(
        None,
        f"{name}:{number} is the last version of its name now, and the next version is numbered by it.",
        help=_AGAIN,
    )


def needed(name: str, number: int) -> Diagnostic:
    return RULE.at(
        None,
        f"A version that was registered meanwhile was made of {name}:{number}, so it stays.",
        help=_AGAIN,
    )


def impossible() -> Diagnostic:
    return RULE.at(
        None,
        "This registry is of a type that versions cannot be taken out of. Nothing was removed.",
        help="Leave out the registry's field `keep`, or remove versions by the registry's own means.",
    )
