"""A gate: bounds that a model must clear before it is registered."""

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

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


NotNegative = Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Part = Annotated[float, Meta(gt=0, lt=1)]

Level = Annotated[
    float,
    about(
        "Level of the two-sided intervals; they hold for all looks together.", gt=0.5, lt=1, stricter="wider"
    ),
]


class SliceBound(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a metric must clear in every slice that has enough rows. Give one bound or more."""

    max_gap: Annotated[
        NotNegative | None,
        about("By how much a slice may be worse than the rest of the rows.", example=0.1, stricter="lower"),
    ] = None
    min: Annotated[float | None, about("Smallest value that passes in a slice.", stricter="higher")] = None
    max: Annotated[float | None, about("Largest value that passes in a slice.", stricter="lower")] = None


class Slices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts of the test set, by the values of columns; numbers are cut into quarters of the rows."""

    by: Annotated[
        list[str],
        about(
            "Columns of the dataset, each sliced by itself.",
            example=["region"],
            min_length=1,
            stricter="more",
        ),
    ]
    min_rows: Annotated[
        int, about("Slices of fewer test rows are shown and not tested.", ge=2, stricter="lower")
    ] = 100
    metrics: Annotated[dict[str, SliceBound], about("The bounds, by metric.", min_length=1, stricter="more")]
    confidence: Level = 0.95


class LargestGap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the groups of a protected column may lie apart."""

    max_gap: Annotated[
        float, about("The largest difference between two groups.", ge=0, le=1, stricter="lower")
    ]


class LargestDistance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the groups of a protected column may lie apart, in the unit of the label."""

    max_gap: Annotated[
        float,
        about("The largest difference between two groups, in the unit of the label.", ge=0, stricter="lower"),
    ]


class Fairness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Gaps between the groups of protected columns. Give one criterion or more.

    Of several classes each is held against the rest, as if it were the positive one, and the largest gap counts.
    """

    protected: Annotated[
        list[str],
        about("Columns of the dataset, each by itself.", example=["sex"], min_length=1, stricter="more"),
    ]
    demographic_parity: Annotated[
        LargestGap | None, about("Of the share of rows called positive.", stricter="more")
    ] = None
    equal_opportunity: Annotated[
        LargestGap | None, about("Of the share of positive rows that are called so.", stricter="more")
    ] = None
    equalized_odds: Annotated[
        LargestGap | None,
        about("Of the shares of positive and of negative rows that are called positive.", stricter="more"),
    ] = None
    predictive_parity: Annotated[
        LargestGap | None, about("Of the share of rows called positive that are.", stricter="more")
    ] = None
    accuracy_parity: Annotated[
        LargestGap | None, about("Of the share of rows whose label is right.", stricter="more")
    ] = None
    mean_prediction_parity: Annotated[
        LargestDistance | None, about("Of the mean of what a regression predicts.", stricter="more")
    ] = None
    mean_error_parity: Annotated[
        LargestDistance | None,
        about(
            "Of the mean of predicted minus true: whether a regression says too much of one group and too little of "
            "another.",
            stricter="more",
        ),
    ] = None
    absolute_error_parity: Annotated[
        LargestDistance | None, about("Of the mean absolute error of a regression.", stricter="more")
    ] = None
    min_rows: Annotated[
        int, about("Groups of fewer test rows are shown and not tested.", ge=2, stricter="lower")
    ] = 100
    confidence: Level = 0.95


class Robustness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much a metric may drop when the inputs are disturbed. Give `noise`, `missing` or both."""

    metric: Annotated[str, about("The metric.", example="roc_auc")]
    noise: Annotated[
        Positive | None,
        about(
            "Standard deviation of normal noise on each number, in deviations of the column.",
            example=0.1,
            stricter="higher",
        ),
    ] = None
    missing: Annotated[
        Part | None,
        about("Share of values taken away from each column that is nullable.", stricter="higher"),
    ] = None
    max_drop: Annotated[
        float, about("The largest drop that passes, in the metric's unit.", ge=0, stricter="lower")
    ]
    confidence: Annotated[
        float, about("Level of the two-sided interval.", gt=0.5, lt=1, stricter="wider")
    ] = 0.95


class Champion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The registered version that an alias points to, which the model is compared with on the same rows.

    Where the alias points to none yet, the gate passes, and says so.
    """

    alias: Annotated[str, about("The alias.", example="production", min_length=1)] = "production"
    metric: Annotated[str, about("What they are compared by.", example="roc_auc")]
    test: Annotated[
        Literal["delong", "mcnemar", "paired_bootstrap"] | None,
        about(
            "How: `delong` for areas under ROC curves, `mcnemar` for accuracy, `paired_bootstrap` for the rest; the "
            "one that fits the metric where none is said."
        ),
    ] = None
    require: Annotated[
        Literal["superior", "non_inferior"],
        about(
            "The model must be better than the champion, or not worse by more than `margin`.",
            stricter=["non_inferior", "superior"],
        ),
    ] = "non_inferior"
    margin: Annotated[
        float,
        about("How much worse still passes, in the metric's unit.", ge=0, example=0.005, stricter="lower"),
    ] = 0.0
    confidence: Annotated[
        float, about("Level of the two-sided interval of the difference.", gt=0.5, lt=1, stricter="wider")
    ] = 0.95


class Gate(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model must prove: bounds on metrics, on their gaps and drops, or against a champion."""

    metrics: Annotated[
        dict[str, Bound], about("The bounds, by metric.", change="reevaluate", stricter="more")
    ] = {}
    slices: Annotated[
        Slices | None,
        about("What metrics must clear in parts of the rows.", change="reevaluate", stricter="more"),
    ] = None
    fairness: Annotated[
        Fairness | None, about("How far groups may lie apart.", change="reevaluate", stricter="more")
    ] = None
    robustness: Annotated[
        Robustness | None,
        about("How much a metric may drop on disturbed inputs.", change="reevaluate", stricter="more"),
    ] = None
    champion: Annotated[
        Champion | None,
        about("The registered model that it is compared with.", change="reevaluate", stricter="more"),
    ] = None


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


KIND = Kind(name="gate", spec=Gate)
