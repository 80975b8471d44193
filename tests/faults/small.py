"""A small project that has all there is to apply: data, a model, gates, a registry, two deployments."""

from __future__ import annotations

import random
from pathlib import Path

ROWS = 300

FILES = {
    "mlc.yaml": "mlc: 1\nproject: small\nowner: tests\nenvironments: [dev, prod]\nregistry: main\n",
    "env/dev.yaml": "description: Where changes are tried.\n",
    "env/prod.yaml": "description: What customers see.\npresets:\n  deployment: {alias: production}\n",
    "dataset/loans.yaml": """\
source: {type: file, path: data/loans.csv, format: csv}
columns:
  id: {type: integer, role: id}
  income: {type: number}
  age: {type: integer}
  defaulted: {type: integer, role: label, values: [0, 1]}
split: {method: stratified, by: defaulted, test: 0.3, seed: 7}
""",
    "features/applicant.yaml": "groups:\n  amounts: {columns: [income, age], scale: standard}\n",
    "gate/quality.yaml": "metrics:\n  roc_auc: {min: 0.6}\n",
    "registry/main.yaml": "type: hybrid\n",
    "target/here.yaml": "type: local\n",
    "target/container.yaml": "type: docker\nrepository: ghcr.io/acme/small\n",
    "runtime/serving.yaml": """\
python: "3.11"
image: python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
packages: {mlc: "0.1.0"}
""",
    "deployment/online.yaml": "model: risk\ntarget: here\n",
    "deployment/image.yaml": "model: risk\ntarget: container\nruntime: serving\n",
}

LOGISTIC = "{estimator: sklearn.linear_model.LogisticRegression, params: {C: 1.0}, seed: 1}"

SLOW = (
    "{estimator: sklearn.neural_network.MLPClassifier, "
    "params: {hidden_layer_sizes: [64, 64], max_iter: ITERATIONS, n_iter_no_change: ITERATIONS, tol: 0.0}, seed: 1}"
)
"""Trains for as long as one wants: every iteration returns to Python."""


def make_project(root: Path, train: str = LOGISTIC) -> Path:
    """Write the project into the folder `root`; the same bytes each time."""
    for path, text in FILES.items():
        write(root, path, text)
    write(root, "model/risk.yaml", model(train))
    write(root, "data/loans.csv", rows(7))
    return root


def model(train: str = LOGISTIC, description: str = "Will it default?") -> str:
    return (
        f"description: {description}\ntask: binary_classification\ndataset: loans\nfeatures: applicant\n"
        f"train: {train}\ngates: [quality]\ncard: {{licence: MIT}}\n"
    )


def rows(seed: int) -> str:
    """Loans that default the more often the lower the income is."""
    draw = random.Random(seed)
    lines = ["id,income,age,defaulted"]
    for number in range(ROWS):
        income, age = round(draw.gauss(50, 15), 2), draw.randint(18, 80)
        lines.append(f"{number},{income},{age},{int(income + draw.gauss(0, 12) + (age - 50) * 0.2 < 45)}")
    return "\n".join(lines) + "\n"


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")
