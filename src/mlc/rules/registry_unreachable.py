"""registry-unreachable: the database or the store that holds the registry does not answer as it should.

Why it matters: nothing can be registered, promoted or looked up without it.
How to mend it: see that it runs, that this machine may reach it, and that the user may read and write there; then run
the command again. What was registered already is not registered twice.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The registry cannot be reached.")


def found(where: str, why: str) -> Diagnostic:
    """`where` is the place without its password, `why` the driver's own words."""
    return RULE.at(
        None,
        f"The registry in {where} does not answer as it should: {' '.join(why.split())}",
        help="See that it runs, that this machine may reach it, and that the user may read and write there; then run "
        "the command again. What was registered already is not registered twice.",
    )


def no_driver(where: str, package: str, extra: str) -> Diagnostic:
    how = f"pip install 'mlc[{extra}]'" if extra else f"pip install {package}"
    return RULE.at(
        None,
        f"The registry in {where} needs the package {package}, which is not installed. Nothing was done.",
        help=how,
    )


def bad_url(where: str, why: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The URL {where} of the registry cannot be used: {why}. Nothing was done.",
        help="As in postgresql://user@host/name, mysql://user@host/name or mongodb://user@host/name.",
    )


def newer(where: str, version: int, known: int) -> Diagnostic:
    return RULE.at(
        None,
        f"The registry in {where} has version {version}, and this mlc knows versions up to {known}: a newer mlc made "
        "it. An older one could spoil it, so it is left alone.",
        help="Use the newer mlc.",
    )
