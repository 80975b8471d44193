"""Checkov on what Kustomize builds of every overlay: no finding, and a finding for each safeguard that is taken away.

Asked for by name (`make test-platforms`), and then a missing Checkov is a failure, never a skip.
"""

from __future__ import annotations

import pytest

from backends.cluster_project import SPECS
from backends.project import broken, emitted, graph_of
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import verify_by
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

BACKENDS = load_backends((data.path("templates"),))
ALL = emit(graph_of(SPECS), BACKENDS, first_environment=True)
OVERLAYS = [artifact.path for artifact in ALL if "/overlays/" in artifact.path]


def checkov_on(overlay: str, artifacts: tuple[Artifact, ...]) -> Verification:
    return verify_by("checkov", emitted(artifacts, overlay), beside=artifacts)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_finding(overlay: str) -> None:
    found = checkov_on(overlay, ALL)
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "CKV_K8S_22"),
        ("runAsUser: 10001", "runAsUser: 100", "CKV_K8S_40"),
        ("drop: [ALL]", "add: [NET_RAW]", "CKV_K8S_28"),
        ("allowPrivilegeEscalation: false", "privileged: true", "CKV_K8S_16"),
        ("@sha256:", ":latest # ", "CKV_K8S_43"),
        ("automountServiceAccountToken: false", "automountServiceAccountToken: true", "CKV_K8S_38"),
        ("type: RuntimeDefault", "type: Unconfined", "CKV_K8S_31"),
    ],
)
def test_each_safeguard_is_missed(old: str, new: str, rule: str) -> None:
    workload = broken(emitted(ALL, "risk_plain/base/deployment.yaml"), old, new)
    artifacts = tuple(workload if one.path == workload.path else one for one in ALL)
    found = checkov_on("risk_plain/overlays/prod/kustomization.yaml", artifacts)
    assert found.outcome == "rejected"
    assert any(rule in text for text in found.findings), found.findings
