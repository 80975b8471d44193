"""The official readers on what is told of models and data, and on what is wrong with it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from backends import lineages
from backends.project import named
from mlc.emit.verify import verify, verify_by
from mlc.ir.address import Address
from mlc.ir.artifact import Artifact, artifact
from mlc.ir.backend import Backend
from stages.evaluation.test_model_provenance import statement

MODEL = Address("model", "default_risk")


def provenance(document: Any) -> Artifact:
    path = "generated/dev/models/default_risk/provenance.slsa.json"
    return artifact(path, json.dumps(document).encode(), "slsa", MODEL)


def test_in_toto_reads_the_provenance(backends: tuple[Backend, ...]) -> None:
    found = verify(provenance(statement()), named(backends, "slsa"))
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("how", "finding"),
    [
        ("another statement", "Wrong statement type"),
        ("about nothing", "At least one subject required"),
        ("a subject without digest", "At least one digest required"),
        ("no predicate", "Predicate object required"),
        ("an unknown field", "builders"),
        ("a material of nothing", "At least one of name, URI, or digest"),
        ("no text", "Failed to parse digest field"),
    ],
)
def test_in_toto_rejects_what_is_broken(how: str, finding: str) -> None:
    document = copy.deepcopy(statement())
    predicate = document["predicate"]
    match how:
        case "another statement":
            document["_type"] = "https://in-toto.io/Statement/v0.1"
        case "about nothing":
            document["subject"] = []
        case "a subject without digest":
            del document["subject"][0]["digest"]
        case "no predicate":
            document["predicate"] = {}
        case "an unknown field":
            predicate["runDetails"]["builders"] = predicate["runDetails"].pop("builder")
        case "a material of nothing":
            predicate["buildDefinition"]["resolvedDependencies"].append({"mediaType": "text/plain"})
        case "no text":
            document["subject"][0]["digest"]["sha256"] = 1
    found = verify_by("in-toto", provenance(document))
    assert found.outcome == "rejected"
    assert finding in "\n".join(found.findings)


QUERY = {"type": "sql", "url": "sqlite:///data/a.db", "query": "select 1"}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"source": QUERY},
        {"privacy": {"drop": ["purpose"]}},
        {"prepare": {"full": {"method": "drop_missing", "columns": ["income"]}}},
        {"description": "", "licence": None, "owner": "", "tags": []},
    ],
)
def test_openlineage_reads_the_lineage_of_data(changed: dict[str, Any]) -> None:
    found = verify(lineages.published(lineages.of_data({**lineages.ASKING, **changed})), lineages.BACKEND)
    assert (found.outcome, found.findings) == ("ok", ())


def test_openlineage_reads_the_lineage_of_a_model() -> None:
    for changed in ({}, {"description": "Who repays?", "owner": "risk-ml"}):
        found = verify(lineages.published(lineages.of_model(**changed), MODEL), lineages.BACKEND)
        assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("how", "finding"),
    [
        ("no id", "badly formed hexadecimal UUID"),
        ("no time", "Parsed date-time has to contain time"),
        ("an unknown field", "OpenLineage has no field output"),
        ("no such type of event", "'DONE' is not a valid EventType"),
        ("a facet of another place", "the client knows no facet"),
        ("a number as text", "event.inputs[0].inputFacets.dataQualityMetrics.rowCount: '6' is not int"),
        ("no name", "missing 1 required positional argument: 'name'"),
    ],
)
def test_openlineage_rejects_what_is_broken(how: str, finding: str) -> None:
    event = copy.deepcopy(lineages.of_data())
    match how:
        case "no id":
            event["run"]["runId"] = "first"
        case "no time":
            event["eventTime"] = "1970-01-01"
        case "an unknown field":
            event["output"] = event.pop("outputs")
        case "no such type of event":
            event["eventType"] = "DONE"
        case "a facet of another place":
            event["outputs"][0]["facets"]["ownership"] = event["job"]["facets"]["ownership"]
        case "a number as text":
            event["inputs"][0]["inputFacets"]["dataQualityMetrics"]["rowCount"] = "6"
        case "no name":
            del event["outputs"][0]["name"]
    found = verify_by("openlineage", lineages.published(event))
    assert found.outcome == "rejected"
    assert finding in "\n".join(found.findings)
