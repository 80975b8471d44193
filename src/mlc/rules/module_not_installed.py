"""module-not-installed: the files of a locked module are not there.

Why it matters: mlc.lock says what they are, but they are not in the repository, and compiling fetches nothing.
How to mend it: run `mlc modules install`, which brings exactly what mlc.lock says; once in a fresh checkout and in CI.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._modules import DECLARED, INSTALLED, LOCKED

RULE = Rule.of(__name__, "error", "A module is not installed.")

BAD = {"mlc.yaml": DECLARED, **LOCKED}
GOOD = {"mlc.yaml": DECLARED, **INSTALLED}


def found(name: str, folder: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"The module {name} is locked, and its files are not in {folder}.",
        text="not installed",
        help="Run `mlc modules install`.",
        path=f"modules.{name}",
    )


def in_revision(name: str, revision: str) -> Diagnostic:
    """What another revision has locked is not here, so the revision cannot be composed."""
    return RULE.at(
        None,
        f"{revision} has the module {name} in a version that is not installed here. Without its layers a comparison "
        "would show differences that are none.",
        help=f"Run `mlc modules install --revision {revision}`; versions stand side by side.",
        path=f"modules.{name}",
    )
