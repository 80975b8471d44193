"""source-unreachable: where the rows of a dataset lie could not be reached.

Why it matters: without rows there is nothing to learn from; what was read before stays as it was.
How to mend it: see that the database or the store answers, that this machine may reach it, and that the user and the
secrets are right; then apply again. `lifecycle: {retries: 3}` tries again by itself.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The source of a dataset cannot be reached.")


def found(where: str, why: str, *, address: str) -> Diagnostic:
    """`where` is the source without what is secret, `why` a library's own words."""
    return RULE.at(
        None,
        f"{where} could not be read: {' '.join(why.split()).rstrip('.')[:600]}.",
        help="See that it answers, that this machine may reach it, and that the user and the secrets are right.",
        address=address,
        path="source",
    )


def no_driver(where: str, package: str, extra: str, *, address: str) -> Diagnostic:
    how = f"pip install 'mlc[{extra}]'" if extra else f"pip install {package}"
    return RULE.at(
        None,
        f"{where} needs the package {package}, which is not installed here.",
        help=f"Install it: {how}.",
        address=address,
        path="source",
    )
