"""A dataset: where rows come from, what they must look like, and how they are split."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.kinds._fields import Resource, Share, about, seconds
from mlc.kinds._kind import Kind, Scope, View
from mlc.kinds._sources import FileSource, SklearnSource
from mlc.kinds._splits import Split, StratifiedSplit


class Licence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Under what terms the data may be used."""

    name: Annotated[str, about("SPDX name.", change="metadata", example="Apache-2.0")]
    origin: Annotated[str, about("Who made it and where it came from.", change="metadata")]


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


class Checks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the data as a whole promises."""

    min_rows: Annotated[int, about("Fewest rows allowed.", ge=1, stricter="higher")] = 1
    max_quarantined: Annotated[
        Share, about("Largest share of rows that may be quarantined; more stops the step.", stricter="lower")
    ] = 0.0


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


class Dataset(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows to learn from."""

    source: Annotated[FileSource | SklearnSource, about("Where the rows come from.", change="reingest")]
    licence: Annotated[Licence | None, about("Under what terms the data may be used.", change="metadata")] = (
        None
    )
    columns: Annotated[
        dict[str, Column],
        about(
            "The columns by name: the contract of the data.",
            change="reingest",
            min_length=1,
            stricter="more",
        ),
    ]
    checks: Annotated[Checks, about("What the data as a whole promises.", change="reingest")] = Checks()
    prepare: Annotated[
        dict[str, Deduplicate | DropMissing | Clip],
        about("Operations on the rows, in order, by a name of your own.", change="reingest"),
    ] = {}
    split: Annotated[Split, about("How rows are kept apart for testing.", change="reingest")] = (
        StratifiedSplit()
    )


def label_of(view: View) -> str | None:
    """The column whose role is `label`, or None."""
    return next((name for name, column in view["columns"].items() if column["role"] == "label"), None)


def id_of(view: View) -> str | None:
    """The column whose role is `id`, or None."""
    return next((name for name, column in view["columns"].items() if column["role"] == "id"), None)


def with_role(view: View, role: str) -> str | None:
    """The first column of a role, or None."""
    return next((name for name, column in view["columns"].items() if column["role"] == role), None)


def _split(view: View) -> dict[str, Any]:
    """The split with the columns that it goes by, where only their roles name them."""
    split = dict(view["split"])
    if split["method"] in ("group", "stratified_group"):
        split["group"] = split["group"] or with_role(view, "group")
    if split["method"] == "stratified_group":
        split["by"] = split["by"] or label_of(view)
    if split["method"] == "time":
        split["by"] = split["by"] or with_role(view, "time")
        if isinstance(split["gap"], str):
            split["gap"] = seconds(split["gap"])
    return split


def _operations(address: Address, view: View, scope: Scope) -> tuple[Operation, ...]:
    contract = {
        name: {key: value for key, value in column.items() if key not in ("description", "unit", "pii")}
        for name, column in view["columns"].items()
    }
    source = view["source"]
    spec = {
        "source": source,
        "columns": contract,
        "checks": view["checks"],
        # a list, because the order of operations matters and the key of a step sorts its maps
        "prepare": [{"name": name, **step} for name, step in view["prepare"].items()],
        "split": _split(view),
        "label": label_of(view),
        "id": id_of(view),
    }
    return (
        Operation(
            id=f"{address}/ingest",
            driver=_DRIVERS[source["type"]],
            spec=spec,
            files={"source": source["path"]} if source["type"] == "file" else {},
            cost="reingest",
        ),
    )


_DRIVERS = {"file": "files", "sklearn": "bundled"}


KIND = Kind(
    name="dataset",
    spec=Dataset,
    operations=_operations,
    planned=(
        "privacy",
        "contract",
        "source.type=sql",
        "source.type=object_store",
        "prepare.*.method=outliers",
        "prepare.*.method=cast",
        "prepare.*.method=derive",
        "prepare.*.method=impute",
    ),
)
