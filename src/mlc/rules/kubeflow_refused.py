"""kubeflow-refused: a service of Kubeflow does not answer, or does not do what it was asked for.

Why it matters: the pipeline, its recurring run, or what is told of a version is not as described.
How to mend it: see that it runs, that this machine may reach it, and that the token is right and may do this; then run
the command again. What was done before is found again, and nothing is done twice.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "Kubeflow did not do what it was asked for.")

_HELP = (
    "See that it runs, that this machine may reach it, and that the token is right and may do this; then run the "
    "command again. What was done before is found again, and nothing is done twice."
)


def found(asked: str, why: str, address: str) -> Diagnostic:
    """`asked` is the request without its secrets, `why` what came of it."""
    return RULE.at(None, f"{asked}: {' '.join(why.split()).rstrip('.')[:600]}.", help=_HELP, address=address)
