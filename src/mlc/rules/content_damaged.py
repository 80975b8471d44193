"""content-damaged: stored bytes are no longer those that were stored.

Why it matters: A file in the store is named after the SHA-256 of its bytes. When the two differ, the disk
failed or somebody edited the file, and everything derived from it would be wrong without showing it.
How to mend it: Remove the file and apply again, which makes it anew; or restore it from a backup.
"""

from __future__ import annotations

from pathlib import Path

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "Stored bytes are no longer those that were stored.")


def found(digest: str, now: str, path: Path | str) -> Diagnostic:
    return RULE.at(
        None,
        f"The stored file {path} has the SHA-256 {now}, and its name says {digest}. "
        "Its content changed after it was stored, so it is not used.",
        help="Remove the file and apply again, which makes it anew; or restore it from a backup.",
        path=str(path),
    )
