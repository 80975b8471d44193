"""How the rows of a dataset are kept apart for testing, and for choosing before the test."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from mlc.kinds._fields import Duration, about

Validation = Annotated[
    Annotated[float, Meta(gt=0, lt=1)] | None,
    about(
        "Share to choose by before the test: the form that is served is chosen among variants there. Taken from what "
        "would be trained on; no row of the test moves.",
        example=0.1,
    ),
]


class StratifiedSplit(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="stratified"
):
    """Each value of a column is spread over the parts alike."""

    by: Annotated[str | None, about("The column; the label where none is given.")] = None
    test: Annotated[float, about("Share of rows to test on.", gt=0, lt=1)] = 0.2
    validation: Validation = None
    seed: Annotated[int, about("Another seed is another split.", ge=0)] = 0


class RandomSplit(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="random"
):
    """Rows fall to the parts by a hash of their id alone."""

    test: Annotated[float, about("Share of rows to test on.", gt=0, lt=1)] = 0.2
    validation: Validation = None
    seed: Annotated[int, about("Another seed is another split.", ge=0)] = 0


class GroupSplit(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="group"
):
    """Rows of one group stay together: groups fall to the parts by a hash of their value."""

    group: Annotated[
        str | None,
        about("The column that ties rows together; the one with the role `group` where none is given."),
    ] = None
    test: Annotated[float, about("Share of groups to test on.", gt=0, lt=1)] = 0.2
    validation: Validation = None
    seed: Annotated[int, about("Another seed is another split.", ge=0)] = 0


class StratifiedGroupSplit(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="stratified_group"
):
    """Rows of one group stay together, and each value of a column has to be in both parts."""

    group: Annotated[
        str | None,
        about("The column that ties rows together; the one with the role `group` where none is given."),
    ] = None
    by: Annotated[str | None, about("The column to spread; the label where none is given.")] = None
    test: Annotated[float, about("Share of groups to test on.", gt=0, lt=1)] = 0.2
    validation: Validation = None
    seed: Annotated[int, about("Another seed is another split.", ge=0)] = 0


class TimeSplit(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="time"
):
    """The latest rows are tested on, as a model meets the future."""

    by: Annotated[
        str | None, about("The column of time; the one with the role `time` where none is given.")
    ] = None
    test: Annotated[
        float,
        about(
            "Share of rows to test on: the latest. Where rows are appended, the boundary moves.", gt=0, lt=1
        ),
    ] = 0.2
    test_from: Annotated[
        str | float | None,
        about(
            "The first time that is tested on, in the place of a share: appended rows move no old one.",
            example="2012-07-01",
        ),
    ] = None
    validation: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        about("Share of rows to choose by before the test: the latest before it.", example=0.1),
    ] = None
    validation_from: Annotated[
        str | float | None,
        about("The first time that is chosen by, in the place of a share.", example="2012-06-01"),
    ] = None
    gap: Annotated[
        Duration | float,
        about(
            "What lies less than this before the test, or before the validation, is in no part: a duration, or a "
            "number where the column holds numbers.",
            example="7d",
        ),
    ] = 0


class ColumnSplit(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="column"
):
    """A column says which part a row is in."""

    by: Annotated[str, about("The column.", example="year")]
    test_values: Annotated[
        list[str | int | bool], about("Its values in rows to test on.", example=[2012], min_length=1)
    ]
    train_values: Annotated[
        list[str | int | bool],
        about("Its values in rows to train on; all others where empty. The rest is in no part."),
    ] = []
    validation_values: Annotated[
        list[str | int | bool], about("Its values in rows to choose by before the test.", example=[2011])
    ] = []


Split = StratifiedSplit | RandomSplit | GroupSplit | StratifiedGroupSplit | TimeSplit | ColumnSplit


def has_validation(split: dict[str, Any]) -> bool:
    """Whether some rows are kept apart to choose by."""
    return any(split.get(field) for field in ("validation", "validation_from", "validation_values"))


HASHED = ("random", "stratified", "group", "stratified_group")
"""The methods that follow a hash."""
