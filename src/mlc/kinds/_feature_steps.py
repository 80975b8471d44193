"""What can be done to a group of columns, step by step: dates, bins, crosses, selection, reduction."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from mlc.kinds._fields import about

Part = Literal[
    "year", "quarter", "month", "week", "day", "day_of_year", "weekday", "weekend", "hour", "minute", "second"
]
Recurring = Literal["quarter", "month", "day", "day_of_year", "weekday", "hour", "minute", "second"]

PART_VALUES: dict[str, range] = {
    "quarter": range(1, 5),
    "month": range(1, 13),
    "week": range(1, 54),
    "day": range(1, 32),
    "day_of_year": range(1, 367),
    "weekday": range(7),
    "weekend": range(2),
    "hour": range(24),
    "minute": range(60),
    "second": range(60),
}
"""The values that a part can have; a year can have any."""

OF_A_DAY = ("hour", "minute", "second")
"""The parts that a date has not."""

SECONDS = {"minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800, "years": 31556952}
"""In a unit of time; a year is the Gregorian calendar's mean one, of 365.2425 days."""


class Since(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long after a moment a time is; negative before it."""

    moment: Annotated[
        str,
        about(
            "The moment (UTC), as ISO 8601 has it.",
            example="2020-01-01",
            pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$",
            form="a date such as 2020-01-31, or a time such as 2020-01-31T12:30:00",
        ),
    ]
    unit: Annotated[
        Literal["minutes", "hours", "days", "weeks", "years"], about("What it is counted in, with fractions.")
    ] = "days"


class Dates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts of dates and times as numbers. A missing time has missing parts. Times are UTC and without a zone."""

    parts: Annotated[
        list[Part],
        about(
            "Parts to take: `weekday` is 0 on Monday, `week` is that of ISO 8601, `weekend` is 1 on Saturday and "
            "Sunday.",
            example=["hour", "weekday"],
        ),
    ] = []
    cyclic: Annotated[
        list[Recurring],
        about(
            "Parts to take as a sine and a cosine, so that the last is next to the first.", example=["hour"]
        ),
    ] = []
    since: Annotated[Since | None, about("How long after a moment it is.")] = None


class Quantile(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="quantile"
):
    """Bins with as many rows of the training part each. Where values are alike, some bins stay empty."""

    bins: Annotated[int, about("How many.", ge=2, le=1000)] = 5


class Uniform(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="uniform"
):
    """Bins of the same width, between the smallest and the largest value of the training part."""

    bins: Annotated[int, about("How many.", ge=2, le=1000)] = 5


class KMeans(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="kmeans"):
    """Bins around centres that are found in the training part."""

    bins: Annotated[int, about("How many.", ge=2, le=1000)] = 5


class Edges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="edges"):
    """Bins with edges of your own: one more than there are edges, as the first and the last are open."""

    edges: Annotated[
        list[float],
        about(
            "Where a bin ends and the next begins, ascending. A value on an edge is in the bin above.",
            example=[18, 30, 65],
            min_length=1,
        ),
    ]


Bin = Quantile | Uniform | KMeans | Edges


class Cross(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Interactions: the product of each two columns of the group. Of categories that are encoded `one_hot` it says
    whether both hold; two categories of one column are never multiplied."""

    degree: Annotated[int, about("Products of up to so many columns.", ge=2, le=3)] = 2
    keep: Annotated[bool, about("Whether the columns themselves stay beside their products.")] = True


class ByVariance(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="variance"
):
    """Columns that vary in the training part."""

    above: Annotated[float, about("The variance that a column has to exceed.", ge=0)] = 0.0


class Best(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="best"):
    """The columns that say most about the label in the training part, each by itself."""

    columns: Annotated[int, about("How many.", ge=1)]
    score: Annotated[
        Literal["linear", "mutual_information", "chi2"],
        about(
            "`linear` is the F test of a straight line, of classes that of their means; `mutual_information` sees any "
            "dependence; `chi2` is of counts and of classes."
        ),
    ] = "linear"


class ByModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="model"):
    """The columns that a model of the training part makes most of, all of them together."""

    columns: Annotated[int, about("How many.", ge=1)]
    by: Annotated[
        Literal["trees", "linear"],
        about(
            "`trees` are the importances of 100 extremely randomised trees, `linear` the coefficients of a linear "
            "model of standardised columns."
        ),
    ] = "trees"


Select = ByVariance | Best | ByModel

_Components = Annotated[int, Meta(ge=1)]


class PCA(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="pca"):
    """Principal components. Scale the group before, unless its columns have one unit."""

    components: Annotated[_Components | None, about("How many.")] = None
    variance: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        about("In their place the share of the variance that as many as are needed have to keep."),
    ] = None
    whiten: Annotated[bool, about("Whether each component is brought to a variance of 1.")] = False


class TruncatedSVD(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="truncated_svd"
):
    """Singular vectors of columns that are not centred: for the words of texts (latent semantic analysis)."""

    components: Annotated[_Components, about("How many.")]


class ICA(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="ica"):
    """Components that are independent of one another."""

    components: Annotated[_Components, about("How many.")]


class FactorAnalysis(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="factor_analysis"
):
    """Factors that explain what columns have in common, each column with noise of its own."""

    components: Annotated[_Components, about("How many.")]


class RandomProjection(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="random_projection"
):
    """Sums with random weights, which keep distances about as they are. Nothing is learned."""

    components: Annotated[_Components, about("How many.")]


class NMF(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="nmf"):
    """Non-negative factors. It has no form in ONNX, and is refused."""

    components: Annotated[_Components | None, about("How many.")] = None


class KernelPCA(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="kernel_pca"
):
    """Principal components of a kernel. Its form in ONNX is wrong, and it is refused."""

    components: Annotated[_Components | None, about("How many.")] = None


Reduce = PCA | TruncatedSVD | ICA | FactorAnalysis | RandomProjection | NMF | KernelPCA

NOT_IN_ONNX = {
    "nmf": (
        "Each row is an optimisation of its own, which ONNX does not say.",
        "truncated_svd, which takes columns that are not negative as they are",
    ),
    "kernel_pca": (
        "It converts to ONNX without an error, and with numbers that are not scaled one label in 25 was wrong.",
        "pca, after a cross where columns act together; or an estimator that is not linear",
    ),
}
"""Reductions that are not served: why, and what to take instead."""

OF_SPARSE = ("truncated_svd", "random_projection")
"""The reductions that take many columns which are mostly zero, as words are, without filling them up."""


def moment(text: str) -> int:
    """Seconds since 1970 (UTC) of a moment as `Since` writes it. Raises ValueError for a day that there is not."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def date_columns(column: str, dates: dict[str, Any]) -> list[str]:
    """The names of what comes out of a column of dates, in order."""
    names = [f"{column}_{part}" for part in dates["parts"]]
    names += [f"{column}_{part}_{wave}" for part in dates["cyclic"] for wave in ("sin", "cos")]
    return names + ([f"{column}_{dates['since']['unit']}"] if dates["since"] else [])


def bins_of(bins: dict[str, Any]) -> int:
    """How many bins there are."""
    found: int = len(bins["edges"]) + 1 if bins["method"] == "edges" else bins["bins"]
    return found
