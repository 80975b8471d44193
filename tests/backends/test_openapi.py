"""The document says what the server takes and gives; `platforms/` holds the server itself to it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from backends.project import SPECS, broken, emitted, graph_of, named
from mlc.emit import emit
from mlc.emit.verify import verify_each
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend


@pytest.fixture
def document(artifacts: tuple[Artifact, ...]) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(emitted(artifacts, "openapi/risk_local/openapi.yaml").content)
    return read


def accepts(document: dict[str, Any], name: str, value: Any) -> bool:
    """By JSON Schema 2020-12, which is that of OpenAPI 3.1."""
    schema = {**document, "$ref": f"#/components/schemas/{name}"}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def test_it_is_written_where_it_is_asked_for(artifacts: tuple[Artifact, ...]) -> None:
    assert [one.path for one in artifacts if one.backend == "openapi"] == [
        "generated/prod/openapi/risk_local/openapi.yaml"
    ]


def test_its_example_is_a_request(document: dict[str, Any]) -> None:
    example = document["components"]["schemas"]["Request"]["example"]
    assert [tensor["name"] for tensor in example["inputs"]] == ["income", "purpose", "member"]
    assert accepts(document, "Request", example)


@pytest.mark.parametrize(
    ("tensor", "field", "value", "accepted"),
    [
        (0, "data", [None], True),  # income may be missing
        (1, "data", [None], False),
        (1, "data", [1], False),
        (0, "datatype", "INT64", False),
        (0, "shape", [1], False),
        (2, "name", "income", False),
        (2, "data", [True], True),
        (2, "data", [], False),
    ],
)
def test_requests_fit_the_signature(
    tensor: int, field: str, value: Any, accepted: bool, document: dict[str, Any]
) -> None:
    inputs = [dict(one) for one in document["components"]["schemas"]["Request"]["example"]["inputs"]]
    inputs[tensor][field] = value
    assert accepts(document, "Request", {"inputs": inputs}) == accepted


def test_outputs_are_those_of_the_model(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["Request"]["properties"]["outputs"]
    assert schema["items"]["properties"]["name"]["enum"] == ["label", "probabilities"]


@pytest.mark.parametrize("hostile", ["a: b", "x\n  y: 1", "$ref", '"', "\u2028", "{{ 1 }}"])
def test_hostile_columns_stay_names(hostile: str, backends: tuple[Backend, ...]) -> None:
    loans, applicant = SPECS["dataset.loans"], SPECS["features.applicant"]
    columns = {(hostile if name == "income" else name): column for name, column in loans["columns"].items()}
    groups = {**applicant["groups"], "amounts": {"columns": [hostile]}}
    specs = {
        **SPECS,
        "dataset.loans": {**loans, "columns": columns},
        "features.applicant": {"groups": groups},
    }
    found = yaml.safe_load(emitted(emit(graph_of(specs), backends, True), "openapi.yaml").content)
    example = found["components"]["schemas"]["Request"]["example"]
    assert example["inputs"][0]["name"] == hostile
    assert accepts(found, "Request", example)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("#/components/schemas/Request", "#/components/schemas/Asked"),
        ("#/components/schemas/Error", "https://example.com/error.json"),
        ("  schemas:", "  schema:"),
    ],
)
def test_references_that_lead_nowhere_are_found(
    old: str, new: str, artifacts: tuple[Artifact, ...], backends: tuple[Backend, ...]
) -> None:
    whole = emitted(artifacts, "openapi.yaml")
    for artifact, outcome in ((whole, "ok"), (broken(whole, old, new), "rejected")):
        found = {one.checker: one for one in verify_each(artifact, named(backends, "openapi"))}
        assert found["dependencies openapi"].outcome == outcome
