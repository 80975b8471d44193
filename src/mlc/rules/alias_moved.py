"""alias-moved: an alias no longer points where it was expected to.

Why it matters: somebody else promoted a version meanwhile. Moving the alias now would undo their promotion
without anybody having decided so.
How to mend it: look at the promotion log, then apply again if the alias should still move.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "An alias moved meanwhile.")


def found(name: str, alias: str, expected: int | None, current: int | None) -> Diagnostic:
    return RULE.at(
        None,
        f'The alias "{alias}" of the model "{name}" was expected {_at(expected)}, and now it is found '
        f"{_at(current)}: another process moved it meanwhile. It was left as it is.",
        help="Look at the promotion log, then apply again if the alias should still move.",
        address=f"model.{name}",
    )


def _at(number: int | None) -> str:
    return "not to exist" if number is None else f"to point to version {number}"
