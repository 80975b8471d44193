"""migration-refused: the project would not say the same in the new version of the language.

Why it matters: a migration is done whole or not at all, and only where the composed project says the same afterwards in
every environment: an interpolation, a shared layer of a module or a defaults list may reach what no edit reaches.
How to mend it: the message names the value. Write it out where it stands, migrate, and bring the interpolation back; or
migrate the module first.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "The project cannot be migrated as it is.")


def would_differ(before: int, after: int, what: str, span: Span | None = None) -> Diagnostic:
    return RULE.at(
        span,
        f"From version {before} to version {after}, {what}. Nothing was written.",
        help="Write the value out where it stands, or look at what reaches it: `mlc explain` says.",
    )


def has_mistakes(before: int) -> Diagnostic:
    return RULE.at(
        None,
        f"The project has mistakes that keep it from being composed, in version {before} of the language "
        "too. Nothing was "
        "written.",
        help="Mend them first; they are told above.",
    )


def no_version(span: Span | None) -> Diagnostic:
    return RULE.at(
        span,
        "mlc.yaml does not say in which version of the language it is written, so there is no version to come from.",
        help="Begin it with `mlc: 1`, which is this version.",
    )
