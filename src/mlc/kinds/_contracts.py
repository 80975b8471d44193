"""What the data of a dataset promise."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from mlc.kinds._fields import Duration, Share, about

Answer = Literal["error", "warning", "off"]


class Column(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a column promises. Rows that break it are quarantined with the reason."""

    type: Annotated[
        Literal["integer", "number", "string", "boolean", "date", "datetime"],
        about("Type of every value; text is read as a date or time where it is written as ISO 8601 has it."),
    ]
    role: Annotated[
        Literal["feature", "id", "label", "group", "time", "weight", "ignore"],
        about("What the column is for. `id` names the row, and the split follows it."),
    ] = "feature"
    description: Annotated[str, about("What it holds.", change="metadata")] = ""
    unit: Annotated[str, about("Unit of a number.", change="metadata", example="EUR")] = ""
    nullable: Annotated[bool, about("Whether a value may be missing.", stricter="false")] = False
    unique: Annotated[bool, about("Whether no value may stand twice.", stricter="true")] = False
    min: Annotated[float | None, about("Smallest value allowed.", stricter="higher")] = None
    max: Annotated[float | None, about("Largest value allowed.", stricter="lower")] = None
    values: Annotated[
        list[str | int | bool],
        about("The values allowed, in their natural order.", example=["low", "high"], stricter="fewer"),
    ] = []
    pii: Annotated[bool, about("Whether it holds personal data.", change="metadata", stricter="true")] = False


class Freshness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How old the newest row may be when the rows are read. It is looked at then, and not again until they are."""

    max_age: Annotated[
        Duration, about("The oldest that the newest row may be.", example="36h", stricter="lower")
    ]
    column: Annotated[
        str | None, about("The column of time (UTC); the one with the role `time` where none is given.")
    ] = None


class Leakage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is looked for in the rows that would let a model know what it cannot know when it is asked."""

    duplicates: Annotated[
        Answer, about("Rows of the test that stand, but for their id, in the training part too.")
    ] = "warning"
    identifiers: Annotated[
        Answer, about("Features that have another value in nearly every row: a model learns rows by heart.")
    ] = "warning"
    giveaways: Annotated[
        Answer, about("Features that decide the label alone: by one threshold, or by their value.")
    ] = "warning"
    future: Annotated[Answer, about("Times later than the moment when the rows are read.")] = "warning"


class Checks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the data as a whole promises."""

    min_rows: Annotated[int, about("Fewest rows allowed.", ge=1, stricter="higher")] = 1
    max_rows: Annotated[Annotated[int, Meta(ge=1)] | None, about("Most rows allowed.", stricter="lower")] = (
        None
    )
    max_quarantined: Annotated[
        Share, about("Largest share of rows that may be quarantined; more stops the step.", stricter="lower")
    ] = 0.0
    publish_quarantine: Annotated[
        bool,
        about(
            "Put the quarantined rows among the artifacts, as quarantine.parquet: each with its number in the source, "
            "its reasons, and all that it holds.",
        ),
    ] = False
    expressions: Annotated[
        dict[str, str],
        about(
            "What has to be true of every row, by names of your own. A row of which it is not known keeps it.",
            example={"repaid_at_most": "repaid_amount <= amount"},
            stricter="more",
        ),
    ] = {}
    freshness: Annotated[Freshness | None, about("How old the newest row may be.")] = None
    leakage: Annotated[
        Leakage | None,
        about("What is looked for that gives the label away; `{}` warns of all of it."),
    ] = None
