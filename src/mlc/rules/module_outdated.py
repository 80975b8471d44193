"""module-outdated: mlc.lock does not fit what mlc.yaml says of a module.

Why it matters: the lock still holds what an earlier source, version or revision led to, and nobody would notice.
How to mend it: run `mlc modules update NAME`, and commit mlc.lock.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.module import Declared, Locked
from mlc.rules._modules import DECLARED, INSTALLED

RULE = Rule.of(__name__, "error", "The lock does not fit what is said of a module.")

BAD = {"mlc.yaml": DECLARED.replace("../acme-layers", "../acme-layers-2"), **INSTALLED}
GOOD = {"mlc.yaml": DECLARED, **INSTALLED}


def found(declared: Declared, locked: Locked) -> Diagnostic:
    differing = [
        (key, getattr(locked, key), getattr(declared, key))
        for key in ("source", "version", "revision", "path")
        if getattr(locked, key) != getattr(declared, key)
    ]
    changes = " and ".join(f"{key} {_shown(was)} became {_shown(now)}" for key, was, now in differing)
    return RULE.at(
        declared.span,
        f"mlc.lock holds the module {declared.name} as mlc.yaml named it before: {changes}.",
        text="locked as something else",
        help=f"Run `mlc modules update {declared.name}`, and commit mlc.lock.",
        path=f"modules.{declared.name}",
    )


def _shown(text: str) -> str:
    return f'"{text[:80]}"' if text else "(none)"
