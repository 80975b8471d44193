"""selection-impossible: candidates cannot be compared as they are written.

Why it matters: every candidate is scored on the same folds of the training part, and one that cannot be fitted on a
fold, or whose score is not defined there, cannot be compared with the others.
How to mend it: the detail names the candidate, the fold and what stood in the way.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "Candidates cannot be compared as they are written.")


def found(detail: str, help: str, address: str, path: str) -> Diagnostic:  # noqa: A002
    """`detail` says what stood in the way; `path` names the field to blame."""
    return RULE.at(None, detail, help=help, address=address, path=path)
