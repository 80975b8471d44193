"""A model's answers on a test set, as arrays."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs
from numpy.typing import NDArray

Array = NDArray[Any]


class Answers(Struct, frozen=True):
    """What is true, what was said, and how surely, of n rows.

    `truth` is (n,): whether the row is positive (two classes; None where an anomaly detector has no label), the
    code of its class, or a number. `predicted` (n,) likewise, of a clustering the cluster's number; None in a
    regression. `scores` are (n,) probabilities of the positive class, (n, k) of all classes, the numbers predicted,
    or how unlike the others a row is; of a clustering the space (n, d) that the estimator saw, or None.
    """

    task: str
    truth: Array | None
    predicted: Array | None
    scores: Array | None
    classes: tuple[str, ...] = ()
    level: float = 0.5  # the quantile that a regression predicts

    @property
    def n(self) -> int:
        known = next(one for one in (self.predicted, self.scores, self.truth) if one is not None)
        return len(known)

    def take(self, rows: Array) -> Answers:
        """Those of some rows."""
        parts = {name: getattr(self, name) for name in ("truth", "predicted", "scores")}
        return structs.replace(
            self, **{name: None if one is None else one[rows] for name, one in parts.items()}
        )
