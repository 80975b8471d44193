"""column-missing: a declared column is not in the data.

Why it matters: what the contract promises and the features use is not there.
How to mend it: give the column the name it has in the source, or take it out of `columns`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A declared column is not in the data.")


def found(name: str, present: Sequence[str], source: str, *, address: str, path: str) -> Diagnostic:
    """The column `name`, which `path` names, is not among the columns `present` in `source`."""
    from difflib import get_close_matches

    near = get_close_matches(name, present, n=1)
    guess = f"Did you mean `{near[0]}`?" if near else f"The columns are {', '.join(present) or 'none'}."
    return RULE.at(
        None,
        f"`{path}` names the column `{name}`, and {source} has no such column. {guess}",
        help="Give the column the name it has in the source, or take it out.",
        address=address,
        path=path,
    )
