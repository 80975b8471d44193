"""The RayJob that trains a model: held to KubeRay's definition, with the least rights."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import yaml

from backends.cluster_project import SPECS
from backends.project import broken, emitted, graph_of
from mlc import data, pipeline
from mlc.emit import emit, load_backends
from mlc.emit.verify import official, verify_by
from mlc.request import Request
from rules.project import lay

BACKENDS = load_backends((data.path("templates"),))
CRD = "crd kuberay_rayjobs.crd.yaml"
ALL = emit(graph_of(SPECS), BACKENDS, first_environment=True)
JOB = emitted(ALL, "ray/risk_trained/rayjob.yaml")


def spec() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(JOB.content)["spec"]
    return found


def test_kuberays_definition_accepts_it() -> None:
    if not official("kuberay_rayjobs.crd.yaml").is_file():
        pytest.skip("../shared/official is absent")
    found = verify_by(CRD, JOB)
    assert (found.outcome, found.findings) == ("ok", ())


def test_it_is_written_where_a_target_says_how_to_train() -> None:
    assert [one.path for one in ALL if one.path.endswith("rayjob.yaml")] == [JOB.path]


def test_it_applies_the_model_in_its_environment() -> None:
    words = shlex.split(spec()["entrypoint"])
    assert words == [
        "mlc",
        "-C",
        "/work/ml/lending",
        "apply",
        "--yes",
        "env=prod",
        "--select",
        "+model.default_risk",
    ]


def test_the_pod_has_no_rights_and_keeps_what_it_makes() -> None:
    pod = spec()["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "@sha256:" in container["image"]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    claims = {one["name"]: one.get("persistentVolumeClaim") for one in pod["volumes"]}
    assert (mounts["work"], claims["work"]) == ("/work", {"claimName": "lending-work"})


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("submissionMode: HTTPMode", "submissionModes: HTTPMode", "submissionModes"),
        ("backoffLimit: 1", "backoffLimit: once", "backoffLimit"),
        ("rayStartParams:", "rayStartParam:", "rayStartParam"),
        (
            "shutdownAfterJobFinishes: true",
            "shutdownAfterJobFinishes: yes please",
            "shutdownAfterJobFinishes",
        ),
        ("kind: RayJob", "kind: RayJobs", "RayJobs"),
    ],
)
def test_a_broken_job_is_rejected(old: str, new: str, finding: str) -> None:
    if not official("kuberay_rayjobs.crd.yaml").is_file():
        pytest.skip("../shared/official is absent")
    found = verify_by(CRD, broken(JOB, old, new))
    assert found.outcome == "rejected"
    assert any(finding in text for text in found.findings), found.findings


@pytest.mark.parametrize(("letters", "refused"), [(35, False), (36, True)])
def test_a_name_that_kuberay_does_not_take_is_refused(letters: int, refused: bool, tmp_path: Any) -> None:
    image = "ghcr.io/acme/shop@sha256:" + "0" * 64
    files = {
        "target/ray.yaml": f"type: ray\njob: {{image: {image}, claim: work}}\n",
        f"deployment/{'n' * letters}.yaml": f"model: churn\ntarget: ray\nimage: {image}\n",
    }
    found = pipeline.validate(Request(lay(tmp_path, files))).diagnostics
    assert [one.rule for one in found if "RayJob" in one.detail] == (["target-cannot"] if refused else [])
