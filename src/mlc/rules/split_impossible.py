"""split-impossible: a part of a split would stay without rows.

Why it matters: what has no row in training cannot be learned; what has none in the test is never proven.
How to mend it: give more rows, another `split.test`, or a column to stratify by that has fewer values.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A part of the split has no row.")


def found(detail: str, *, address: str) -> Diagnostic:
    """`detail` names the part, and the stratum where there is one."""
    return RULE.at(
        None,
        detail,
        help="Give more rows, another `split.test`, or stratify `split.by` a column with fewer values.",
        address=address,
        path="split",
    )
