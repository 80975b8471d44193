"""forbidden-resolver: an interpolation calls a resolver that is not allowed.

Why it matters: a configuration must mean the same on every machine and must not read the environment or run
code, so `oc.env`, `oc.create`, `oc.decode` and resolvers of one's own are refused.
How to mend it: use `${input:NAME}` for what is given from outside, `${secret:NAME}` for secrets, and
`${vars.name}` for values of the environment.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "An interpolation calls a resolver that is not allowed.")

BAD = {"env/dev.yaml": "vars:\n  home: ${oc.env:HOME}\n"}
GOOD = {"env/dev.yaml": "vars:\n  home: /srv\n  data: ${vars.home}/data\n"}


def found(span: Span, name: str, suggestion: str) -> Diagnostic:
    """The call at `span`."""
    if name.startswith("oc."):
        reason = "it would read or build something that the files do not show"
    else:
        reason = "there is no such resolver"
    return RULE.at(
        span,
        f"The resolver `{name}` is not allowed: {reason}.",
        text="not allowed",
        help=suggestion or "Write the value, or refer to another one by its key.",
    )
