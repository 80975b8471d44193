"""What runs on Kubernetes is accepted by its checkers, hangs together, and has no rights that it does not need."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from backends.cluster_project import SPECS
from backends.project import broken, emitted, graph_of, named
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.objects import amount
from mlc.emit.programs import program_of
from mlc.emit.verify import checks_of, verify_by
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

BACKENDS = load_backends((data.path("templates"),))
ALL = emit(graph_of(SPECS), BACKENDS, first_environment=True)
OVERLAY = "kubernetes/risk_scaled/overlays/prod/kustomization.yaml"
needs_kubectl = pytest.mark.skipif(program_of("kubectl") is None, reason="kubectl is not installed")


def findings_of(artifact: Artifact, checker: str, others: tuple[Artifact, ...] = ALL) -> tuple[str, ...]:
    """What one checker says of an artifact that takes the place of the one of its path."""
    beside = [other for other in others if other.path != artifact.path] + [artifact]
    checks = checks_of(artifact, named(BACKENDS, "kubernetes"))
    (check,) = [check for check in checks if check.startswith(checker)]
    found = verify_by(check, artifact, beside=beside)
    assert found.outcome == ("rejected" if found.findings else "ok"), found
    return found.findings


NAME = "app.kubernetes.io/name: risk-scaled"
REQUEST = 'cpu: "500m"\n              memory: "512Mi"\n            limits'


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("deployment", "revisionHistoryLimit: 3", "revisionHistoryLimits: 3", "revisionHistoryLimits"),
        ("deployment", "containerPort: 8080", 'containerPort: "8080"', "containerPort"),
        ("deployment", "apps/v1", "apps/v1beta1", "Couldn't find schema"),
        ("deployment", "kind: Deployment\n", "", "it says no apiVersion and kind"),
        ("deployment", 'memory: "512Mi"', 'memory: "512MB"', "'512MB' is no quantity of Kubernetes"),
        (
            "deployment",
            REQUEST,
            REQUEST.replace("500m", "2"),
            "requests.cpu: more is asked for than the limit",
        ),
        (
            "deployment",
            f"matchLabels:\n      {NAME}",
            f"matchLabels:\n      {NAME}-1",
            "does not select the pods",
        ),
        ("service", "port: 8080", "port: http", "spec.ports.0.port"),
        ("horizontalpodautoscaler", "maxReplicas", "maxReplica", "maxReplica"),
        ("networkpolicy", "podSelector", "podSelectors", "podSelector"),
        ("poddisruptionbudget", "maxUnavailable: 1", "maxUnavailable: [1]", "maxUnavailable"),
        ("configmap", "LOG_LEVEL: info", "LOG_LEVEL: 7", "data.LOG_LEVEL"),
    ],
)
def test_broken_object_is_rejected(file: str, old: str, new: str, finding: str) -> None:
    artifact = emitted(ALL, f"risk_scaled/base/{file}.yaml")
    assert findings_of(artifact, "kubernetes") == ()
    found = findings_of(broken(artifact, old, new), "kubernetes")
    assert any(finding in text for text in found), found


@needs_kubectl
@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("service", f"{NAME}\n  ports", f"{NAME}-1\n  ports", "spec.selector selects no pod"),
        ("service", "targetPort: http", "targetPort: grpc", "no container has a port called grpc"),
        ("networkpolicy", NAME, f"{NAME}-1", "spec.podSelector selects no pod"),
        ("networkpolicy", "port: http", "port: https", "no container has a port called https"),
        ("poddisruptionbudget", NAME, f"{NAME}-1", "spec.selector selects no pod"),
        (
            "horizontalpodautoscaler",
            "kind: Deployment",
            "kind: StatefulSet",
            "names the StatefulSet risk-scaled",
        ),
        ("configmap", "name: risk-scaled", "name: risk", "envFrom names the ConfigMap risk-scaled"),
        ("serviceaccount", "name: risk-scaled", "name: risk", "names the ServiceAccount risk-scaled"),
        (
            "deployment",
            "name: secrets\n              mount",
            "name: s\n              mount",
            "names the volume s,",
        ),
        ("kustomization", "- service.yaml", "- services.yaml", "services.yaml"),
        ("service", "kind: Service\n", "kind: [Service]\n", "kind"),
        ("service", "kind: Service\n", "kind: ConfigMap\n", "risk-scaled"),
    ],
)
def test_objects_that_do_not_hang_together_are_rejected(file: str, old: str, new: str, finding: str) -> None:
    base = broken(emitted(ALL, f"risk_scaled/base/{file}.yaml"), old, new)
    others = tuple(base if other.path == base.path else other for other in ALL)
    found = findings_of(emitted(ALL, OVERLAY), "kustomize", others)
    assert any(finding in text for text in found), found


@needs_kubectl
@pytest.mark.parametrize(
    ("old", "new", "checker", "finding"),
    [
        ("- ../../base", "- ../base", "kustomize", "base"),
        ("includeTemplates: true", "includeTemplate: true", "schema", "includeTemplate"),
        ("namespace: lending", "namespace: [lending]", "schema", "namespace"),
    ],
)
def test_broken_overlay_is_rejected(old: str, new: str, checker: str, finding: str) -> None:
    found = findings_of(broken(emitted(ALL, OVERLAY), old, new), checker)
    assert any(finding in text for text in found), found


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("500m", 0.5), ("512Mi", 512 * 2**20), ("1.5Gi", 1.5 * 2**30), ("2", 2.0), (3, 3.0), ("1e3", 1000.0),
        ("1E", 1e18), ("1Ei", 2.0**60), ("512MB", None), ("", None), ("Mi", None), ("1 Gi", None), (True, None),
        ("one", None), (None, None),
    ],
)  # fmt: skip
def test_quantities(quantity: Any, number: float | None) -> None:
    assert amount(quantity) == number


def objects_of(name: str, specs: dict[str, dict[str, Any]] = SPECS) -> dict[str, Any]:
    """The objects of a deployment by their files' names."""
    found = {}
    for artifact in emit(graph_of(specs), BACKENDS, True):
        if f"/{name}/base/" in artifact.path:
            found[artifact.path.rpartition("/")[2].removesuffix(".yaml")] = yaml.safe_load(artifact.content)
    return found


def test_the_pod_has_no_rights() -> None:
    for name, workload in (
        ("risk_scaled", "deployment"),
        ("risk_plain", "deployment"),
        ("risk_stepwise", "rollout"),
    ):
        pod = objects_of(name)[workload]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "@sha256:" in container["image"]


def test_the_network_is_closed_but_for_callers() -> None:
    scaled = objects_of("risk_scaled")["networkpolicy"]["spec"]
    plain = objects_of("risk_plain")["networkpolicy"]["spec"]
    assert scaled["policyTypes"] == ["Ingress", "Egress"]
    assert scaled["egress"] == plain["egress"] == []
    assert [one["namespaceSelector"]["matchLabels"] for one in scaled["ingress"][0]["from"]] == [
        {"kubernetes.io/metadata.name": "ingress-nginx"},
        {"kubernetes.io/metadata.name": "monitoring"},
    ]
    assert plain["ingress"][0]["from"] == [{"podSelector": {}}]


def test_secrets_are_files_and_their_values_nowhere() -> None:
    objects = objects_of("risk_scaled")
    pod = objects["deployment"]["spec"]["template"]["spec"]
    assert objects["configmap"]["data"] == {"LOG_LEVEL": "info", "STORE_KEY_FILE": "/run/secrets/STORE_KEY"}
    assert pod["volumes"][0]["secret"]["items"] == [{"key": "STORE_KEY", "path": "STORE_KEY"}]
    assert objects["externalsecret"]["spec"]["target"]["name"] == pod["volumes"][0]["secret"]["secretName"]
    assert "${secret" not in json.dumps(objects)


def test_another_variable_replaces_the_pods() -> None:
    other = {**SPECS["deployment.risk_scaled"], "variables": {"LOG_LEVEL": "debug"}}
    before = objects_of("risk_scaled")["deployment"]["spec"]["template"]["metadata"]["annotations"]
    changed = objects_of("risk_scaled", {**SPECS, "deployment.risk_scaled": other})
    assert changed["deployment"]["spec"]["template"]["metadata"]["annotations"] != before
    assert "externalsecret" not in changed


def test_what_is_not_asked_for_is_not_there() -> None:
    assert list(objects_of("risk_plain")) == [
        "deployment", "kustomization", "networkpolicy", "service", "serviceaccount",
    ]  # fmt: skip


def test_the_steps_of_a_canary() -> None:
    steps = objects_of("risk_stepwise")["rollout"]["spec"]["strategy"]["canary"]["steps"]
    assert steps == [
        {"setWeight": 10},
        {"pause": {"duration": "1800s"}},
        {"setWeight": 50},
        {"pause": {}},
    ]


def test_the_naughty_strings_stay_values(backends: tuple[Backend, ...]) -> None:
    file = data.path().resolve().parent / "shared" / "official" / "naughty_strings.json"
    if not file.is_file():
        pytest.skip(f"the list of naughty strings is not there: {file}")
    strings: list[str] = json.loads(file.read_bytes())
    variables = {f"V{place}": text for place, text in enumerate(strings) if not text.startswith("${secret:")}
    specs = {**SPECS, "deployment.risk_scaled": {**SPECS["deployment.risk_scaled"], "variables": variables}}
    objects = objects_of("risk_scaled", specs)
    assert objects["configmap"]["data"] == variables
    assert len(variables) > 500
