"""gate-refused: a model does not prove what its gates ask for.

Why it matters: a gate tests an end of a confidence interval, not the point estimate, so that luck on the
test set does not let a weak model through. Too little data to tell refuses as well: what is not proven does
not pass.
How to mend it: improve the model, give it more test rows where the verdict is inconclusive, or change the
bound, which is a decision to be reviewed.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A gate refused the model.")


def found(detail: str, help: str, *, address: str, path: str = "") -> Diagnostic:  # noqa: A002 - as above
    """`detail` says what was tested and by how much it missed, `help` how to get there."""
    return RULE.at(None, detail, help=help, address=address, path=path, refused=True)
