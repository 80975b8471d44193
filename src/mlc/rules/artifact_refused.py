"""artifact-refused: a backend of the project's own would write where something else stands or is written.

Why it matters: of two files at one path one is lost, and what mlc reads must not be what it writes.
How to mend it: give the `path` in backend.yaml a folder of its own, such as the backend's name, and `{{ name }}`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules.backend_missing import GOOD as _GOOD

RULE = Rule.of(__name__, "error", "An artifact would take the place of something else.")

_OTHER = "deployment/other.yaml"
BAD = {
    **_GOOD,
    _OTHER: "model: churn\ntarget: here\n",
    "backends/systemd/backend.yaml": _GOOD["backends/systemd/backend.yaml"].replace("{{ name }}", "all"),
}
GOOD = {**_GOOD, _OTHER: "model: churn\ntarget: here\n"}


def found(path: str, backend: str, address: str, why: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"{backend} would write {path} for {address}, and {why}.",
        text="leads to what is taken",
        help="A path with {{ name }}, in a folder called like the backend, is free.",
        address=address,
    )
