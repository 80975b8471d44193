"""Deployments of the small project on clusters and model servers, as a graph made by hand."""

from __future__ import annotations

from typing import Any

from backends.project import DIGEST
from backends.project import SPECS as SMALL

IMAGE = f"ghcr.io/acme/lending-risk@{DIGEST}"

SPECS: dict[str, dict[str, Any]] = {
    **{
        address: spec
        for address, spec in SMALL.items()
        if address.partition(".")[0] in ("dataset", "features", "model")
    },
    "target.cluster": {
        "type": "kubernetes",
        "namespace": "lending",
        "callers": ["ingress-nginx", "monitoring"],
        "pull_secret": "ghcr",
        "secret_store": "vault",
    },
    "target.plain": {"type": "kubernetes", "namespace": "lending"},
    "target.stepwise": {"type": "kubernetes", "namespace": "lending", "controller": "argo_rollouts"},
    "deployment.risk_scaled": {
        "model": "default_risk",
        "target": "cluster",
        "image": IMAGE,
        "alias": "production",
        "resources": {"cpu": "500m", "memory": "512Mi"},
        "autoscaling": {"min": 2, "max": 6, "cpu": "70%"},
        "variables": {"LOG_LEVEL": "info", "STORE_KEY": "${secret:STORE_KEY}"},
    },
    "deployment.risk_plain": {"model": "default_risk", "target": "plain", "image": IMAGE},
    "deployment.risk_stepwise": {
        "model": "default_risk",
        "target": "stepwise",
        "image": IMAGE,
        "replicas": 10,
        "rollout": {
            "strategy": "canary",
            "steps": {"first": {"traffic": "10%", "hold": "30m"}, "half": {"traffic": "50%"}},
        },
    },
    "target.knative": {
        "type": "kserve",
        "namespace": "lending",
        "storage": "s3://acme-models",
        "serving_runtime": "mlc-triton",
        "service_account": "model-reader",
        "container": {
            "image": f"nvcr.io/nvidia/tritonserver@{DIGEST}",
            "args": ["tritonserver", "--model-store=/mnt/models", "--http-port=8080", "--allow-grpc=false"],
        },
    },
    "target.standard": {
        "type": "kserve",
        "namespace": "lending",
        "mode": "standard",
        "storage": "s3://acme-models",
        "serving_runtime": "kserve-tritonserver",
        "service_account": "model-reader",
    },
    "target.python": {
        "type": "kserve",
        "namespace": "lending",
        "mode": "standard",
        "storage": "s3://acme-models",
        "serving_runtime": "mlc-onnx",
        "container": {"server": "python", "image": f"ghcr.io/acme/mlc-kserve@{DIGEST}", "port": 8081},
    },
    "deployment.risk_python": {
        "model": "default_risk",
        "target": "python",
        "rollout": {"strategy": "canary", "stable": "production", "steps": {"few": {"traffic": "10%"}}},
    },
    "deployment.risk_challenger": {"model": "default_risk", "target": "knative", "alias": "challenger"},
    "deployment.risk_knative": {
        "model": "default_risk",
        "target": "knative",
        "autoscaling": {"min": 0, "max": 6, "concurrency": 8},
        "rollout": {"strategy": "canary", "steps": {"few": {"traffic": "10%"}}},
        "shares": {"challenger": {"deployment": "risk_challenger", "traffic": "20%"}},
    },
    "deployment.risk_standard": {
        "model": "default_risk",
        "target": "standard",
        "alias": "candidate",
        "autoscaling": {"min": 2, "max": 6, "cpu": "70%"},
        "rollout": {"strategy": "canary", "stable": "production", "steps": {"few": {"traffic": "10%"}}},
    },
    "target.repository": {"type": "triton"},
    "deployment.risk_triton": {"model": "default_risk", "target": "repository", "replicas": 2},
    "target.ray": {"type": "ray", "namespace": "lending"},
    "target.ray_trains": {
        "type": "ray",
        "namespace": "lending",
        "job": {"image": f"ghcr.io/acme/mlc-ray@{DIGEST}", "claim": "lending-work", "folder": "ml/lending"},
    },
    "deployment.risk_trained": {"model": "default_risk", "target": "ray_trains", "image": IMAGE},
    "deployment.risk_ray": {
        "model": "default_risk",
        "target": "ray",
        "image": IMAGE,
        "port": 8000,
        "resources": {"cpu": "250m", "memory": "256Mi"},
        "autoscaling": {"min": 1, "max": 4, "concurrency": 8},
    },
    "deployment.risk_ray_steady": {"model": "default_risk", "target": "ray", "image": IMAGE, "replicas": 2},
}
