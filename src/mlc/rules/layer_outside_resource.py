"""layer-outside-resource: a resource file that sets values of something else.

Why it matters: a file in `model/` describes one model; what it set elsewhere would be found by nobody.
How to mend it: move the values to the file of the resource they belong to, or correct the layer's package.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A resource file sets values of something else.")

BAD = {
    "model/_other.yaml": "# @package extras\nowner: growth\n",
    "model/churn.yaml": "defaults: [_other, _self_]\ntask: binary_classification\ndataset: people\n"
    "features: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n",
}
GOOD = {
    "model/_other.yaml": "owner: growth\n",
    "model/churn.yaml": "defaults: [_other, _self_]\ntask: binary_classification\ndataset: people\n"
    "features: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n",
}


def found(key: str, span: Span, kind: str, name: str) -> Diagnostic:
    return RULE.at(
        span,
        f'{kind}/{name}.yaml composes to a {kind}, and this layer puts "{key}" beside it. Move the value to the file '
        "it belongs to, or take the package away from the layer.",
        text="outside the resource",
        address=f"{kind}.{name}",
    )
