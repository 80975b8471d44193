"""A dataset: where rows come from, what they must look like, and how they are split."""

from typing import Annotated, Any

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.kinds._contracts import Checks, Column
from mlc.kinds._fields import Resource, about, seconds
from mlc.kinds._kind import Kind, Scope, View
from mlc.kinds._preparation import Preparation
from mlc.kinds._sources import FileSource, SklearnSource
from mlc.kinds._splits import Split, StratifiedSplit


class Licence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Under what terms the data may be used."""

    name: Annotated[str, about("SPDX name.", change="metadata", example="Apache-2.0")]
    origin: Annotated[str, about("Who made it and where it came from.", change="metadata")]


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
        dict[str, Preparation],
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


def _step(view: View, step: View) -> dict[str, Any]:
    """An operation on the rows, with the columns that it goes by where only their roles name them."""
    if step["method"] != "lag":
        return dict(step)
    group = with_role(view, "group")
    return {
        **step,
        "by": step["by"] or ([group] if group else []),
        "time": with_role(view, "time"),
        "after": seconds(step["after"]) if step["after"] else None,
    }


def _checks(view: View) -> dict[str, Any]:
    checks = dict(view["checks"])
    if checks["freshness"] is not None:
        fresh = checks["freshness"]
        column = fresh["column"] or with_role(view, "time")
        checks["freshness"] = {"column": column, "max_age": seconds(fresh["max_age"])}
    return _given(checks, max_rows=None, expressions={}, freshness=None, leakage=None)


def _given(view: View, **defaults: Any) -> dict[str, Any]:
    """Fields without the younger ones where they say nothing, so that the keys of steps stay as they were."""
    return {key: value for key, value in view.items() if key not in defaults or value != defaults[key]}


def made_columns(view: View) -> list[str]:
    """The columns that preparation makes, in order."""
    return [step["into"] for step in view["prepare"].values() if "into" in step]


def _operations(address: Address, view: View, scope: Scope) -> tuple[Operation, ...]:
    contract = {
        name: {key: value for key, value in column.items() if key not in ("description", "unit", "pii")}
        for name, column in view["columns"].items()
    }
    source = view["source"]
    spec = {
        "source": source,
        "columns": contract,
        "checks": _checks(view),
        # a list, because the order of operations matters and the key of a step sorts its maps
        "prepare": [{"name": name, **_step(view, step)} for name, step in view["prepare"].items()],
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
    ),
)
