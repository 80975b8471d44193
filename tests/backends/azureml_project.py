"""Deployments of the small project on Azure Machine Learning, as a graph made by hand."""

from __future__ import annotations

from typing import Any

from backends.project import DIGEST
from backends.project import SPECS as SMALL

WORKSPACE = {
    "type": "azureml",
    "subscription": "00000000-0000-4000-8000-000000000000",
    "resource_group": "ml-prod",
    "workspace": "risk",
}
SPECS: dict[str, dict[str, Any]] = {
    **{
        address: spec
        for address, spec in SMALL.items()
        if address.partition(".")[0] in ("dataset", "features", "model")
    },
    "model.tuned_risk": {
        **SMALL["model.default_risk"],
        "tune": {
            "space": {
                "train": {
                    "C": {"log": [0.01, 100.0]},
                    "max_iter": {"int": [50, 500]},
                    "l1_ratio": {"float": [0.0, 1.0]},
                    "class_weight": {"choice": [None, "balanced"]},
                }
            },
            "trials": 12,
            "timeout": "1h",
        },
    },
    "runtime.served": {
        "python": "3.11",
        "image": f"docker.io/library/python:3.11-slim-bookworm@{DIGEST}",
        "packages": {
            "azureml-ai-monitoring": "1.0.0",
            "azureml-inference-server-http": "1.5.1",
            "numpy": "2.4.6",
            "onnxruntime": "1.32.0",
            "pandas": "3.0.1",
        },
    },
    "target.azure": {
        **WORKSPACE,
        "auth": "aad_token",
        "public": False,
        "key_vault": "risk-secrets",
        "register_data": True,
        "monitoring": {"collect": "25%", "spark": "3.5"},
        "requests": {"timeout": "2s", "at_once": 4},
        "jobs": {
            "compute": "cpu-cluster",
            "image": f"ghcr.io/acme/mlc@{DIGEST}",
            "repository": "https://github.com/acme/lending.git",
            "folder": "ml/lending",
            "cron": "30 3 * * 1",
            "sweep": True,
        },
    },
    "target.plain": {**WORKSPACE, "compute": "cpu-cluster", "endpoint_prefix": "acme-"},
    "deployment.risk": {
        "description": "Scores \"new\" applications: ${{inputs.x}} & 'all'",
        "model": "tuned_risk",
        "target": "azure",
        "runtime": "served",
        "alias": "production",
        "replicas": 2,
        "variables": {"LOG_LEVEL": "info", "STORE_KEY": "${secret:STORE_KEY}"},
        "rollout": {"strategy": "canary", "steps": {"few": {"traffic": "10%", "hold": "30m"}}},
    },
    "monitor.drifting": {
        "description": "Whether applicants are still those of the training rows: ${{inputs.x}} & 'all'",
        "deployment": "risk",
        "drift": {
            "features": {
                "numbers": {"normalized_wasserstein_distance": 0.5},
                "categories": {"jensen_shannon_distance": 0.1},
            },
            "prediction": {"categories": {"population_stability_index": 0.2}},
        },
        "data_quality": {
            "columns": ["income"],
            "numbers": {"null_rate": 0.05, "type_error_rate": 0.01, "out_of_bounds_rate": 0.02},
        },
        "schedule": {"cron": "0 6 * * 1", "days": 14},
        "alerts": {
            "team": {"type": "email", "to": ["risk@example.com", "ml@example.com"]},
            "owner": {"type": "email", "to": ["risk@example.com"]},
        },
    },
    "deployment.shadowed": {
        "model": "default_risk",
        "target": "plain",
        "runtime": "served",
        "rollout": {"strategy": "shadow", "traffic": "20%"},
    },
    "deployment.nightly": {
        "model": "default_risk",
        "target": "plain",
        "runtime": "served",
        "mode": "batch",
        "replicas": 2,
    },
}
