"""content-missing: bytes that were stored are gone.

Why it matters: State and registry name files by their digest; a step or a deployment that needs one cannot
go on without it.
How to mend it: Apply again, which makes the file anew; or restore it from a backup.
"""

from __future__ import annotations

from pathlib import Path

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "Bytes that were stored are gone.")


def found(digest: str, path: Path | str) -> Diagnostic:
    return RULE.at(
        None,
        f"The stored file with the SHA-256 {digest} is not at {path}: the file was removed, "
        "or this is another store than the one it was put into.",
        help="Apply again, which makes the file anew; or restore it from a backup.",
        path=str(path),
    )
