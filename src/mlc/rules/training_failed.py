"""training-failed: a model cannot be trained as it is written.

Why it matters: the parameters, the features and the data do not fit together, so there is nothing to learn.
How to mend it: the detail names the parameter, the column or the label to change.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A model cannot be trained as it is written.")


def found(detail: str, *, help: str, address: str, path: str = "") -> Diagnostic:  # noqa: A002
    """`detail` says what does not fit; `path` names the field to blame, where there is one."""
    return RULE.at(None, detail, help=help, address=address, path=path)
