"""bad-module-source: a module comes from nowhere that mlc knows.

Why it matters: what a source names is fetched onto the machines of everybody who works on the project, so only
forms that cannot start a program or carry a secret are accepted.
How to mend it: write pkg://NAME for an installed Python package, a folder relative to the project's, or
git+https://, git+ssh:// or git+file:// before a repository's address.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._modules import DECLARED, INSTALLED, PROJECT

RULE = Rule.of(__name__, "error", "The source of a module is none.")

BAD = {"mlc.yaml": PROJECT + "modules: {acme: {source: 'git+ext::sh -c id'}}\n"}
GOOD = {"mlc.yaml": DECLARED, **INSTALLED}

_HELP = (
    "Write pkg://NAME, a folder such as ../shared-layers, or git+https://HOST/PATH (git+ssh://, git+file://, or git+ "
    "and a folder)."
)


def found(name: str, source: str, reason: str, span: Span) -> Diagnostic:
    shown = source if len(source) <= 80 else source[:80] + "…"
    return RULE.at(
        span,
        f'The module {name} cannot come from "{shown}": {reason}.',
        text="no source of a module",
        help=_HELP,
        path=f"modules.{name}.source",
    )


def unfit(name: str, key: str, reason: str, span: Span) -> Diagnostic:
    """A setting that a source of this form cannot have."""
    return RULE.at(
        span,
        f"The module {name} cannot have this `{key}`: {reason}.",
        text="does not fit the source",
        help=f"Remove or correct `{key}`.",
        path=f"modules.{name}.{key}",
    )
