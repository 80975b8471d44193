"""The bill of materials of a model, held by CycloneDX's own validator."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cyclonedx.model.bom import Bom
from syrupy.assertion import SnapshotAssertion

from mlc import data
from mlc.drivers import model_bom
from mlc.drivers._canonical import canonical
from mlc.emit import load_backends
from mlc.emit.verify import checks_of, verify
from mlc.ir.address import Address
from mlc.ir.artifact import artifact
from mlc.ir.backend import Backend, Verification
from mlc.ir.evaluation import Evaluation, Verdict
from mlc.ir.operation import Operation, Work
from mlc.pipeline import compile_project
from mlc.request import Request
from stages.emit.test_quoting import naughty
from stages.evaluation.test_model_card import SPEC

BACKEND: Backend = next(one for one in load_backends((data.path("templates"),)) if one.name == "bom")
PATH = "generated/dev/models/default_risk/bom.cdx.json"
DIGESTS = {name: digit * 64 for name, digit in zip(("onnx", "train", "test"), "abc", strict=True)}
PACKAGES = {"scikit-learn": "1.9.1", "onnx": "1.23.2"}
MADE_FROM = {
    "train": {
        "tool sklearn_train": "4",
        "tool scikit-learn": "1.9.1",
        "driver": "sklearn_train",
        "spec": "0",
    },
    "export": {"tool onnx_export": "2", "tool onnx": "1.23.2", "driver": "onnx_export", "input model": "1"},
}


def checked(document: Any) -> Verification:
    content = json.dumps(document).encode()
    return verify(artifact(PATH, content, "bom", Address("model", "default_risk")), BACKEND)


@pytest.fixture
def document(evaluation: Evaluation) -> dict[str, Any]:
    return model_bom.content(SPEC, evaluation, None, DIGESTS, PACKAGES)


def test_the_step_writes_what_the_validator_accepts(
    work: Callable[..., Work],
    evaluation: Evaluation,
    tmp_path: Path,
    snapshot_file: Callable[[str], SnapshotAssertion],
) -> None:
    contents = {"evaluation": canonical(evaluation), "verdict": canonical(Verdict("pass", ()))}
    inputs = {name: tmp_path / f"{name}.json" for name in (*contents, "onnx", "train", "test")}
    for name, path in inputs.items():
        path.write_bytes(contents.get(name, b""))
    asked = msgspec.structs.replace(work("model_bom", SPEC, inputs), digests=DIGESTS, made_from=MADE_FROM)
    product = model_bom.run(asked)
    written = product.outputs["bom"].read_bytes()
    assert product.summary == {"components": 4}
    assert written == snapshot_file("json")
    found = verify(artifact(PATH, written, "bom", Address("model", "default_risk")), BACKEND)
    assert (found.outcome, found.findings) == ("ok", ())
    assert checks_of(artifact(PATH, written, "bom", Address("model", "default_risk")), BACKEND)
    assert model_bom.run(asked).outputs["bom"].read_bytes() == written


def test_cyclonedx_reads_it(document: dict[str, Any]) -> None:
    read = Bom.from_json(document)  # type: ignore[attr-defined]
    assert read.metadata.component.name == "default_risk"
    assert {one.name for one in read.components} == {"model.onnx", "loans", "scikit-learn", "onnx"}
    assert {str(one.purl) for one in read.components if one.purl} == {
        "pkg:pypi/scikit-learn@1.9.1",
        "pkg:pypi/onnx@1.23.2",
    }
    assert str(read.serial_number) in document["serialNumber"]


def test_every_metric_stands_with_its_interval(evaluation: Evaluation, document: dict[str, Any]) -> None:
    card = document["metadata"]["component"]["modelCard"]
    metrics = {one["type"]: one for one in card["quantitativeAnalysis"]["performanceMetrics"]}
    assert set(metrics) == {name for name, one in evaluation.estimates.items() if one.value is not None}
    for name, one in metrics.items():
        estimate, interval = evaluation.estimates[name], one["confidenceInterval"]
        assert float(one["value"]) == pytest.approx(estimate.value)
        assert float(interval["lowerBound"]) == pytest.approx(estimate.low)
        assert float(interval["upperBound"]) == pytest.approx(estimate.high)


def test_what_was_not_said_is_left_out(evaluation: Evaluation) -> None:
    silent = {
        **SPEC,
        "description": "",
        "owner": "",
        "tags": [],
        "card": {"intended_use": "", "limits": "", "risk_class": None, "licence": ""},
        "dataset": {"name": "loans", "description": "", "licence": None},
    }
    quiet = msgspec.structs.replace(evaluation, warnings=())
    document = model_bom.content(silent, quiet, None, DIGESTS, {})
    assert checked(document).outcome == "ok"
    about = document["metadata"]["component"]
    assert not {"description", "authors", "tags", "licenses"} & set(about)
    assert "considerations" not in about["modelCard"]


def test_models_inside_are_components(evaluation: Evaluation) -> None:
    spec = {**SPEC, "members": {"a": "linear", "b": "bayes"}, "reuse": {"model": "base", "as": "features"}}
    document = model_bom.content(spec, evaluation, None, DIGESTS, {})
    inside = [one["name"] for one in document["components"] if one["type"] == "machine-learning-model"]
    assert inside == ["linear", "bayes", "base"]
    assert checked(document).outcome == "ok"


def _break(document: dict[str, Any], how: str) -> None:
    about = document["metadata"]["component"]
    card = about["modelCard"]
    match how:
        case "a number":
            card["quantitativeAnalysis"]["performanceMetrics"][0]["value"] = 0.9
        case "an unknown field":
            about["modelcard"] = card
        case "no such type":
            about["type"] = "model"
        case "no digest":
            about["hashes"][0]["content"] = "sha256"
        case "dangling data":
            card["modelParameters"]["datasets"] = [{"ref": "dataset/other"}]
        case "dangling dependency":
            document["dependencies"][0]["dependsOn"] += ["pkg:pypi/other@1"]
        case "a reference twice":
            document["components"].append({**document["components"][0], "name": "other"})
        case "about nothing":
            del document["metadata"]["component"]


@pytest.mark.parametrize(
    ("how", "finding"),
    [
        ("a number", "0.9 is not of type 'string'"),
        ("an unknown field", "'modelcard' was unexpected"),
        ("no such type", "'model' is not one of"),
        ("no digest", "does not match"),
        ("dangling data", "there is no component dataset/other"),
        ("dangling dependency", "there is no component pkg:pypi/other@1"),
        ("a reference twice", "two bear the reference file/model.onnx"),
        ("about nothing", "does not say what it is about"),
    ],
)
def test_what_is_broken_is_rejected(how: str, finding: str, document: dict[str, Any]) -> None:
    broken = copy.deepcopy(document)
    _break(broken, how)
    found = checked(broken)
    assert found.outcome == "rejected"
    assert finding in "\n".join(found.findings)


def test_naughty_strings_stay_values(evaluation: Evaluation) -> None:
    """All that an author may write, everywhere at once; the shape of the document stays the same."""
    texts = naughty()
    for start in range(0, len(texts), 8):
        nasty = texts[start : start + 8]
        first = nasty[0]
        spec = {
            **SPEC,
            "description": first,
            "owner": first,
            "tags": nasty,
            "card": {**SPEC["card"], "intended_use": first, "limits": "\n".join(nasty), "licence": first},
            "dataset": {"name": "loans", "description": first, "licence": {"name": first, "origin": first}},
        }
        document = model_bom.content(spec, evaluation, None, DIGESTS, PACKAGES)
        written = msgspec.json.encode(document)
        about = json.loads(written)["metadata"]["component"]
        assert about["tags"] == sorted(set(nasty))
        assert about.get("description", "") == first
        limits = about["modelCard"]["considerations"]["technicalLimitations"]
        assert limits[0] == "\n".join(nasty)
        found = verify(artifact(PATH, written, "bom", Address("model", "default_risk")), BACKEND)
        assert (found.outcome, found.findings) == ("ok", ()), nasty


def steps_of(example: str) -> dict[str, Operation]:
    _, compiled = compile_project(Request(data.path("examples", example), ("dev",)))
    return {step.id: step for one in compiled[0].graph.resources for step in one.operations}


def test_a_model_that_asks_has_the_step_and_registers_what_it_made() -> None:
    steps = steps_of("penguins")
    bom, register = steps["model.species/bom"], steps["model.species/register"]
    assert bom.publishes == {"bom": "generated/dev/models/species/bom.cdx.json"}
    assert register.inputs["bom"] == f"{bom.id}#bom"
    assert "model.species/gate" in bom.needs, "what is refused is not described"
    assert not {"latency", "parity"} & set(bom.inputs), "what is measured differs each time"
    assert not [name for name in steps_of("wines") if name.endswith("/bom")]
