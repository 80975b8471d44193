"""lineage: writes what a version was learned from, as an event of OpenLineage.

Inputs: `onnx`, `model`, `train`, `test`, `validation`, `evaluation`, where there are such; `member-NAME` and `reused`,
the versions inside. Output: `lineage`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from mlc.drivers import _chosen
from mlc.drivers._inside import members
from mlc.drivers._openlineage import complete, facet, input_field, job_type, namespace, schema, version
from mlc.ir.operation import Product, Work
from mlc.ir.registry import Member

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = False

_PARTS = ("train", "validation", "test")


class _Rows(Struct, frozen=True):
    """The part of an evaluation that is told."""

    rows: int


def run(work: Work) -> Product:
    """Write the event. Raises msgspec.ValidationError where an input is not what its driver writes."""
    rows = msgspec.json.decode(work.inputs["evaluation"].read_bytes(), type=_Rows).rows
    event = content(_chosen.told(work), rows, work.digests, work.made_from, members(work))
    written = work.folder / "lineage.openlineage.json"
    written.write_bytes(msgspec.json.format(msgspec.json.encode(event), indent=2) + b"\n")
    return Product({"lineage": written}, {"inputs": len(event["inputs"])})


def content(
    spec: Mapping[str, Any],
    rows: int,
    digests: Mapping[str, str],
    made_from: Mapping[str, Mapping[str, str]],
    inside: Mapping[str, Member],
) -> dict[str, Any]:
    """The event as plain data. `rows` is how many the model was evaluated on."""
    parts = [_part(spec, part, rows, digests[part]) for part in _PARTS if part in digests]
    outputs = [_model(spec, digests["onnx"])]
    job = f"model.{spec['name']}"
    inputs = [*parts, *_inside(spec, inside)]
    return complete(spec, job, made_from, inputs, outputs, jobType=job_type("MODEL"))


def _part(spec: Mapping[str, Any], part: str, rows: int, digest: str) -> dict[str, Any]:
    columns = [(one["name"], one["type"], "") for one in spec["columns"]]
    evaluated = {"dataQualityMetrics": facet("dataQualityMetrics", rowCount=rows, columnMetrics={})}
    return {
        **_data(spec, part),
        "facets": {"schema": schema(columns), "version": version(digest)},
        "inputFacets": evaluated if part == "test" else {},
    }


def _data(spec: Mapping[str, Any], part: str) -> dict[str, str]:
    return {"namespace": namespace(spec["project"]), "name": f"dataset.{spec['dataset']['name']}.{part}"}


def _inside(spec: Mapping[str, Any], inside: Mapping[str, Member]) -> Iterator[dict[str, Any]]:
    """The versions that are part of this one, each once; a version is known by its file."""
    for name, digest in sorted({(one.model, one.digest) for one in inside.values()}):
        yield {
            "namespace": namespace(spec["project"]),
            "name": f"model.{name}",
            "facets": {"version": version(digest)},
        }


def _model(spec: Mapping[str, Any], digest: str) -> dict[str, Any]:
    outputs = spec["signature"]["outputs"]
    train = _data(spec, "train")
    seen = [one["name"] for one in spec["columns"] if not one["is_label"]]
    label = [one["name"] for one in spec["columns"] if one["is_label"]]
    comes_from = [
        *(input_field(train, name, "DIRECT", "TRANSFORMATION") for name in seen),
        # all rows' labels together decide what is said of one
        *(input_field(train, name, "DIRECT", "AGGREGATION") for name in label),
    ]
    described = {"documentation": facet("documentation", description=spec["description"])}
    return {
        "namespace": namespace(spec["project"]),
        "name": f"model.{spec['name']}",
        "facets": {
            **(described if spec["description"] else {}),
            "schema": schema((one["name"], one["datatype"], "") for one in outputs),
            "version": version(digest),
            "datasetType": facet("datasetType", datasetType="MODEL", subType="ONNX"),
            "columnLineage": facet(
                "columnLineage", fields={one["name"]: {"inputFields": comes_from} for one in outputs}
            ),
        },
    }
