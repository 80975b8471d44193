"""path-outside-project: a path leads out of the project.

Why it matters: mlc reads and writes only below the folder of mlc.yaml, so that a stranger's specs cannot
reach other files of the machine.
How to mend it: give a path relative to the project's folder, without `..` and without links that lead out.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A path leads out of the project.")


def found(written: str, *, where: str, address: str = "", path: str = "") -> Diagnostic:
    return RULE.at(
        None,
        f'{where} names "{written}", which is not a path below the folder of mlc.yaml (links followed). '
        "mlc reads and writes nothing outside the project.",
        help="Give a path relative to the project's folder, such as .mlc/registry/registry.db.",
        address=address,
        path=path,
    )
