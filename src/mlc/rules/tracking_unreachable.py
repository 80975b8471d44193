"""tracking-unreachable: the MLflow server that runs are told to does not answer as it should.

Why it matters: the model is trained and nothing of it is lost, but nobody sees its run until the server has been told.
How to mend it: see that the server runs, that this machine may reach it, and that the user may write there; then apply
again. Only what was not told yet is told then, and no run is made twice. With `lifecycle: {retries: 3}` it is tried
again by itself.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The MLflow server cannot be told of a run.")


def found(where: str, why: str) -> Diagnostic:
    """`where` is its address, `why` its own words."""
    return RULE.at(
        None,
        f"The MLflow server at {where} does not take the run: {' '.join(why.split()).rstrip('.')}. "
        "What was trained and measured is kept.",
        help="See that it runs, that this machine may reach it, and that the user may write there; then apply again: "
        "only what was not told yet is told then, and no run is made twice.",
    )
