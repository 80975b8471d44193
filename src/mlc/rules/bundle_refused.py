"""bundle-refused: a deployment's bundle is not fit to be served.

Why it matters: a bundle says which model it is by digest and what goes in and out by signature. Where the
file next to it is another, the answers would be those of a model nobody evaluated.
How to mend it: apply again, which writes the bundle anew.
"""

from __future__ import annotations

from pathlib import Path

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A deployment's bundle was refused.")
_HELP = "Apply again, which writes the bundle anew."


def found(folder: Path, why: str) -> Diagnostic:
    """`why` says what is wrong with it, in full sentences."""
    return RULE.at(None, f"The bundle {folder} is not served. {why}", help=_HELP, path=str(folder))


def nothing_deployed(place: Path) -> Diagnostic:
    return RULE.at(
        None,
        f"Nothing is deployed in {place}: there is no bundle and no pointer to one.",
        help="Deploy it first, with `mlc apply`.",
        path=str(place),
    )
