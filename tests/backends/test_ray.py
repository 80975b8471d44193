"""A RayService that KubeRay's definition takes, and one configuration of Ray Serve in both of its files.

`platforms/` holds both to Ray's own schema, and runs them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from backends.cluster_project import SPECS
from backends.project import broken, emitted, graph_of
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import official, verify_by

BACKENDS = load_backends((data.path("templates"),))
ALL = emit(graph_of(SPECS), BACKENDS, first_environment=True)
DEFINITION = "kuberay_rayservices.crd.yaml"


def objects(artifacts: Any, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The RayService, and the configuration beside it."""
    service = yaml.safe_load(emitted(artifacts, f"ray/{name}/rayservice.yaml").content)
    return service, yaml.safe_load(emitted(artifacts, f"ray/{name}/serve.yaml").content)


@pytest.mark.skipif(not official(DEFINITION).is_file(), reason="KubeRay's definition is not there")
@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("serveConfigV2", "serveConfig", "spec.serveConfig: the definition has no such field"),
        ("        maxReplicas: 4\n", "", "'maxReplicas' is a required property"),
        ("minReplicas: 1", 'minReplicas: "1"', "minReplicas"),
        ('dashboard-host: "0.0.0.0"', "dashboard-host: 0", "dashboard-host"),
        ("spec:\n  #", "spec:\n  managedBy: somebody\n  #", "must be either 'ray.io/kuberay-operator'"),
    ],
)
def test_broken_service_is_rejected(old: str, new: str, finding: str) -> None:
    artifact = emitted(ALL, "ray/risk_ray/rayservice.yaml")
    found = verify_by(f"crd {DEFINITION}", broken(artifact, old, new))
    assert found.outcome == "rejected"
    assert any(finding in text for text in found.findings), found.findings


@pytest.mark.parametrize("name", ["risk_ray", "risk_ray_steady"])
def test_both_files_say_the_same(name: str) -> None:
    service, configuration = objects(ALL, name)
    assert yaml.safe_load(service["spec"]["serveConfigV2"]) == configuration


def test_replicas_scale_or_stand() -> None:
    (scaled,) = objects(ALL, "risk_ray")[1]["applications"][0]["deployments"]
    (steady,) = objects(ALL, "risk_ray_steady")[1]["applications"][0]["deployments"]
    assert scaled["autoscaling_config"] == {
        "min_replicas": 1,
        "max_replicas": 4,
        "target_ongoing_requests": 8,
    }
    assert scaled["ray_actor_options"] == {"num_cpus": 0.25, "memory": 256 * 2**20}
    assert steady["num_replicas"] == 2
    assert "autoscaling_config" not in steady


def test_the_pods_have_no_rights() -> None:
    for name in ("risk_ray", "risk_ray_steady"):
        cluster = objects(ALL, name)[0]["spec"]["rayClusterConfig"]
        head, (worker,) = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
        for group in (head, worker):
            pod = group["template"]["spec"]
            (container,) = pod["containers"]
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "@sha256:" in container["image"]
        # only a head that scales the cluster itself talks to the cluster's API
        assert worker["template"]["spec"]["automountServiceAccountToken"] is False
        scales = cluster.get("enableInTreeAutoscaling", False)
        assert head["template"]["spec"]["automountServiceAccountToken"] is scales


def test_the_naughty_strings_stay_names() -> None:
    file = official("naughty_strings.json")
    if not file.is_file():
        pytest.skip(f"the list of naughty strings is not there: {file}")
    names = [name for name in dict.fromkeys(json.loads(file.read_bytes())) if name]
    columns = {name: {"type": "boolean"} for name in names} | {
        "defaulted": {"type": "integer", "role": "label"}
    }
    specs = {
        **SPECS,
        "dataset.loans": {**SPECS["dataset.loans"], "columns": columns},
        "features.applicant": {"groups": {"all": {"columns": names}}},
    }
    said = json.loads(emitted(emit(graph_of(specs), BACKENDS, True), "ray/risk_ray/model.json").content)
    assert [tensor["name"] for tensor in said["inputs"]] == names
