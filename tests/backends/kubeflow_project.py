"""The small project on Kubeflow, as a graph made by hand: two candidates, one of them tuned, a gate and all that a
target can be asked for."""

from __future__ import annotations

from typing import Any

from backends.project import DIGEST, SPECS, graph_of
from mlc import data
from mlc.emit import emit, load_backends
from mlc.ir.artifact import Artifact

BACKENDS = load_backends((data.path("templates"),))
TARGET: dict[str, Any] = {
    "type": "kubeflow",
    "namespace": "risk",
    "image": f"ghcr.io/acme/mlc@{DIGEST}",
    "folder": "ml/lending",
    "repository": "https://github.com/acme/lending.git",
    "cpu": "2",
    "memory": "4Gi",
    "search": {"parallel": 3},
    "trainer": {"runtime": "torch-distributed"},
}
MODEL: dict[str, Any] = {
    "task": "binary_classification",
    "dataset": "loans",
    "features": "applicant",
    "candidates": {
        "linear": {"estimator": "sklearn.linear_model.LogisticRegression"},
        "forest": {"estimator": "sklearn.ensemble.RandomForestClassifier"},
    },
    "tune": {
        "trials": 12,
        "seed": 3,
        "space": {
            "linear": {"C": {"log": [0.01, 10]}},
            "forest": {
                "max_depth": {"int": [2, 12]},
                "max_features": {"float": [0.1, 1.0]},
                "criterion": {"choice": ["gini", "entropy"]},
                "class_weight": {"choice": [None, "balanced"]},
            },
        },
    },
}
GATE = {"metrics": {"roc_auc": {"min": 0.7}}}
DEPLOYMENT: dict[str, Any] = {"model": "default_risk", "target": "kf"}


def documents(
    deployment: dict[str, Any] | None = None, target: dict[str, Any] | None = None
) -> tuple[Artifact, ...]:
    """What is emitted of a deployment on Kubeflow, with some fields of it and of its target changed."""
    specs = {
        "dataset.loans": SPECS["dataset.loans"],
        "features.applicant": SPECS["features.applicant"],
        "gate.quality": GATE,
        "model.default_risk": {**MODEL, "gates": ["quality"]},
        "target.kf": {**TARGET, **(target or {})},
        "deployment.risk_kf": {**DEPLOYMENT, **(deployment or {})},
    }
    return emit(graph_of(specs), BACKENDS, first_environment=False)
