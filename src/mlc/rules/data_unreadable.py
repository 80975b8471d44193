"""data-unreadable: the source of a dataset cannot be read.

Why it matters: without rows there is nothing to check, learn or test.
How to mend it: look whether the file of `source.path` is there, whole, and written in `source.format`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The source of a dataset cannot be read.")


def found(source: str, written_as: str, reason: str, *, address: str) -> Diagnostic:
    """`source` could not be read as `written_as` (parquet, csv) for `reason`."""
    return RULE.at(
        None,
        f"`{source}` cannot be read as {written_as}: {reason.rstrip('.')}.",
        help="Look whether the file of `source.path` is there, whole, and written in `source.format`.",
        address=address,
        path="source.path",
    )
