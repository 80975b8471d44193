"""What is done to the rows of a dataset before they are learned from, in order."""

from typing import Annotated, Literal

from msgspec import Struct

from mlc.kinds._fields import Duration, about

Into = Annotated[
    str,
    about("The column that is made: declared among `columns` with what it promises, and not in the source."),
]


class Deduplicate(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="deduplicate"
):
    """Keep the first of rows that are alike."""

    by: Annotated[list[str], about("The columns that make rows alike; all but the id where empty.")] = []


class DropMissing(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="drop_missing"
):
    """Drop rows with a missing value."""

    columns: Annotated[list[str], about("The columns to look at.", min_length=1)]


class Clip(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="clip"):
    """Move values outside fixed bounds to the bound."""

    column: Annotated[str, about("The column.")]
    min: Annotated[float | None, about("Lower bound.")] = None
    max: Annotated[float | None, about("Upper bound.")] = None


class Impute(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="impute"):
    """Put a value in the place of missing ones. What it is, the rows to train on say alone.

    A model that is served meets values that nobody has prepared: what may be missing there is imputed among its
    features.
    """

    columns: Annotated[list[str], about("The columns.", min_length=1)]
    strategy: Annotated[
        Literal["mean", "median", "most_frequent", "constant"],
        about("Which value; the mean or median of whole numbers is the nearest whole number."),
    ] = "median"
    value: Annotated[str | float | bool | None, about("The value, where it is a constant.")] = None


class Outliers(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="outliers"
):
    """Do something about values far from the others. How far is too far, the rows to train on say alone."""

    columns: Annotated[list[str], about("Columns of numbers.", min_length=1)]
    bounds: Annotated[
        Literal["iqr", "deviations", "quantiles"],
        about(
            "What is too far: `factor` times the interquartile range beyond the quartiles (Tukey 1977), `factor` "
            "standard deviations from the mean, or beyond the quantiles `share` and 1 - `share`."
        ),
    ] = "iqr"
    factor: Annotated[float, about("How many ranges or deviations.", gt=0)] = 3.0
    share: Annotated[
        float, about("The share on each side that is too far, for `quantiles`.", gt=0, lt=0.5)
    ] = 0.01
    action: Annotated[
        Literal["clip", "missing", "drop"],
        about(
            "Move it to the bound, take it for missing, or drop the row: of those to train on only, as the test must "
            "stay as the world is."
        ),
    ] = "clip"


class Cast(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="cast"):
    """Read a column as another type. What cannot be read so is missing."""

    of: Annotated[str, about("The column that is read.")]
    into: Into
    format: Annotated[
        str | None,
        about("How a date or time is written in text, in the letters of strftime.", example="%d/%m/%Y %H:%M"),
    ] = None


class Derive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="derive"):
    """Compute a column from others of the same row."""

    into: Into
    expression: Annotated[
        str,
        about(
            "What it is, in the notation of Python; its type is checked before a row is read.",
            example="debt / income if income > 0 else 0",
            min_length=1,
        ),
    ]


class Lag(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="lag"):
    """What a column was earlier, of rows in the order of the column with the role `time`. Missing where nothing was."""

    of: Annotated[str, about("The column.")]
    into: Into
    steps: Annotated[int, about("How many rows earlier; never the row itself.", ge=1)] = 1
    after: Annotated[
        Duration | None,
        about("How long before, in the place of `steps`: the value at exactly that time.", example="24h"),
    ] = None
    by: Annotated[
        list[str], about("Columns that keep series apart; the column with the role `group` where empty.")
    ] = []
    window: Annotated[int, about("How many rows, up to that one, it is the `statistic` of.", ge=1)] = 1
    statistic: Annotated[
        Literal["mean", "min", "max", "sum"], about("Of a window that is full; otherwise it is missing.")
    ] = "mean"


Preparation = Deduplicate | DropMissing | Clip | Impute | Outliers | Cast | Derive | Lag

FITTED = ("impute", "outliers")
"""The methods that learn something from the rows to train on."""
