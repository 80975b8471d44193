"""registry-unreadable: the registry cannot be used.

Why it matters: its catalogue says which versions exist and which one is served; without it nothing can be
registered or promoted.
How to mend it: the detail says which of the causes it is: a newer mlc wrote it, another file lies in its
place, another process holds it, or the disk failed.
"""

from __future__ import annotations

from pathlib import Path

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The registry cannot be used.")


def newer(path: Path, version: int, known: int) -> Diagnostic:
    return RULE.at(
        None,
        f"The registry {path} has the schema version {version}, and this mlc knows versions up to {known}: "
        "a newer mlc wrote it. An older one could spoil it, so it is left alone.",
        help="Use the newer mlc.",
        path=str(path),
    )


def foreign(path: Path) -> Diagnostic:
    return RULE.at(
        None,
        f"{path} is an SQLite database, but not a registry of mlc: it has tables, and no version of ours.",
        help="Name another file in the registry's field database.",
        path=str(path),
    )


def busy(path: Path, seconds: float) -> Diagnostic:
    return RULE.at(
        None,
        f"Another process has been writing to the registry {path} for {seconds:.0f} seconds without ending.",
        help="Wait for it, or find out what it is doing, then run the command again.",
        path=str(path),
    )


def failed(path: Path, error: Exception) -> Diagnostic:
    return RULE.at(
        None,
        f"SQLite cannot use the registry {path}: {error}. The file is damaged or no database, it may not be "
        "read or written, or the disk is full or failing. Nothing was changed by this attempt.",
        help="Mend the disk or its permissions, or restore the file from a backup; then try again.",
        path=str(path),
    )


def damaged(path: Path, error: Exception) -> Diagnostic:
    return RULE.at(
        None,
        f"{path} holds part of a registry's catalogue and cannot be understood: {error}. Somebody edited it, or the "
        "disk failed. Nothing was changed by this attempt.",
        help="Restore the file from a backup, or from the history of the repository it is kept in; then try again.",
        path=str(path),
    )


def refused(path: Path, error: OSError) -> Diagnostic:
    return RULE.at(
        None,
        f"The registry in {path} cannot be used: {error.strerror} ({error.filename}).",
        help="Mend the permissions of that folder, then try again.",
        path=str(path),
    )
