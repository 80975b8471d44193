"""address-in-use: the server cannot listen where it was told to.

Why it matters: nobody would reach the deployment.
How to mend it: stop what listens there, choose another port, or port 0 for any that is free.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The server cannot listen there.")


def found(host: str, port: int, error: OSError) -> Diagnostic:
    return RULE.at(
        None,
        f"The server cannot listen on port {port} of {host}: {error.strerror or error}.",
        help="Stop what listens there, choose another port, or port 0 for any that is free.",
    )
