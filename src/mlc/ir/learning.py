"""How a model got better: with more rows to learn from, and by iteration while it was fitted."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mlc.ir.evaluation import Estimate

Advice = Literal["more", "enough", "unclear"]


class CurvePoint(Struct, frozen=True):
    """The model learned from `rows` rows, a `share` of the training part.

    `estimate` is of the test rows, `learned` the metric on (some of) the rows that it learned from. `gain` is how much
    better the model is that learned from all rows, on the same test rows (above 0: better). Where it could not be
    learned from so few, `problem` says why.
    """

    share: float
    rows: int
    estimate: Estimate | None = None
    learned: float | None = None
    gain: Estimate | None = None
    problem: str = ""


class LearningCurve(Struct, frozen=True):
    """The points by rising share, the last of which is the whole. `drawn` says how rows join.

    `advice` is what the gain from the last share to the whole says of still more rows: `more` would help, what there
    is is `enough`, or the test rows are too few to tell (`unclear`); `words` is that in a sentence or two.
    """

    metric: str
    points: tuple[CurvePoint, ...]
    drawn: str
    advice: Advice
    words: str
    version: Literal[1] = 1


class Recorded(Struct, frozen=True):
    """A number for each iteration, the first of which is number `first`: 0 stands for before any."""

    first: int
    values: tuple[float, ...]


class Iterations(Struct, frozen=True):
    """What an estimator recorded while it was fitted, by what it is: a loss (less is better) or a score."""

    curves: dict[str, Recorded]
    version: Literal[1] = 1
