"""A gate: bounds that a model must clear before it is registered."""

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Struct

from mlc.ir.evaluation import Metric
from mlc.kinds._fields import Duration, Resource, Size, about, in_bytes, seconds
from mlc.kinds._kind import Kind


class Bound(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A metric and what it must clear. Give `min`, `max` or both."""

    min: Annotated[
        float | str | None, about("Smallest value that passes.", example=0.9, stricter="higher")
    ] = None
    max: Annotated[
        float | str | None,
        about("Largest value that passes; a duration for a latency.", example="20ms", stricter="lower"),
    ] = None
    bound: Annotated[
        Literal["lower", "upper", "point"] | None,
        about(
            "Which value must clear it: an end of the confidence interval or the point estimate. "
            "Where none is said, the cautious end: `lower` for `min`, `upper` for `max`.",
            stricter="cautious",
        ),
    ] = None
    confidence: Annotated[
        float, about("Level of the two-sided interval.", gt=0.5, lt=1, stricter="wider")
    ] = 0.95


class Gate(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model must prove."""

    metrics: Annotated[
        dict[str, Bound], about("The bounds, by metric.", change="reevaluate", min_length=1, stricter="more")
    ]


def limit_of(metric: Metric, written: float | str) -> float:
    """What a bound means, in the metric's own unit: seconds, bytes, or a number.

    Raises ValueError with a sentence where the bound is not finite or is not written in that unit.
    """
    if not isinstance(written, str):
        if isinstance(written, bool) or not math.isfinite(written):
            raise ValueError(f"{written} is not a number that {metric.name} can be compared with.")
        return float(written)
    try:
        if metric.unit == "seconds":
            return seconds(msgspec.convert(written, Duration))
        if metric.unit == "bytes":
            return float(in_bytes(msgspec.convert(written, Size)))
    except msgspec.ValidationError:
        pass
    wanted = {"seconds": "a duration such as 20ms", "bytes": "a size such as 10Mi"}
    raise ValueError(
        f'{metric.name} is compared with {wanted.get(metric.unit, "a number")}, not "{written}".'
    )


KIND = Kind(name="gate", spec=Gate, planned=("slices", "champion", "fairness", "robustness"))
