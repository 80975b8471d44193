"""Canaries in both of KServe's forms, shares of the requests, and the runtime that a target brings with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from backends.cluster_project import SPECS
from backends.project import broken, emitted, graph_of, named
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import official, verify

BACKENDS = load_backends((data.path("templates"),))
ALL = emit(graph_of(SPECS), BACKENDS, first_environment=True)
needs_definitions = pytest.mark.skipif(
    not official("kserve_inferencegraphs.crd.yaml").is_file(), reason="KServe's definitions are not there"
)


KNATIVE, STANDARD = "risk_knative/inferenceservice.yaml", "risk_standard/inferenceservice.yaml"
GRAPH, RUNTIME = "risk_knative/inferencegraph.yaml", "knative/servingruntime.yaml"


@needs_definitions
@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        (KNATIVE, "canaryTrafficPercent: 10", 'canaryTrafficPercent: "10"', "canaryTrafficPercent"),
        (STANDARD, "trafficPercent: 10", "trafficPercent: 101", "spec.canary.0.trafficPercent"),
        (STANDARD, "- trafficPercent: 10\n      predictor", "- predictor", "'trafficPercent' is a required"),
        (STANDARD, "  canary:", "  canaries:", "spec.canaries: the definition has no such field"),
        (STANDARD, "scaleMetricType: Utilization", "scaleMetricType: Percent", "scaleMetricType"),
        (GRAPH, "routerType: Splitter", "routerType: Split", "routerType"),
        (GRAPH, "weight: 20", "weight: 30", "no shares of 100"),
        (GRAPH, "serviceName: risk-challenger", "nodeName: challenger", "there is no node challenger"),
        (GRAPH, "    root:", "    start:", "no node called root"),
        (GRAPH, "serviceName: risk-challenger\n          ", "", "names 0"),
        (RUNTIME, "supportedModelFormats", "supportedFormats", "spec.supportedFormats"),
        (RUNTIME, "containerPort: 8080", "containerPort: http", "containerPort"),
        (RUNTIME, "protocolVersions: [v2]", "protocolVersions: v2", "protocolVersions"),
    ],
)
def test_broken_artifact_is_rejected(file: str, old: str, new: str, finding: str) -> None:
    artifact = emitted(ALL, f"kserve/{file}")
    assert verify(artifact, named(BACKENDS, "kserve")).outcome == "ok"
    found = verify(broken(artifact, old, new), named(BACKENDS, "kserve"))
    assert found.outcome == "rejected"
    assert any(finding in text for text in found.findings), found.findings


def spec_of(path: str, specs: dict[str, dict[str, Any]] = SPECS) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(emitted(emit(graph_of(specs), BACKENDS, True), path).content)[
        "spec"
    ]
    return found


def test_a_canary_of_knative_is_a_share_of_the_newest_revision() -> None:
    spec = spec_of("risk_knative/inferenceservice.yaml")
    assert spec["predictor"]["canaryTrafficPercent"] == 10
    assert "canary" not in spec


def test_a_canary_of_the_standard_mode_names_both_versions() -> None:
    spec = spec_of("risk_standard/inferenceservice.yaml")
    (canary,) = spec["canary"]
    assert "canaryTrafficPercent" not in spec["predictor"]
    assert canary["trafficPercent"] == 10
    assert spec["predictor"]["model"].pop("storageUri") == "s3://acme-models/lending/default_risk/production"
    assert canary["predictor"]["model"].pop("storageUri") == "s3://acme-models/lending/default_risk/candidate"
    assert canary["predictor"]["model"].pop("name") == "kserve-container"
    assert canary["predictor"]["model"] == spec["predictor"]["model"]


def test_without_a_canary_there_is_none() -> None:
    spec = spec_of("risk_challenger/inferenceservice.yaml")
    assert "canary" not in spec
    assert "canaryTrafficPercent" not in spec["predictor"]


def test_shares_of_the_requests_are_those_of_a_hundred() -> None:
    steps = spec_of("risk_knative/inferencegraph.yaml")["nodes"]["root"]["steps"]
    assert [(step["serviceName"], step["weight"]) for step in steps] == [
        ("risk-knative", 80),
        ("risk-challenger", 20),
    ]


def test_the_naughty_strings_stay_values() -> None:
    file = official("naughty_strings.json")
    if not file.is_file():
        pytest.skip(f"the list of naughty strings is not there: {file}")
    strings: list[str] = json.loads(file.read_bytes())
    container = {**SPECS["target.knative"]["container"], "args": strings}
    specs = {**SPECS, "target.knative": {**SPECS["target.knative"], "container": container}}
    assert spec_of("knative/servingruntime.yaml", specs)["containers"][0]["args"] == strings
