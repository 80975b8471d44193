"""module-version-missing: no version of a module is the one that is asked for.

Why it matters: another version than the one asked for may mean something else.
How to mend it: ask for one of the versions that the message lists, or install the package in such a version.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "No version of a module fits.")


def found(name: str, span: Span, wanted: str, there: Iterable[str], help_text: str = "") -> Diagnostic:
    """`there` are the versions that exist, the newest first."""
    known = list(there)
    which = f"there are {listed(known, 10)}" if known else "there are none"
    return RULE.at(
        span,
        f"No version of the module {name} is {wanted}: {which}.",
        text=f"no version is {wanted}",
        help=help_text
        or ("Ask for one of these." if known else "Name a branch or a commit with `revision`."),
        path=f"modules.{name}",
    )


def no_constraint(name: str, span: Span, wanted: str) -> Diagnostic:
    return RULE.at(
        span,
        f'"{wanted}" says no version that the module {name} could have.',
        text="no constraint",
        help="Write ^2 (2.0 up to 3), ~1.4 (1.4 up to 1.5), 1.4.2, or >=1.4,<2.",
        path=f"modules.{name}.version",
    )
