"""project-missing: mlc was run outside a project.

Why it matters: a project is a folder with an `mlc.yaml`; without one there is nothing to work on.
How to mend it: go into the project's folder, name it with `-C DIR`, or begin one with `mlc init`.
"""

from __future__ import annotations

from pathlib import Path

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "There is no project here.")


def no_folder(folder: str) -> Diagnostic:
    return RULE.at(
        None, f"There is no folder {folder} to act in.", help="Name a folder that exists after -C."
    )


def found(folder: Path, begun_by: str) -> Diagnostic:
    return RULE.at(
        None,
        f"There is no mlc.yaml in {folder} or in any folder above it, and that file is what makes a folder a project.",
        help=f"Go into a project, name one with -C DIR, or begin one with `{begun_by}`.",
    )
