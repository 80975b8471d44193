"""prevent-destroy: a plan would destroy what is protected with `lifecycle: {prevent_destroy: true}`.

Why it matters: somebody said of this resource that it must not be deleted, undone or replaced by an edit
somewhere else. Nothing is done until that is taken back on purpose.
How to mend it: put back what was removed or changed; or lift the protection, apply, and then remove it.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.plan import Threat
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A protected resource would be destroyed.")


def found(threat: Threat, environment: str, span: Span | None) -> Diagnostic:
    """`span` is the line that protects it, where the resource is still described."""
    address = threat.address
    if span is not None:
        how = "Set `prevent_destroy: false` on this line, if it is meant."
    elif threat.described:
        how = f"Set `lifecycle: {{prevent_destroy: false}}` in {address}, if it is meant."
    else:
        how = (
            f"Describe {address} again; or, if it is meant, describe it with `lifecycle: {{prevent_destroy: false}}`, "
            f"apply, and remove it then. `mlc state rm {address} --env {environment}` forgets it and destroys nothing."
        )
    return RULE.at(
        span,
        f"{address} is protected in {environment}, and this plan would {threat.what}. Nothing was done.",
        text="protects it",
        help=how,
        address=address,
        path="lifecycle.prevent_destroy",
    )


def left_out(threat: Threat, environment: str, span: Span) -> Diagnostic:
    """`span` is the line by which a resource is not in an environment any more."""
    address = threat.address
    return RULE.at(
        span,
        f"{address} is protected in {environment}, and this line leaves it out, so this plan would {threat.what}. "
        "Nothing was done.",
        text="leaves it out",
        help=f"Take the line back; or, if it is meant, take it back, set `lifecycle: {{prevent_destroy: false}}` in "
        f"{address}, apply, and leave it out then.",
        address=address,
        path="lifecycle.prevent_destroy",
    )
