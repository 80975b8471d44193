"""A gate: bounds that a model must clear before it is registered."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from mlc.kinds._fields import Resource, about
from mlc.kinds._kind import Kind


class Bound(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A metric and what it must clear. Give `min`, `max` or both."""

    min: Annotated[float | str | None, about("Smallest value that passes.", example=0.9)] = None
    max: Annotated[
        float | str | None, about("Largest value that passes; a duration for a latency.", example="20ms")
    ] = None
    bound: Annotated[
        Literal["lower", "upper", "point"] | None,
        about(
            "Which value must clear it: an end of the confidence interval or the point estimate. "
            "Where none is said, the cautious end: `lower` for `min`, `upper` for `max`."
        ),
    ] = None
    confidence: Annotated[float, about("Level of the two-sided interval.", gt=0.5, lt=1)] = 0.95


class Gate(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model must prove."""

    metrics: Annotated[dict[str, Bound], about("The bounds, by metric.", change="reevaluate", min_length=1)]


KIND = Kind(name="gate", spec=Gate, planned=("slices", "champion", "fairness", "robustness"))
