"""The provenance of a model; `tests/backends/platforms` holds it to the reader of in-toto."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion

from mlc.drivers import model_provenance
from mlc.drivers._canonical import canonical
from mlc.emit.dependencies import slsa_findings
from mlc.ir.evaluation import Evaluation
from mlc.ir.operation import Work
from mlc.ir.registry import Member
from stages.evaluation.test_model_bom import DIGESTS, MADE_FROM, steps_of
from stages.evaluation.test_model_card import SPEC

INGESTED = {
    "tool files": "9",
    "tool polars": "2.1.0",
    "driver": "files",
    "spec": "7" * 64,
    "file data/loans.csv": "sha256:" + "d" * 64,
}
STEPS: dict[str, dict[str, str]] = {
    "ingest": INGESTED,
    **{
        name: {**parts, "spec": digit * 64}
        for digit, (name, parts) in zip("12", MADE_FROM.items(), strict=True)
    },
}
INSIDE = {"a": Member(model="linear", number=3, digest="e" * 64)}


def statement(**changed: Any) -> dict[str, Any]:
    return model_provenance.content({**SPEC, **changed}, DIGESTS, STEPS, INSIDE)


def test_the_step_says_where_the_version_comes_from(
    work: Callable[..., Work],
    evaluation: Evaluation,
    tmp_path: Path,
    snapshot_file: Callable[[str], SnapshotAssertion],
) -> None:
    version = {"name": "linear", "version": 3, "digest": "e" * 64}
    contents = {"evaluation": canonical(evaluation), "member-a": msgspec.json.encode(version)}
    inputs = {name: tmp_path / f"{name}.json" for name in (*contents, "onnx", "train", "test")}
    for name, path in inputs.items():
        path.write_bytes(contents.get(name, b""))
    spec = {**SPEC, "members": {"a": "linear"}}
    digests = {**DIGESTS, "evaluation": "f" * 64}
    asked = work("model_provenance", spec, inputs)
    asked = msgspec.structs.replace(asked, digests=digests, made_from=STEPS)
    product = model_provenance.run(asked)
    written = product.outputs["provenance"].read_bytes()
    assert written == snapshot_file("json")
    assert slsa_findings(json.loads(written)) == ()
    assert product.summary == {"materials": 8}
    assert model_provenance.run(asked).outputs["provenance"].read_bytes() == written


def test_the_configuration_is_the_one_of_the_registry() -> None:
    told = statement()["predicate"]["buildDefinition"]["externalParameters"]["configuration"]["sha256"]
    as_registered = msgspec.json.encode(SPEC, order="deterministic")
    assert told == hashlib.sha256(as_registered).hexdigest()
    assert statement(owner="somebody else") != statement()


def test_code_and_rows_from_outside_are_materials() -> None:
    steps = {
        "ingest": {"driver": "files", "spec": "7" * 64, "input rows": "sha256:" + "9" * 64},
        "train": {"driver": "code_train", "spec": "8" * 64, "file code/scoring.py": "sha256:" + "6" * 64},
    }
    found = model_provenance.content(SPEC, DIGESTS, steps, {})
    materials = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    by_name = {one["name"]: one.get("digest", {}).get("sha256") for one in materials}
    assert by_name["rows"] == "9" * 64
    assert by_name["code/scoring.py"] == "6" * 64
    assert by_name["dataset/loans/train"] == DIGESTS["train"]
    assert (
        found["predicate"]["buildDefinition"]["internalParameters"]["steps"]["train"]["driver"]
        == "code_train"
    )
    assert slsa_findings(found) == ()


def broken(how: str) -> dict[str, Any]:
    found = copy.deepcopy(statement())
    predicate = found["predicate"]
    match how:
        case "another predicate":
            found["predicateType"] = "https://slsa.dev/provenance/v0.2"
        case "a name twice":
            found["subject"].append(found["subject"][0])
        case "no digest":
            found["subject"][0]["digest"]["sha256"] = "sha256:" + "a" * 64
        case "no builder":
            predicate["runDetails"]["builder"]["id"] = "mlc"
        case "asked for nothing":
            predicate["buildDefinition"]["externalParameters"] = {}
        case "cannot be looked up":
            del predicate["buildDefinition"]["resolvedDependencies"][0]["digest"]
    return found


@pytest.mark.parametrize(
    ("how", "finding"),
    [
        ("another predicate", "is not that of SLSA provenance v1"),
        ("a name twice", "two are called model.onnx"),
        ("no digest", "is no SHA-256 of model.onnx"),
        ("no builder", "runDetails.builder.id: mlc is not a URI"),
        ("asked for nothing", "it does not say what was asked for"),
        ("cannot be looked up", "configuration has neither a digest nor a URI"),
    ],
)
def test_what_in_toto_does_not_see_is_rejected(how: str, finding: str) -> None:
    assert finding in "\n".join(slsa_findings(broken(how)))


def test_what_is_no_statement_is_a_finding() -> None:
    documents: tuple[Any, ...] = (None, [], "text", {}, {"predicate": 1})
    for document in documents:
        assert slsa_findings(document) == ("the document is no statement with a predicate",)


def test_a_model_that_asks_has_the_step_and_registers_what_it_made() -> None:
    steps = steps_of("penguins")
    provenance, register = steps["model.species/provenance"], steps["model.species/register"]
    assert provenance.publishes == {"provenance": "generated/dev/models/species/provenance.slsa.json"}
    assert register.inputs["provenance"] == f"{provenance.id}#provenance"
    assert "model.species/gate" in provenance.needs, "what is refused has no provenance"
    assert not {"latency", "parity"} & set(provenance.inputs), "what is measured differs each time"
    assert not [name for name in steps_of("wines") if name.endswith("/provenance")]
