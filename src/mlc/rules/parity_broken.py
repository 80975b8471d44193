"""parity-broken: the ONNX form of a model does not say what the model says.

Why it matters: what was evaluated in scikit-learn is not what would be served. A known trap is a scaler in
front of trees: ONNX computes in float32, a scaled value rounds to the other side of a threshold, and the
label flips.
How to mend it: drop the scaler where the estimator is made of trees, which do not need it; or choose another
estimator; or, where the difference does not matter, widen the bound.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The ONNX form differs from the model.")


def found(
    broken: Sequence[str], *, scaled_trees: Sequence[str], ties: bool, address: str, path: str
) -> Diagnostic:
    """`broken` says by how much each bound is missed; `scaled_trees` names scaled groups before trees.

    `ties`: labels differ only where both classes are as probable.
    """
    if scaled_trees:
        trap = (
            f" The estimator is made of trees, and these groups are scaled: {', '.join(scaled_trees)}. ONNX "
            "computes in float32, and a scaled value that rounds to the other side of a threshold takes "
            "another branch. Trees do not need scaling."
        )
        mend = "Set `scale: none` in those groups and train again."
    elif ties:
        trap = (
            " In all of them both classes are as probable, and rounding decides. That happens when few trees "
            "or neighbours vote."
        )
        mend = (
            f"Let an odd number of trees or neighbours vote, or widen `{path}`: such a label is a coin toss."
        )
    else:
        trap = ""
        mend = f"Choose another estimator or other parameters, or widen `{path}` if this does not matter."
    return RULE.at(None, " ".join(broken) + trap, help=mend, address=address, path=path, refused=True)
