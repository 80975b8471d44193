"""revision-unreadable: what was committed cannot be read from the repository.

Why it matters: a comparison of a part would look like one of the whole.
How to mend it: run it in a clone with the contents; the message says what is missing.
"""

from __future__ import annotations

from pathlib import Path

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A revision cannot be read.")


def no_repository(folder: Path) -> Diagnostic:
    return RULE.at(
        None,
        f"{folder} lies in no git repository, so there is nothing to compare it with.",
        help="Begin one with `git init`, or go into the clone of the project.",
    )


def missing(wanted: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The object {wanted} is not in this clone. A shallow clone lacks older commits, and a partial one the "
        "contents that were not asked for.",
        help="Fetch what is missing: git fetch --deepen=100, or git fetch --refetch --filter=blob:limit=10g.",
    )


def damaged(reason: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The repository cannot be read: {reason}.",
        help="Let git look: git fsck. A fresh clone helps where it finds the same.",
    )
