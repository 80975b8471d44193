"""A checker's finding leads to the lines of YAML that what it is about comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from mlc import data
from mlc.emit import load_backends, provenance
from mlc.ir.artifact import Artifact
from mlc.ir.graph import Graph
from mlc.pipeline import compile_project
from mlc.request import Request

BACKENDS = {one.name: one for one in load_backends((data.path("templates"),))}
FILES = {
    "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n",
    "env/dev.yaml": "description: a\n",
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\ncolumns:\n  age: {type: number}\n"
    "  left: {type: integer, role: label}\n",
    "features/basic.yaml": "groups:\n  numbers: {columns: [age]}\n",
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n",
    "target/cluster.yaml": "type: kserve\nnamespace: risk\nstorage: s3://models\nserving_runtime: triton\n",
    "target/image.yaml": "type: docker\nrepository: ghcr.io/acme/shop\n",
    "runtime/base.yaml": "python: '3.11'\nimage: python:3.11@sha256:"
    + "ab" * 32
    + "\npackages: {numpy: '2.4.6'}\n",
    "deployment/online.yaml": "model: churn\ntarget: cluster\nreplicas: 3\nresources:\n  cpu: 500m\n  memory: 512Mi\n",
    "deployment/image.yaml": "description: Serves churn\nmodel: churn\ntarget: image\nruntime: base\n",
    "pipeline/ci.yaml": "systems: [github_actions]\ninstall: pip install mlc\nrunner: ubuntu-24.04\napply: {dev: {}}\n",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, dict[str, Artifact]]:
    root = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    validated, (one,) = compile_project(Request(root, ("dev",)))
    assert {one.rule for one in validated.diagnostics} <= {"packages-unlocked"}, validated.diagnostics
    return one.graph, {Path(artifact.path).name: artifact for artifact in one.artifacts}


def led(compiled: Any, name: str, finding: str) -> list[str]:
    graph, artifacts = compiled
    artifact = artifacts[name]
    return [
        str(span) for span in provenance.places(finding, artifact, BACKENDS[artifact.backend], graph, True)
    ]


@pytest.mark.parametrize(
    ("name", "finding", "places"),
    [
        # a value of its own, which the kind writes in another way
        (
            "inferenceservice.yaml",
            "spec.predictor.model.resources.limits.memory: too much",
            ["deployment/online.yaml:6:11"],
        ),
        (
            "inferenceservice.yaml",
            "spec.predictor.minReplicas: '3' is not of type",
            ["deployment/online.yaml:3:11"],
        ),
        # a value of what it refers to
        ("inferenceservice.yaml", "metadata.namespace: no such namespace", ["target/cluster.yaml:2:12"]),
        ("inferenceservice.yaml", "$.spec.predictor.model.runtime: unknown", ["target/cluster.yaml:4:18"]),
        # by the number of a line
        ("Dockerfile", "Dockerfile:{FROM} DL3006 tag the version", ["runtime/base.yaml:2:8"]),
        (
            "mlc-ci.yml",
            ".github/workflows/mlc-ci.yml:{runs-on}:14: label is unknown",
            ["pipeline/ci.yaml:3:9"],
        ),
        ("mlc-ci.yml", "  --> mlc-ci.yml:{run: pip}:9", ["pipeline/ci.yaml:2:10"]),
        # nothing of it comes from a value, or it names no place: the resource
        (
            "Dockerfile",
            "Dockerfile:{USER} DL3002 last user should not be root",
            ["deployment/image.yaml:1:1"],
        ),
        ("Dockerfile", "something is wrong", ["deployment/image.yaml:1:1"]),
    ],
)
def test_a_finding_leads_to_its_values(name: str, finding: str, places: list[str], compiled: Any) -> None:
    head, brace, rest = finding.partition("{")
    if brace:
        marker, _, tail = rest.partition("}")
        lines = compiled[1][name].content.decode().splitlines()
        number = next(i + 1 for i, line in enumerate(lines) if marker in line)
        finding = f"{head}{number}{tail}"
    assert led(compiled, name, finding) == places


def test_a_value_that_its_sink_cannot_hold_is_passed_over(compiled: Any) -> None:
    graph, artifacts = compiled
    artifact = artifacts["requirements.txt"]
    found = provenance.places("line 2", artifact, BACKENDS["docker"], graph, True)
    assert [str(span) for span in found] == ["runtime/base.yaml:3:19"]


def test_what_does_not_exist_any_more_is_led_to_nothing_wrong(compiled: Any) -> None:
    graph, artifacts = compiled
    artifact = structs.replace(artifacts["Dockerfile"], content=b"FROM x\n")
    found = provenance.places("Dockerfile:1 DL3006", artifact, BACKENDS["docker"], graph, True)
    assert [str(span) for span in found] == ["deployment/image.yaml:1:1"]
