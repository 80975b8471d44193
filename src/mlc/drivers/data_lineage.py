"""lineage: writes where the rows of a dataset come from, as an event of OpenLineage.

Inputs: the parts, for their digests, and `facts`, what was found when they were read; the file `source` where the rows
lie in the project. Output: `lineage`. Of people's data (`privacy`, noise on figures) nothing but their lineage is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlc.drivers._openlineage import complete, facet, input_field, job_type, namespace, schema, version
from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = False

_PARTS = ("train", "validation", "test")


def run(work: Work) -> Product:
    """Write the event. Raises msgspec.DecodeError where `facts` is not what its driver writes."""
    facts = msgspec.json.decode(work.inputs["facts"].read_bytes(), type=dict[str, Any])
    event = content(work.spec, facts, work.digests, work.made_from)
    written = work.folder / "lineage.openlineage.json"
    written.write_bytes(msgspec.json.format(msgspec.json.encode(event), indent=2) + b"\n")
    return Product({"lineage": written}, {"columns": len(work.spec["columns"])})


def content(
    spec: Mapping[str, Any],
    facts: Mapping[str, Any],
    digests: Mapping[str, str],
    made_from: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """The event as plain data. `digests` are SHA-256 of the inputs, `made_from` what earlier steps were made from."""
    source = spec["source"]
    inputs = [_source(spec, facts, digests.get("source", ""))]
    outputs = [_part(spec, part, facts, digests[part]) for part in _PARTS if part in digests]
    query = {"sql": facet("sql", query=source["query"])} if source["query"] else {}
    job = f"dataset.{spec['name']}"
    return complete(spec, job, made_from, inputs, outputs, jobType=job_type("DATASET"), **query)


def _source(spec: Mapping[str, Any], facts: Mapping[str, Any], digest: str) -> dict[str, Any]:
    source = spec["source"]
    columns = [(name, kind, "") for name, kind in spec["source_columns"].items()]
    told = {
        "schema": schema(columns),
        "dataSource": facet("dataSource", name=source["namespace"], uri=source["uri"]),
        **({"version": version(digest)} if digest else {}),
    }
    found: dict[str, Any] = {}
    if not spec["private"]:
        found["dataQualityMetrics"] = facet(
            "dataQualityMetrics", rowCount=facts["rows"]["read"], columnMetrics=_metrics(spec, facts)
        )
        found["dataQualityAssertions"] = facet(
            "dataQualityAssertions", assertions=list(_assertions(spec, facts))
        )
    return {"namespace": source["namespace"], "name": source["name"], "facets": told, "inputFacets": found}


def _metrics(spec: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What was seen of the columns, where those rows that were looked at are the source's own."""
    if not spec["as_it_lies"] or facts["rows"]["quarantined"]:
        return {}
    return {
        name: {
            "nullCount": one["missing"],
            "distinctCount": one["distinct"],
            **{
                bound: one[bound]
                for bound in ("min", "max")
                if isinstance(one.get(bound), int | float) and not isinstance(one.get(bound), bool)
            },
        }
        for name, one in facts["columns"].items()
    }


def _assertions(spec: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every promise of the contract with what came of it. Rows that break one are in quarantine."""
    broken = {one["promise"]: one["rows"] for one in facts["broken_promises"]}
    for one in spec["promises"]:
        rows = broken.get(one["path"], 0)
        yield {
            "assertion": one["assertion"],
            "success": not rows,
            **({"column": one["column"]} if one["column"] else {}),
            **({"expected": one["expected"]} if one["expected"] else {}),
            **({"actual": f"{rows} rows break it"} if rows else {}),
        }


def _part(spec: Mapping[str, Any], part: str, facts: Mapping[str, Any], digest: str) -> dict[str, Any]:
    columns = [(name, one["type"], one["description"]) for name, one in spec["columns"].items()]
    told: dict[str, Any] = {
        "schema": schema(columns),
        "version": version(digest),
        "datasetType": facet("datasetType", datasetType="FILE", subType="PARQUET"),
    }
    if spec["lineage"]:
        told["columnLineage"] = _lineage(spec)
    statistics = {"outputStatistics": facet("outputStatistics", rowCount=facts["rows"][part])}
    return {
        "namespace": namespace(spec["project"]),
        "name": f"dataset.{spec['name']}.{part}",
        "facets": told,
        "outputFacets": {} if spec["private"] else statistics,
    }


def _lineage(spec: Mapping[str, Any]) -> dict[str, Any]:
    source = spec["source"]
    fields = {}
    for name, one in spec["lineage"].items():
        how = "IDENTITY" if one["same"] else "TRANSFORMATION"
        direct = [input_field(source, column, "DIRECT", how, one["masked"]) for column in one["of"]]
        indirect = [input_field(source, column, "INDIRECT", "WINDOW") for column in one["after"]]
        fields[name] = {"inputFields": direct + indirect}
    whole = [input_field(source, column, "INDIRECT", "FILTER") for column in spec["filtered_by"]]
    return facet("columnLineage", fields=fields, **({"dataset": whole} if whole else {}))
