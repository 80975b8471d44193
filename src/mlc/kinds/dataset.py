"""A dataset: where rows come from, what they must look like, and how they are split."""

from posixpath import relpath
from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation, digest_of
from mlc.kinds import _lineage
from mlc.kinds._contracts import Checks, Column
from mlc.kinds._fields import Resource, about, seconds
from mlc.kinds._kind import Kind, Scope, View
from mlc.kinds._preparation import Preparation
from mlc.kinds._privacy import Privacy, Profile
from mlc.kinds._sources import Source, database_file
from mlc.kinds._splits import Split, StratifiedSplit, has_validation

DatasetFormat = Literal["croissant", "odcs", "openlineage"]


class Licence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Under what terms the data may be used."""

    name: Annotated[str, about("SPDX name.", change="metadata", example="Apache-2.0")]
    origin: Annotated[str, about("Who made it and where it came from.", change="metadata")]


class Dataset(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows to learn from."""

    source: Annotated[Source, about("Where the rows come from.", change="reingest")]
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
    privacy: Annotated[
        Privacy | None,
        about("What is done so that the rows tell nothing of single people.", change="reingest"),
    ] = None
    profile: Annotated[
        Profile | None,
        about(
            "Publish what each version looks like, and register the version: `{}` does, and without it nothing is.",
            change="metadata",
        ),
    ] = None
    describe: Annotated[
        list[DatasetFormat],
        about("Formats in which other tools are told what the data are and promise.", change="metadata"),
    ] = []
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


def parts_of(view: View) -> tuple[str, ...]:
    """The parts that rows are divided into."""
    return ("train", "validation", "test") if has_validation(view["split"]) else ("train", "test")


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
    return _given(split, validation=None, validation_from=None, validation_values=[])


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
    checks = {name: value for name, value in view["checks"].items() if name != "publish_quarantine"}
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
    """read → ingest → profile → register. What lies in the project, or comes with a library, is read as it is
    ingested; the last two where a profile is asked for."""
    contract = {
        name: {key: value for key, value in column.items() if key not in ("description", "unit", "pii")}
        for name, column in view["columns"].items()
    }
    source, privacy = view["source"], view["privacy"] or {}
    border = {name: privacy[name] for name in ("drop", "pseudonymise") if privacy.get(name)}
    spec: dict[str, Any] = {
        "source": source,
        "columns": contract,
        "checks": _checks(view),
        # a list, because the order of operations matters and the key of a step sorts its maps
        "prepare": [{"name": name, **_step(view, step)} for name, step in view["prepare"].items()],
        "split": _split(view),
        "label": label_of(view),
        "id": id_of(view),
    }
    if privacy.get("k_anonymity"):
        spec["k_anonymity"] = privacy["k_anonymity"]
    steps: list[Operation] = []
    inputs: dict[str, str] = {}
    driver = _DRIVERS.get(source["type"], "files")
    if source["type"] in _READERS:
        spec["source"] = {"type": "read", "of": _shown(source["url"])}
        steps.append(_read(address, view, border))
        inputs["rows"] = f"{steps[0].id}#rows"
    elif border:
        spec["privacy"] = border
    files = {"source": source["path"]} if source["type"] == "file" else {}
    ingest = f"{address}/ingest"
    folder = f"{scope.project['artifacts']}/{scope.environment}/datasets/{address.name}"
    steps.append(
        Operation(
            id=ingest,
            driver=driver,
            spec=spec,
            inputs=inputs,
            files=files,
            cost="reingest",
            publishes={"quarantine": f"{folder}/quarantine.parquet"}
            if view["checks"]["publish_quarantine"]
            else {},
        )
    )
    if "croissant" in view["describe"]:
        steps.append(_described(address, view, folder))
    if "openlineage" in view["describe"]:
        steps.append(_lineage_step(address, view, scope, folder))
    if view["profile"] is not None:
        steps += _published(address, view, scope, contract, folder)
    return tuple(steps)


def _described(address: Address, view: View, folder: str) -> Operation:
    """Metadata for others. Of which columns, is told where the file holds what the contract promises."""
    source = view["source"]
    as_it_lies = source["type"] == "file" and not view["prepare"] and view["privacy"] is None
    here = source["type"] == "file" and {
        "from_here": relpath(source["path"], folder),
        "format": source["format"],
    }
    columns = {
        name: {"type": column["type"], "description": column["description"]}
        for name, column in view["columns"].items()
        if as_it_lies
    }
    about_data = {key: view[key] for key in ("name", "description", "licence", "owner", "tags")}
    return Operation(
        id=f"{address}/describe",
        driver="croissant",
        spec={**about_data, "file": here or None, "columns": columns},
        inputs={part: f"{address}/ingest#{part}" for part in parts_of(view)},
        files={"source": source["path"]} if here else {},
        publishes={"croissant": f"{folder}/croissant.json"},
    )


def _lineage_step(address: Address, view: View, scope: Scope, folder: str) -> Operation:
    """Where the rows come from. Of a query's result no column of a table can be told."""
    source, ingest = view["source"], f"{address}/ingest"
    known = source["type"] != "sql" or source["table"] is not None
    noisy = (view["profile"] or {}).get("differential_privacy")
    return Operation(
        id=f"{address}/lineage",
        driver="data_lineage",
        spec={
            **{key: view[key] for key in ("name", "description", "owner")},
            "project": scope.project["project"],
            "source": _lineage.source_told(view),
            "source_columns": _lineage.types_of_source(view),
            "columns": {
                name: {"type": column["type"], "description": column["description"]}
                for name, column in view["columns"].items()
            },
            "lineage": _lineage.columns_told(view) if known else {},
            "filtered_by": _lineage.filtering(view) if known else [],
            "promises": _lineage.promises(view),
            "as_it_lies": not view["prepare"],
            "private": view["privacy"] is not None or bool(noisy),
        },
        inputs={part: f"{ingest}#{part}" for part in parts_of(view)} | {"facts": f"{ingest}#profile"},
        files={"source": source["path"]} if source["type"] == "file" else {},
        publishes={"lineage": f"{folder}/lineage.openlineage.json"},
    )


def _published(
    address: Address, view: View, scope: Scope, contract: View, folder: str
) -> tuple[Operation, Operation]:
    about_data = {key: view[key] for key in ("name", "description", "licence")}
    ingest = f"{address}/ingest"
    parts = {part: f"{ingest}#{part}" for part in parts_of(view)}
    profile = Operation(
        id=f"{address}/profile",
        driver="data_profile",
        spec={**about_data, **view["profile"], "columns": contract, "label": label_of(view)},
        inputs={**parts, "facts": f"{ingest}#profile"},
        publishes={"profile": f"{folder}/profile.json", "page": f"{folder}/profile.html"},
    )
    register = Operation(
        id=f"{address}/register",
        driver="data_registration",
        spec={
            **about_data,
            "owner": view["owner"],
            "project": scope.project["project"],
            "registry": scope.project["registry"],
        },
        inputs={output: f"{profile.id}#{output}" for output in ("profile", "page")},
    )
    return profile, register


def _read(address: Address, view: View, border: dict[str, Any]) -> Operation:
    """Reading what lies outside the project: once for each version, and only the columns that are declared."""
    source = view["source"]
    spec = {
        "source": source,
        "columns": [name for name in view["columns"] if name not in made_columns(view)],
        "id": id_of(view),
        **({"privacy": border} if border else {}),
    }
    file = database_file(source["url"]) if source["type"] == "sql" else None
    kind = "duckdb" if source["url"].startswith("duckdb") else source["type"]
    return Operation(
        id=f"{address}/read",
        driver=_READERS[kind],
        spec=spec,
        files={"source": file} if file is not None else {},
        cost="reingest",
    )


def _shown(url: str) -> str:
    """A URL without its options, which may tell more than where it leads."""
    return str(url).partition("?")[0]


_DRIVERS = {"file": "files", "sklearn": "bundled"}
_READERS = {"sql": "sql_read", "duckdb": "duckdb_read", "object_store": "object_store_read"}


def _facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    """The version of the contract, where it is told to others: what is promised, and not in which words."""
    if "odcs" not in view["describe"]:
        return {}
    promised = {
        name: {key: value for key, value in column.items() if key not in ("description", "unit")}
        for name, column in view["columns"].items()
    }
    return {"contract": digest_of({"columns": promised, "checks": _checks(view)})[:12]}


KIND = Kind(
    name="dataset",
    spec=Dataset,
    operations=_operations,
    facts=_facts,
    planned=("contract",),
)
