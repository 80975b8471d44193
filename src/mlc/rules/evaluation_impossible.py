"""evaluation-impossible: a model cannot be evaluated on its test set.

Why it matters: without rows, or with scores that are no probabilities, every metric would be an invention,
and a gate that trusted it would let anything through.
How to mend it: give the test part of the split rows, with labels of both classes; where the scores are
wrong, look at the export of the model and at the columns that feed it.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A model cannot be evaluated.")


def found(detail: str, help: str, *, address: str) -> Diagnostic:  # noqa: A002 - as the diagnostic calls it
    """`detail` says what is wrong and `help` how to mend it, in full sentences."""
    return RULE.at(None, detail, help=help, address=address)
