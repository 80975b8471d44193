"""state-unreachable: the database that holds the state does not answer as it should.

Why it matters: nothing may be done that could not be recorded.
How to mend it: see that the database runs, that this machine may reach it, and that the user may read and write the
tables; then run the command again. What was done but not recorded is found again: nothing is trained twice.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The shared state cannot be reached.")


def found(where: str, why: str) -> Diagnostic:
    """`where` is the database without its password, `why` the driver's own words."""
    return RULE.at(
        None,
        f"The database {where} does not answer as it should: {' '.join(why.split())}",
        help="See that it runs, that this machine may reach it, and that the user may read and write there; then run "
        "the command again. What was done but not recorded is found again.",
    )


def no_driver(where: str, package: str, extra: str) -> Diagnostic:
    how = f"pip install 'mlc[{extra}]'" if extra else f"pip install {package}"
    return RULE.at(
        None,
        f"The database {where} needs the package {package}, which is not installed. Nothing was done.",
        help=how,
    )


def bad_url(where: str, why: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The URL {where} of the state's database in mlc.yaml cannot be used: {why}. Nothing was done.",
        help="As in postgresql://user@host/name, mysql://user@host/name or sqlite:///states.db.",
    )
