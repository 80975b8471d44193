"""revision-unknown: a name that stands for no commit in this clone.

Why it matters: there is nothing to compare with.
How to mend it: write a branch, a tag or a commit's id that is here; fetch what is not. A clone that CI makes holds
the newest commit only, unless it is told otherwise.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "There is no such revision here.")


def found(name: str, reason: str, *, shallow: bool) -> Diagnostic:
    text = f"{reason[:1].upper()}{reason[1:]}."
    if shallow:
        return RULE.at(
            None,
            f"{text} This clone is shallow: its history was cut off when it was made.",
            help="Fetch more of it: git fetch --deepen=100, or git fetch --unshallow. For actions/checkout: "
            "fetch-depth: 0.",
        )
    return RULE.at(
        None,
        text,
        help=f"List what there is: git branch --all. Fetch what is not: git fetch origin {name or 'main'}."
        if name.replace("-", "").replace("/", "").replace("_", "").isalnum()
        else "List what there is: git branch --all, git tag, git log --oneline.",
    )
