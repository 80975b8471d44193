"""The InferenceService fits KServe's own definition, and a broken one does not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from backends.project import SPECS, broken, emitted, graph_of, named
from mlc import data
from mlc.emit import emit
from mlc.emit.verify import verify
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

DEFINITION = data.path().resolve().parent / "shared" / "official" / "kserve_inferenceservices.crd.yaml"
needs_definition = pytest.mark.skipif(
    not DEFINITION.is_file(), reason=f"KServe's definition is not at {DEFINITION}"
)


@pytest.fixture
def service(artifacts: tuple[Artifact, ...]) -> Artifact:
    return emitted(artifacts, "kserve/risk_online/inferenceservice.yaml")


@needs_definition
@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("storageUri:", "storageURI:", "spec.predictor.model.storageURI: the definition has no such field"),
        ("scaleMetric: concurrency", "scaleMetric: requests", "spec.predictor.scaleMetric"),
        ("minReplicas: 2", 'minReplicas: "2"', "spec.predictor.minReplicas"),
        ("minReplicas: 2", "minReplicas: 2147483648", "spec.predictor.minReplicas"),
        ('"512Mi"', '"512MB"', "spec.predictor.model.resources.limits.memory"),
        ("name: risk-online\n  namespace", "name: risk_online\n  namespace", "metadata.name"),
        ("managed-by: mlc", 'managed-by: "m l c"', "metadata.labels.app.kubernetes.io/managed-by"),
        ("drop: [ALL]", "drop: ALL", "spec.predictor.model.securityContext.capabilities.drop"),
        ("  predictor:", "  predict:", "predictor"),
        ("serving.kserve.io/v1beta1", "serving.kserve.io/v1", "are not what is defined"),
        ("        name: onnx\n", '        version: "1"\n', "'name' is a required property"),
    ],
)
def test_broken_service_is_rejected(
    old: str, new: str, finding: str, service: Artifact, backends: tuple[Backend, ...]
) -> None:
    found = verify(broken(service, old, new), named(backends, "kserve"))
    assert found.outcome == "rejected"
    assert any(finding in text for text in found.findings), found.findings


def test_requests_are_the_limits(service: Artifact) -> None:
    resources = model_of(service)["resources"]
    assert resources == {name: {"cpu": "500m", "memory": "512Mi"} for name in ("requests", "limits")}


def test_the_container_has_no_rights(service: Artifact) -> None:
    assert model_of(service)["securityContext"] == {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert predictor_of(service)["automountServiceAccountToken"] is False


def test_replicas_scale_or_stand(service: Artifact, artifacts: tuple[Artifact, ...]) -> None:
    steady = emitted(artifacts, "risk_steady/inferenceservice.yaml")
    wanted = {"minReplicas": 2, "maxReplicas": 6, "scaleMetric": "concurrency", "scaleTarget": 8}
    assert {key: value for key, value in predictor_of(service).items() if key in wanted} == wanted
    assert {key: value for key, value in predictor_of(steady).items() if key in wanted} == {
        "minReplicas": 3,
        "maxReplicas": 3,
    }


@pytest.mark.parametrize(
    ("written", "quantity"),
    [("512Mi", "512Mi"), ("512MB", "500000Ki"), ("1.5Gi", "1536Mi"), ("2048Ki", "2Mi"), ("1000B", "1000")],
)
def test_memory_is_a_quantity_of_kubernetes(
    written: str, quantity: str, backends: tuple[Backend, ...]
) -> None:
    deployment = {**SPECS["deployment.risk_online"], "resources": {"memory": written}}
    specs = {**SPECS, "deployment.risk_online": deployment}
    found = emitted(emit(graph_of(specs), backends, True), "risk_online/inferenceservice.yaml")
    assert model_of(found)["resources"]["limits"]["memory"] == quantity


@pytest.mark.parametrize(
    "hostile", ["x\n    hostNetwork: true", "a: {b", "*a", "!!python/object:os.system", "${{ x }}"]
)
def test_hostile_values_change_no_structure(
    hostile: str, service: Artifact, backends: tuple[Backend, ...]
) -> None:
    target = {**SPECS["target.cluster"], "serving_runtime": hostile, "service_account": hostile}
    found = emitted(
        emit(graph_of({**SPECS, "target.cluster": target}), backends, True),
        "risk_online/inferenceservice.yaml",
    )
    document, usual = yaml.safe_load(found.content), yaml.safe_load(service.content)
    assert document["spec"]["predictor"]["serviceAccountName"] == hostile
    usual["spec"]["predictor"]["serviceAccountName"] = hostile
    usual["spec"]["predictor"]["model"]["runtime"] = hostile
    assert document == usual


def predictor_of(artifact: Artifact) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(artifact.content)["spec"]["predictor"]
    return found


def model_of(artifact: Artifact) -> dict[str, Any]:
    found: dict[str, Any] = predictor_of(artifact)["model"]
    return found
