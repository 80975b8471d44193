"""module-name-taken: a folder of the project is called like a module.

Why it matters: `acme/_tabular` in a defaults list could mean the project's own file or the module's.
How to mend it: rename the folder or the module.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._modules import DECLARED, INSTALLED, LAYER

RULE = Rule.of(__name__, "error", "A module is called like a folder of the project.")

BAD = {"mlc.yaml": DECLARED, **INSTALLED, "model/acme/_tabular.yaml": LAYER}
GOOD = {"mlc.yaml": DECLARED, **INSTALLED, "model/our/_tabular.yaml": LAYER}


def found(name: str, folder: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"There is a folder {folder} in the project, where the layers of the module {name} are to stand.",
        text=f"its layers would stand in {folder}",
        help="Rename the folder, or give the module another name.",
        path=f"modules.{name}",
    )
