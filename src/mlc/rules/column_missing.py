"""column-missing: a declared column is not in the data.

Why it matters: what the contract promises and the features use is not there.
How to mend it: give the column the name it has in the source, or take it out of `columns`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A declared column is not in the data.")


def found(name: str, present: Sequence[str], source: str, *, address: str, path: str) -> Diagnostic:
    """The column `name`, which `path` names, is not among the columns `present` in `source`."""
    guess = did_you_mean(name, present, noun="It has")
    return RULE.at(
        None,
        f"`{path}` names the column `{name}`, and {source} has no such column. {guess}".rstrip(),
        help="Give the column the name it has in the source, or take it out.",
        address=address,
        path=path,
    )
