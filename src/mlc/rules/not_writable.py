"""not-writable: the project's folder, or a file in it, may not be written.

Why it matters: what is applied is recorded in the folder .mlc, and its files are written into the project;
without that nothing can be done that anybody would know of afterwards.
How to mend it: give the user who runs mlc the right to write there, or apply in a copy of the project.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A file may not be written.")


def found(doing: str, file: str, reason: str, address: str) -> Diagnostic:
    """`doing` is a step, or what else was under way; `reason` is the operating system's."""
    what = file or "a file"
    return RULE.at(
        None,
        f"{doing} could not write {what}, because the operating system says: {reason}. Nothing half-written is "
        "left behind, and every step before it is recorded.",
        help="Give the user who runs mlc the right to write there, then run the command again.",
        address=address,
    )
