"""Events of OpenLineage as plain data. They hold no clock and no random number (docs/decisions/0086).

Source of the format: https://openlineage.io/spec/2-0-2/OpenLineage.json and the facets that each part names.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlc.ir.operation import digest_of

TIME = "1970-01-01T00:00:00Z"
"""The time of every event: outcomes record none, and who sends an event knows when that is."""

PRODUCER = "urn:mlc:openlineage:1"
_SPEC = "https://openlineage.io/spec"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{_SPEC}/2-0-2/OpenLineage.json")
_FACETS = {
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "dataQualityAssertions": "1-1-0/DataQualityAssertionsDatasetFacet",
    "dataQualityMetrics": "1-0-3/DataQualityMetricsInputDatasetFacet",
    "dataSource": "1-0-1/DatasourceDatasetFacet",
    "datasetType": "1-0-1/DatasetTypeDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "jobDocumentation": "1-1-0/DocumentationJobFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "ownership": "1-0-1/OwnershipJobFacet",
    "schema": "1-2-0/SchemaDatasetFacet",
    "sql": "1-1-0/SQLJobFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
}


def facet(kind: str, **fields: Any) -> dict[str, Any]:
    """A facet with the schema that it keeps to. Raises KeyError for a kind that is not listed here."""
    path = _FACETS[kind]
    schema = f"{_SPEC}/facets/{path}.json#/$defs/{path.partition('/')[2]}"
    return {"_producer": PRODUCER, "_schemaURL": schema, **fields}


def namespace(project: str) -> str:
    """Where the datasets and models of a project are named."""
    return f"mlc://{project}"


def complete(
    spec: Mapping[str, Any],
    job: str,
    made_from: Mapping[str, Any],
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    **job_facets: Any,
) -> dict[str, Any]:
    """The event that a run came to its end; its id follows from all that it was made from.

    `spec` has the `project`, the `description` and the `owner`.
    """
    facets = dict(job_facets)
    if spec["description"]:
        facets["documentation"] = facet("jobDocumentation", description=spec["description"])
    if spec["owner"]:
        facets["ownership"] = facet("ownership", owners=[{"name": spec["owner"], "type": "OWNER"}])
    run = uuid.uuid5(_NAMESPACE, digest_of({"project": spec["project"], "job": job, "made_from": made_from}))
    return {
        "eventType": "COMPLETE",
        "eventTime": TIME,
        "run": {"runId": str(run)},
        "job": {"namespace": spec["project"], "name": job, "facets": facets},
        "inputs": list(inputs),
        "outputs": list(outputs),
        "producer": PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }


def job_type(what: str) -> dict[str, Any]:
    return facet("jobType", processingType="BATCH", integration="MLC", jobType=what)


def version(digest: str) -> dict[str, Any]:
    return facet("version", datasetVersion=f"sha256:{digest.removeprefix('sha256:')}")


def schema(columns: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Columns by name, type and description."""
    fields = [
        {"name": name, "type": kind, **({"description": text} if text else {})}
        for name, kind, text in columns
    ]
    return facet("schema", fields=fields)


def input_field(
    of: Mapping[str, Any], field: str, kind: str, subtype: str, masking: bool = False
) -> dict[str, Any]:
    """A column of a dataset that a column comes from, and how: DIRECT or INDIRECT."""
    how = {"type": kind, "subtype": subtype, "description": "", "masking": masking}
    return {"namespace": of["namespace"], "name": of["name"], "field": field, "transformations": [how]}
