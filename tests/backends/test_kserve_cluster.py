"""Canaries in both of KServe's forms, shares of the requests, and the runtime that a target brings with it."""

from __future__ import annotations

import json
import shutil
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
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not there")
needs_definitions = pytest.mark.skipif(
    not official("kserve_inferencegraphs.crd.yaml").is_file(), reason="KServe's definitions are not there"
)


KNATIVE, STANDARD = "risk_knative/inferenceservice.yaml", "risk_standard/inferenceservice.yaml"
GRAPH, RUNTIME = "risk_knative/inferencegraph.yaml", "knative/servingruntime.yaml"
PYTHON, KUSTOMIZATION = "python/servingruntime.yaml", "python/kustomization.yaml"


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
        (PYTHON, "readOnlyRootFilesystem: true", "readOnlyRoot: true", "securityContext.readOnlyRoot"),
        (
            PYTHON,
            "path: /v2/health/ready\n          port: 8081",
            "path: /v2/health/ready",
            "'port' is a required",
        ),
        (PYTHON, "configMap:\n        name", "configMap:\n        named", "configMap.named"),
        ("risk_python/inferenceservice.yaml", "- name: MLC_SIGNATURE", "- names: MLC_SIGNATURE", "env.0"),
    ],
)
def test_broken_artifact_is_rejected(file: str, old: str, new: str, finding: str) -> None:
    artifact = emitted(ALL, f"kserve/{file}")
    assert verify(artifact, named(BACKENDS, "kserve")).outcome == "ok"
    found = verify(broken(artifact, old, new), named(BACKENDS, "kserve"))
    assert found.outcome == "rejected"
    assert any(finding in text for text in found.findings), found.findings


@needs_kubectl
@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("- references.yaml", "- reference.yaml", "reference.yaml"),
        ("- name: mlc-onnx-code", "- name: mlc-onnx", "names the ConfigMap mlc-onnx-code, and there is none"),
        (
            "configurations:\n  - references.yaml\n",
            "",
            "names the ConfigMap mlc-onnx-code, and there is none",
        ),
        ("- mlc_kserve_server.py", "- server.py", "server.py"),
        ("configMapGenerator", "configMapGenerators", "configMapGenerators"),
    ],
)
def test_a_runtime_without_its_code_is_rejected(old: str, new: str, finding: str) -> None:
    artifact = emitted(ALL, f"kserve/{KUSTOMIZATION}")
    assert verify(artifact, named(BACKENDS, "kserve"), beside=ALL).outcome == "ok"
    found = verify(broken(artifact, old, new), named(BACKENDS, "kserve"), beside=ALL)
    assert found.outcome == "rejected"
    assert any(finding in text for text in found.findings), found.findings


def test_the_predictor_is_told_the_signature() -> None:
    spec = spec_of("risk_python/inferenceservice.yaml")
    (canary,) = spec["canary"]
    (variable,) = spec["predictor"]["model"]["env"]
    assert canary["predictor"]["model"]["env"] == [variable]
    told = json.loads(variable["value"])
    assert told.keys() == {"inputs", "outputs", "nullable"}
    assert [tensor["datatype"] for tensor in told["inputs"]] == ["FP32", "BYTES", "BOOL"]
    assert told["nullable"] == ["income"]
    assert "env" not in spec_of("risk_standard/inferenceservice.yaml")["predictor"]["model"]


@pytest.mark.parametrize("name", ["$(HOME)", "$$(HOME)", "{{.Name}}", "{{{{", '"{{', "\\{{", "$", "a}}"])
def test_a_column_is_no_variable_and_no_template(name: str) -> None:
    loans, applicant = SPECS["dataset.loans"], SPECS["features.applicant"]
    columns = {(name if one == "income" else one): column for one, column in loans["columns"].items()}
    groups = {**applicant["groups"], "amounts": {"columns": [name]}}
    specs = {
        **SPECS,
        "dataset.loans": {**loans, "columns": columns},
        "features.applicant": {"groups": groups},
    }
    (variable,) = spec_of("risk_python/inferenceservice.yaml", specs)["predictor"]["model"]["env"]
    assert "$" not in variable["value"]  # Kubernetes reads $(NAME) and $$
    assert "{{" not in variable["value"]  # KServe reads templates
    assert json.loads(variable["value"])["inputs"][0]["name"] == name


def test_the_predictor_is_copied_as_it_is() -> None:
    copied = emitted(ALL, "kserve/python/mlc_kserve_server.py")
    assert copied.content == data.path("templates", "kserve", "mlc_kserve_server.py").read_bytes()
    assert not [one.path for one in ALL if one.path.endswith("knative/mlc_kserve_server.py")]


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
