"""How far what a model is asked and answers may be from what it learned from, in the words of a monitor.

A limit that is left out is not looked at; `monitor-unfit` says where none is left.
"""

from typing import Annotated

from msgspec import Meta, Struct

from mlc.kinds._fields import about

CRON = r"^[0-9*,/-]+( [0-9*,/-]+){4}$"
CRON_FORM = "five fields of digits and * , - / with one space between them, such as 30 3 * * 1"

_Share = Annotated[float, Meta(gt=0, lt=1)]
_Positive = Annotated[float, Meta(gt=0)]
_COLUMNS = Annotated[
    list[Annotated[str, about("An input of the model.", min_length=1)]],
    about("Which inputs of the model; all where empty, but dates and times.", example=["income", "purpose"]),
]


class NumberDrift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measures of how far apart two distributions of numbers are, and when somebody is told."""

    jensen_shannon_distance: Annotated[
        _Share | None, about("0: the same; 1: nothing in common.", stricter="lower", example=0.1)
    ] = None
    normalized_wasserstein_distance: Annotated[
        _Positive | None,
        about("How far values moved, in standard deviations of the baseline.", stricter="lower"),
    ] = None
    population_stability_index: Annotated[
        _Positive | None, about("0: the same; above 0.2 is taken for a large change.", stricter="lower")
    ] = None
    two_sample_kolmogorov_smirnov_test: Annotated[
        _Share | None, about("The limit of the test of Kolmogorov and Smirnov.")
    ] = None


class CategoryDrift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measures of how far apart two distributions of categories are, and when somebody is told."""

    jensen_shannon_distance: Annotated[
        _Share | None, about("0: the same; 1: nothing in common.", stricter="lower", example=0.1)
    ] = None
    population_stability_index: Annotated[
        _Positive | None, about("0: the same; above 0.2 is taken for a large change.", stricter="lower")
    ] = None
    pearsons_chi_squared_test: Annotated[
        _Share | None, about("The limit of Pearson's test of independence.")
    ] = None


class FeatureDrift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model's inputs, compared with the rows that it learned from."""

    columns: _COLUMNS = []
    numbers: Annotated[NumberDrift | None, about("Of numbers; not looked at without it.")] = None
    categories: Annotated[
        CategoryDrift | None, about("Of texts, and of true and false; not looked at without it.")
    ] = None


class PredictionDrift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model's answers, compared with those of as many days before: training rows hold labels, no answers."""

    numbers: Annotated[NumberDrift | None, about("Where the model answers with a number.")] = None
    categories: Annotated[CategoryDrift | None, about("Where the model answers with a class.")] = None


class Drift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may not move away."""

    features: Annotated[FeatureDrift | None, about("The model's inputs; not looked at without it.")] = None
    prediction: Annotated[PredictionDrift | None, about("The model's answers; not looked at without it.")] = (
        None
    )


class Rates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which shares of the values may be wrong."""

    null_rate: Annotated[_Share | None, about("That are missing.", stricter="lower", example=0.05)] = None
    type_error_rate: Annotated[
        _Share | None, about("That are of another type than the baseline's.", stricter="lower")
    ] = None
    out_of_bounds_rate: Annotated[
        _Share | None,
        about("That are beyond the baseline's ends, or none of its categories.", stricter="lower"),
    ] = None


class DataQuality(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the values that a model is asked are whole, against the rows that it learned from."""

    columns: _COLUMNS = []
    numbers: Annotated[Rates | None, about("Of numbers; not looked at without it.")] = None
    categories: Annotated[
        Rates | None, about("Of texts, and of true and false; not looked at without it.")
    ] = None


class Looks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When drift and quality are looked at."""

    cron: Annotated[
        str,
        about(
            "In UTC: minute, hour, day of the month, month, day of the week.",
            example="0 6 * * *",
            pattern=CRON,
            form=CRON_FORM,
        ),
    ] = "0 6 * * *"
    days: Annotated[int, about("How many of the last days are looked at.", ge=1, le=90)] = 7
