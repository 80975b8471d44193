"""no-variant-fits: no variant of the served form clears every bound.

Why it matters: what is served must say what the model says and pass its gates; a variant that does not is not served,
however small or fast it is.
How to mend it: add the form as exported as a variant (`fp32: {}`), or loosen what the detail names, in a review.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.variant import Measured

RULE = Rule.of(__name__, "error", "No variant of the served form clears every bound.")


def found(variants: Sequence[Measured], address: str) -> Diagnostic:
    """Every variant with the first of its reasons."""
    told = " ".join(f"{one.name}: {one.refused[0]}" for one in variants if one.refused)
    return RULE.at(
        None,
        told,
        help="Add `fp32: {}`, the form as exported, or change the bounds in a review.",
        address=address,
        path="optimize.variants",
        refused=True,
    )
