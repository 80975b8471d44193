"""module-with-credentials: the address of a module may hold a password or a token.

Why it matters: mlc.yaml and mlc.lock are committed, and addresses stand in logs; whoever reads them could use it.
How to mend it: withdraw it where it was issued, write the address without it, and let git find it in its own
configuration (a credential helper, an ssh key, or `http.extraHeader` in CI).
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._modules import DECLARED, INSTALLED, PROJECT

RULE = Rule.of(__name__, "error", "The address of a module may hold credentials.")

BAD = {"mlc.yaml": PROJECT + "modules: {acme: {source: 'git+https://robot@git.example/layers.git'}}\n"}
GOOD = {"mlc.yaml": DECLARED, **INSTALLED}


def found(name: str, span: Span) -> Diagnostic:
    """No message may repeat the address."""
    return RULE.at(
        span,
        f"The source of the module {name} has something before the host, or a `?` or `#`, where passwords and tokens "
        "stand.",
        text="may hold credentials",
        help="Write the address without it; git takes credentials from its own configuration.",
        path=f"modules.{name}.source",
    )
