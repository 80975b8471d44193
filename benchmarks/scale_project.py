"""A project of any size, as large organisations have them: what benchmarks/scale.py measures on.

Of every ten models, one dataset and its features. A model's file has 43 lines and 12 interpolations and builds on five
layers; three deployments make 8 artifacts of it in each of three environments.
"""

from __future__ import annotations

from pathlib import Path

ENVIRONMENTS = ("dev", "staging", "prod")
ARTIFACTS = 8  # of a model in an environment: four for docker, three for MLServer, one for the cluster
LAYERS = {
    "_base": "task: binary_classification\ntrain:\n  seed: 42\n  params: {learning_rate: 0.1}\n",
    "_tabular": "defaults: [_base, _self_]\n"
    "train:\n  estimator: sklearn.ensemble.HistGradientBoostingClassifier\n  params: {max_iter: 100}\n",
    "_wide": "defaults: [_tabular, _self_]\ntrain: {params: {max_leaf_nodes: 15, early_stopping: false}}\n",
    "_served": "defaults: [_wide, _self_]\noptimize: {format: onnx, opset: 21}\n",
    "_governed": "defaults: [_served, _self_]\npolicies: [production]\ngates: [quality]\n",
}


def model(number: int) -> str:
    """43 lines."""
    return f"""\
# Model {number}: written by one team, kept alike by the layers that it builds on.
defaults:
  - _governed
  - _self_
description: Model {number} of ${{project}}, for ${{vars.product}} in ${{vars.region}}.
owner: ${{vars.team}}
tags:
  - tabular
  - ${{vars.region}}
  - family_{number % 7}
dataset: data_{number // 10:04}
features: data_{number // 10:04}
# What it learns with.
train:
  params:
    learning_rate: {0.01 + number % 9 / 100:.2f}
    max_iter: ${{vars.iterations}}
    max_leaf_nodes: {7 + number % 20}
    min_samples_leaf: ${{.max_leaf_nodes}}
    l2_regularization: {number % 5 / 10}
    max_bins: ${{vars.bins}}
    n_iter_no_change: 10
    validation_fraction: 0.1
    tol: 1.0e-7
  seed: ${{vars.seed}}
# What it must prove, and to whom.
gates:
  - quality
policies:
  - production
optimize:
  format: onnx
  opset: 21
# What people need to know.
card:
  intended_use: Ranks cases of ${{vars.product}} for a second look by a person.
  limits: Learned from what is known in ${{vars.region}}; it says nothing about others.
  risk_class: high
  licence: ${{vars.licence}}
# Nothing of the above is
# written down anywhere else:
# ask the team that owns it
# before you change it.
"""


def texts(models: int) -> dict[str, str]:
    """The project's files by path."""
    files = {
        "mlc.yaml": "mlc: 1\nproject: grown\nowner: risk\nenvironments: [dev, staging, prod]\nregistry: main\n"
        "vars: {region: west, product: loans, team: risk-ml, iterations: 200, bins: 127, seed: 7, "
        "licence: Apache-2.0, store: 's3://acme-models', images: ghcr.io/acme}\n"
        "presets:\n  deployment: {resources: {cpu: 500m, memory: 512Mi}}\n",
        "env/dev.yaml": "description: Where changes are tried.\n",
        "env/staging.yaml": "description: As prod, for rehearsal.\nvars: {region: north}\n",
        "env/prod.yaml": "description: What customers see.\nvars: {region: north, iterations: 300}\n"
        "presets: {deployment: {replicas: 3}}\n",
        "registry/main.yaml": "type: hybrid\n",
        "gate/quality.yaml": "metrics:\n  roc_auc: {min: 0.9, bound: lower}\n",
        "policy/production.yaml": "rules:\n  owner-declared: {severity: error}\n"
        "  licence-declared: {severity: error}\n",
        "runtime/serving.yaml": f"python: '3.11'\nimage: python:3.11-slim@sha256:{'0' * 64}\n"
        "packages: {mlc: 0.1.0}\n",
        "target/container.yaml": "type: docker\nrepository: ${vars.images}/served\n",
        "target/seldon.yaml": "type: mlserver\n",
        "target/cluster.yaml": "type: kserve\nnamespace: models\nstorage: ${vars.store}\n"
        "serving_runtime: kserve-tritonserver\n",
        **{f"model/{name}.yaml": text for name, text in LAYERS.items()},
    }
    for number in range(0, models, 10):
        name = f"data_{number // 10:04}"
        files[f"dataset/{name}.yaml"] = (
            f"description: Rows of group {number}.\n"
            f"source: {{type: file, path: data/{name}.parquet, format: parquet}}\n"
            "licence: {name: Apache-2.0, origin: made for this benchmark}\n"
            "columns:\n"
            + "".join(
                f"  measure_{index}: {{type: number, min: 0, max: {index + 10}}}\n" for index in range(8)
            )
            + "  repaid: {type: integer, role: label, values: [0, 1]}\n"
            "checks: {min_rows: 20000}\nsplit: {method: stratified, by: repaid, test: 0.2, seed: 7}\n"
        )
        files[f"features/{name}.yaml"] = (
            f"description: What models see of group {number}.\ngroups:\n  measures:\n    columns: ["
            + ", ".join(f"measure_{index}" for index in range(8))
            + "]\n"
        )
    for number in range(models):
        name = f"model_{number:05}"
        files[f"model/{name}.yaml"] = model(number)
        for target in ("container", "seldon", "cluster"):
            runtime = "runtime: serving\n" if target == "container" else ""
            files[f"deployment/{name}_{target}.yaml"] = f"model: {name}\ntarget: {target}\n{runtime}"
    return files


def write(root: Path, models: int) -> None:
    """The project in a folder, with the data files that its datasets name."""
    for path, text in texts(models).items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (root / "data").mkdir(exist_ok=True)
    for number in range(0, models, 10):
        (root / "data" / f"data_{number // 10:04}.parquet").write_bytes(b"rows of %d" % number)
