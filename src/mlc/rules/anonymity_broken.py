"""anonymity-broken: rows of a dataset are too easy to tell apart.

Why it matters: whoever knows a few facts of a person from elsewhere could find that person's row, and all that it
says.
How to mend it: make the columns coarser (a year in the place of a birthday), drop one, or let rare rows be left out by
`otherwise: suppress`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import counted, listed

RULE = Rule.of(__name__, "error", "Rows are too easy to tell apart.")


def words(columns: list[str], k: int, rows: int, share: float) -> str:
    """What was found, in a sentence."""
    told = counted(rows, "row")
    return f"{told} ({share:.2%}) have a combination of {listed(columns)} that fewer than {k} rows share."


def found(told: str, most: float | None, *, address: str) -> Diagnostic:
    """`most` is the share that could be left out, where they are."""
    more = "" if most is None else f" `max_suppressed` lets {most:.2%} be left out."
    return RULE.at(
        None,
        told + more,
        help="Make the columns coarser, name fewer, or leave rare rows out with `otherwise: suppress`.",
        address=address,
        path="privacy.k_anonymity",
        refused=True,
    )
