"""module-changed: a file of a module is not the one that mlc.lock has.

Why it matters: what the project says would depend on a change that is in no repository and that nobody has reviewed.
How to mend it: run `mlc modules install`, which brings back what mlc.lock says. To change a value, write it in the
project, over the module's layer; to change the module, change its source and run `mlc modules update`.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import start_of
from mlc.rules._modules import DECLARED, FILE, INSTALLED

RULE = Rule.of(__name__, "error", "A file of a module was changed.")

_USED = {
    "model/churn.yaml": "defaults: [acme/_tabular, _self_]\ntask: binary_classification\ndataset: people\n"
    "features: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n"
}
BAD = {"mlc.yaml": DECLARED, **INSTALLED, **_USED, FILE: "description: Changed here.\n"}
GOOD = {"mlc.yaml": DECLARED, **INSTALLED, **_USED}


def found(name: str, file: str, *, is_gone: bool) -> Diagnostic:
    what = "is no file any more" if is_gone else "has other bytes than mlc.lock says"
    return RULE.at(
        start_of(file),
        f"The file of the module {name} {what}.",
        text="not as it was installed",
        help="Run `mlc modules install`; a value is changed in the project, over the module's layer.",
    )
