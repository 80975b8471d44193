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


def found(broken: Sequence[str], *, scaled_trees: Sequence[str], address: str, path: str) -> Diagnostic:
    """`broken` says by how much each bound is missed; `scaled_trees` names scaled groups before trees."""
    if scaled_trees:
        trap = (
            f" The estimator is made of trees, and these groups are scaled: {', '.join(scaled_trees)}. ONNX "
            "computes in float32, and a scaled value that rounds to the other side of a threshold takes "
            "another branch. Trees do not need scaling."
        )
        mend = "Set `scale: none` in those groups and train again."
    else:
        trap = ""
        mend = f"Choose another estimator or other parameters, or widen `{path}` if this does not matter."
    return RULE.at(None, " ".join(broken) + trap, help=mend, address=address, path=path, refused=True)
