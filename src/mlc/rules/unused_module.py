"""unused-module: a module that nobody builds on.

Why it matters: it is fetched, locked and kept up to date for nothing.
How to mend it: name one of its layers in a defaults list, as in `acme/_tabular`, or remove it from mlc.yaml.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._modules import DECLARED, INSTALLED

RULE = Rule.of(__name__, "warning", "Nobody uses this module.")

BAD = {"mlc.yaml": DECLARED, **INSTALLED}
GOOD = {
    "mlc.yaml": DECLARED,
    **INSTALLED,
    "model/churn.yaml": "defaults: [acme/_tabular, _self_]\ntask: binary_classification\ndataset: people\n"
    "features: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n",
}


def found(name: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"No defaults list leads to a layer of the module {name}.",
        help="Name one of its layers in a defaults list, or remove the module.",
        path=f"modules.{name}",
    )
