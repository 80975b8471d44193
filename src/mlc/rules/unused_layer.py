"""unused-layer: a layer that nobody builds on.

Why it matters: whoever reads or changes it believes that it has an effect.
How to mend it: name it in the defaults list of what it was written for, or remove the file.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import start_of

RULE = Rule.of(__name__, "warning", "Nobody uses this layer.")

BAD = {"model/_fast.yaml": "train: {params: {max_iter: 20}}\n"}
GOOD = {
    "model/_fast.yaml": "train: {params: {max_iter: 20}}\n",
    "model/churn.yaml": "defaults: [_fast, _self_]\ntask: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n",
}


def found(file: str, environments: tuple[str, ...]) -> Diagnostic:
    """`environments` are those of the project, where the file looks like an environment that is none of them."""
    if environments:
        detail = (
            f"`{file}` is none of the environments of mlc.yaml ({', '.join(environments)}), and none of them "
            "extends it."
        )
    else:
        detail = f"No defaults list leads to `{file}`, so nothing in it has an effect."
    return RULE.at(start_of(file), detail, help="Name it in a defaults list, or remove the file.")
