"""environment-file-missing: an environment without its file.

Why it matters: an environment that is named but not described is as likely a typing mistake as an empty one.
How to mend it: write env/NAME.yaml (it may be empty), or take the name out of `environments`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "An environment has no file.")

BAD = {
    "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev, prod]\n",
}
GOOD = {
    "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev, prod]\n",
    "env/prod.yaml": "description: What customers see.\n",
}


def found(name: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"The environment {name} is listed in mlc.yaml, and there is no file env/{name}.yaml. Write it (it may be "
        "empty), or take the name out.",
        text="no file for it",
    )
