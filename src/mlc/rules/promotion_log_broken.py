"""promotion-log-broken: the promotion log is not what was written.

Why it matters: the log answers which version was in production on a day. Lines were changed, removed or
added past mlc, or the disk failed, so it answers nothing for certain from there on.
How to mend it: restore the registry's database from a backup, and find out who wrote to it.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The promotion log is not what was written.")
_HELP = "Restore the registry's database from a backup, and find out who wrote to it."


def missing(sequence: int) -> Diagnostic:
    return RULE.at(None, f"Line {sequence} of the promotion log is missing.", help=_HELP)


def unchained(sequence: int) -> Diagnostic:
    return RULE.at(
        None,
        f"Line {sequence} of the promotion log does not hold the digest of the line before it: "
        "one of the two was replaced.",
        help=_HELP,
    )


def changed(sequence: int) -> Diagnostic:
    return RULE.at(
        None,
        f"Line {sequence} of the promotion log does not have the digest of its own content: it was changed.",
        help=_HELP,
    )


def stray(name: str, alias: str, standing: int | None, logged: int | None) -> Diagnostic:
    return RULE.at(
        None,
        f'The alias "{alias}" of the model "{name}" {_at(standing)}, and by the promotion log '
        f"it {_at(logged)}: it was moved past the log, or lines were cut off the log's end.",
        help=_HELP,
        address=f"model.{name}",
    )


def _at(number: int | None) -> str:
    return "does not exist" if number is None else f"points to version {number}"
