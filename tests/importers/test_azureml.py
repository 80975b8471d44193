"""The files of Azure Machine Learning: what the language has a word for is said in it, and the rest is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from importers.project import LOADER, findings, imported, laid, refusals, rendered, spec_of, told, translated

SCHEMA = "$schema: https://azuremlschemas.azureedge.net/latest/{}.schema.json\n"
IMAGE = "mcr.microsoft.com/azureml/base@sha256:" + "1" * 64

JOB = (
    SCHEMA.format("commandJob")
    + """\
command: >-
  python train.py --data ${{inputs.data}} --estimator RandomForestClassifier --n_estimators ${{inputs.n_estimators}}
  --max_depth 7
code: src
inputs:
  data: {type: uri_file, path: "azureml:credit:3"}
  n_estimators: 120
environment: azureml:sklearn-env@latest
compute: azureml:cpu-cluster
display_name: credit-default
experiment_name: credit
tags: {team: risk}
"""
)
DATA = (
    SCHEMA.format("data")
    + """\
name: credit
version: "3"
type: uri_file
path: abfss://lake@acme.dfs.core.windows.net/credit.parquet
description: what we know
"""
)
ENVIRONMENT = (
    SCHEMA.format("environment")
    + f"""\
name: sklearn-env
image: {IMAGE}
conda_file:
  channels: [conda-forge]
  dependencies: [python=3.11, numpy, pip, {{pip: [scikit-learn==1.9.1]}}]
"""
)
SWEEP = (
    SCHEMA.format("sweepJob")
    + """\
type: sweep
display_name: search
trial:
  code: src
  command: python train.py --estimator LogisticRegression --C ${{search_space.C}} --solver ${{search_space.solver}}
sampling_algorithm: bayesian
search_space:
  C: {type: loguniform, min_value: -4.605170185988091, max_value: 4.605170185988092}
  max_iter: {type: quniform, min_value: 50, max_value: 500, q: 1}
  tol: {type: uniform, min_value: 0.0001, max_value: 0.01}
  solver: {type: choice, values: [lbfgs, saga]}
  odd: {type: normal, mu: 0, sigma: 1}
objective: {goal: maximize, primary_metric: roc_auc}
limits: {max_total_trials: 20, max_concurrent_trials: 4, timeout: 7200}
early_termination: {type: median_stopping}
"""
)
ENDPOINT = (
    SCHEMA.format("managedOnlineEndpoint")
    + """\
name: credit-scoring
auth_mode: aad_token
traffic: {blue: 90, green: 10}
"""
)


def deployment(name: str) -> str:
    return (
        SCHEMA.format("managedOnlineDeployment")
        + f"""\
name: {name}
endpoint_name: credit-scoring
model: azureml:credit-default:1
code_configuration: {{code: ../src, scoring_script: score.py}}
environment: azureml:sklearn-env@latest
instance_type: Standard_DS2_v2
instance_count: 2
request_settings: {{request_timeout_ms: 3000, max_concurrent_requests_per_instance: 4}}
liveness_probe: {{initial_delay: 30, period: 10, timeout: 2, failure_threshold: 30}}
environment_variables: {{LOG: info, TOKEN: "${{{{keyvault:https://vlt.vault.azure.net/secrets/api-token}}}}"}}
app_insights_enabled: true
"""
    )


def test_a_job_is_a_model_of_the_data_that_it_reads(tmp_path: Path) -> None:
    source = laid(tmp_path / "az", {"job.yml": JOB, "data.yml": DATA})
    found = imported("azureml", [source], tmp_path / "new")
    assert findings(tmp_path / "new") == []
    assert spec_of(found, "model/credit-default.yaml") == {
        "task": "binary_classification",
        "dataset": "credit",
        "features": "credit-default",
        "train": {
            "estimator": "sklearn.ensemble.RandomForestClassifier",
            "params": {"n_estimators": 120, "max_depth": 7},
        },
        "tags": ["team-risk"],
    }
    assert spec_of(found, "dataset/credit.yaml")["source"] == {
        "type": "object_store",
        "url": "abfss://lake@acme.dfs.core.windows.net/credit.parquet",
        "format": "parquet",
    }
    lost = told(found)
    assert [one.split(" is not")[0] for one in lost] == [
        "2: command",
        "9: environment: azureml:sklearn-env@latest",
        "10: compute: azureml:cpu-cluster",
    ]


def test_a_program_without_an_estimator_is_code(tmp_path: Path) -> None:
    text = JOB.replace(" --estimator RandomForestClassifier", "")
    found = imported("azureml", [laid(tmp_path, {"job.yml": text}) / "job.yml"], tmp_path / "new")
    train = spec_of(found, "model/credit-default.yaml")["train"]
    assert train == {"estimator": "code.train.train", "params": {"n_estimators": 120, "max_depth": 7}}
    assert spec_of(found, "mlc.yaml")["code"] == {"train": {"path": "src/train.py"}}
    assert findings(tmp_path / "new") == []


def test_a_sweep_is_a_search(tmp_path: Path) -> None:
    found = imported("azureml", [laid(tmp_path, {"sweep.yml": SWEEP}) / "sweep.yml"], tmp_path / "new")
    spec = spec_of(found, "model/search.yaml")
    assert spec["train"] == {"estimator": "sklearn.linear_model.LogisticRegression"}
    assert spec["tune"] == {
        "space": {
            "train": {
                "C": {"log": [0.01, 100.0]},
                "max_iter": {"int": [50, 500]},
                "tol": {"float": [0.0001, 0.01]},
                "solver": {"choice": ["lbfgs", "saga"]},
            }
        },
        "trials": 20,
        "timeout": "7200s",
        "batch": 4,
    }
    assert spec["select"] == {"metric": "roc_auc"}
    assert [one.split(" is not")[0] for one in told(found)] == ["6: command", "13: search_space.odd: normal"]
    assert findings(tmp_path / "new") == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sampling_algorithm: bayesian", "sampling_algorithm: random", "sampling_algorithm: random"),
        ("{type: median_stopping}", "{type: bandit, slack_factor: 0.1}", "early_termination"),
        ("primary_metric: roc_auc", "primary_metric: my_score", "objective: maximize my_score"),
        ("goal: maximize", "goal: minimize", "objective: minimize roc_auc"),
        (" --estimator LogisticRegression", "", "search_space"),
    ],
)
def test_what_a_search_has_no_word_for_is_told(old: str, new: str, words: str, tmp_path: Path) -> None:
    source = laid(tmp_path, {"sweep.yml": SWEEP.replace(old, new)}) / "sweep.yml"
    found = imported("azureml", [source], tmp_path / "new")
    assert any(words in one for one in told(found)), told(found)
    assert findings(tmp_path / "new") == []


def test_an_endpoint_and_its_deployments(tmp_path: Path) -> None:
    source = laid(
        tmp_path / "az",
        {"1.yml": ENVIRONMENT, "2.yml": ENDPOINT, "3.yml": deployment("blue"), "4.yml": deployment("green")},
    )
    found = imported("azureml", [source], tmp_path / "new")
    assert findings(tmp_path / "new") == []
    blue: dict[str, Any] = spec_of(found, "deployment/scoring_blue.yaml")
    assert {key: blue[key] for key in ("model", "runtime", "replicas")} == {
        "model": "credit-default",
        "runtime": "sklearn-env",
        "replicas": 2,
    }
    runtime = spec_of(found, "runtime/sklearn-env.yaml")
    assert (runtime["python"], runtime["image"]) == ("3.11", IMAGE)
    assert runtime["packages"]["scikit-learn"] == "1.9.1"
    lost = told(found)
    assert any("app_insights_enabled" in one for one in lost)
    assert any("code_configuration: score.py" in one for one in lost)
    target = spec_of(found, f"target/{blue['target']}.yaml")
    assert {key: target[key] for key in ("auth", "instance_type", "endpoint_prefix", "key_vault")} == {
        "auth": "aad_token",
        "instance_type": "Standard_DS2_v2",
        "endpoint_prefix": "credit-",
        "key_vault": "vlt",
    }
    assert target["requests"] == {"timeout": "3s", "at_once": 4}
    assert target["probe"] == {"delay": "30s"}
    assert set(runtime["packages"]) >= {
        "azureml-inference-server-http",
        "onnxruntime",
    }  # which is told as assumed
    assert blue["variables"] == {"LOG": "info", "TOKEN": "${secret:api_token}"}


BATCH_ENDPOINT = (
    SCHEMA.format("batchEndpoint")
    + """\
name: credit-nightly
description: scored over night
auth_mode: aad_token
defaults: {deployment_name: first}
"""
)
BATCH_DEPLOYMENT = (
    SCHEMA.format("modelBatchDeployment")
    + """\
name: first
endpoint_name: credit-nightly
type: model
model: azureml:credit-default:1
code_configuration: {code: ../src, scoring_script: batch.py}
environment: azureml:sklearn-env@latest
compute: azureml:cpu-cluster
resources: {instance_count: 3}
settings:
  mini_batch_size: 25
  output_action: append_row
  error_threshold: 7
  environment_variables: {LOG: info}
"""
)


def test_an_endpoint_of_batches_and_its_deployment(tmp_path: Path) -> None:
    files = {"1.yml": ENVIRONMENT, "2.yml": BATCH_ENDPOINT, "3.yml": BATCH_DEPLOYMENT}
    found = imported("azureml", [laid(tmp_path / "az", files)], tmp_path / "new")
    assert findings(tmp_path / "new") == []
    nightly: dict[str, Any] = spec_of(found, "deployment/nightly.yaml")
    assert {key: nightly.get(key) for key in ("model", "runtime", "mode", "replicas", "variables")} == {
        "model": "credit-default",
        "runtime": "sklearn-env",
        "mode": "batch",
        "replicas": 3,
        "variables": {"LOG": "info"},
    }
    target = spec_of(found, f"target/{nightly['target']}.yaml")
    assert {key: target.get(key) for key in ("type", "compute", "mini_batch", "endpoint_prefix")} == {
        "type": "azureml",
        "compute": "cpu-cluster",
        "mini_batch": 25,
        "endpoint_prefix": "credit-",
    }
    lost = told(found)
    for words in ("error_threshold", "code_configuration: batch.py"):
        assert any(words in one for one in lost), lost
    again = rendered(tmp_path / "new")
    endpoint = yaml.load(again["generated/dev/azureml/nightly/4-batch-endpoint.yaml"], Loader=LOADER)
    assert (endpoint["name"], endpoint["auth_mode"]) == ("credit-nightly", "aad_token")


def test_batches_without_a_cluster_answer_here(tmp_path: Path) -> None:
    files = {"1.yml": ENVIRONMENT, "2.yml": BATCH_DEPLOYMENT.replace("compute: azureml:cpu-cluster\n", "")}
    found = imported("azureml", [laid(tmp_path / "az", files)], tmp_path / "new")
    nightly: dict[str, Any] = spec_of(found, "deployment/nightly.yaml")
    assert spec_of(found, f"target/{nightly['target']}.yaml") == {"type": "local"}
    lost = " ".join(told(found))
    assert "Batches need a cluster" in lost
    assert "that it answers in batches" in lost
    assert findings(tmp_path / "new") == []


def test_an_environment_without_a_digest_wants_one(tmp_path: Path) -> None:
    text = ENVIRONMENT.replace(IMAGE, "mcr.microsoft.com/azureml/base:latest").replace(
        "conda_file", "conda_file_"
    )
    laid(tmp_path, {"e.yml": text, "j.yml": JOB})
    found = translated("azureml", [tmp_path / "e.yml", tmp_path / "j.yml"], tmp_path / "new")
    assert any("pinned by its digest" in one for one in told(found))
    assert not any(file.startswith("runtime/") for file in found.texts)
    given = translated("azureml", [tmp_path / "e.yml", tmp_path / "j.yml"], tmp_path / "new", image=IMAGE)
    assert spec_of(given, "runtime/sklearn-env.yaml")["image"] == IMAGE


@pytest.mark.parametrize(
    "text",
    [
        SCHEMA.format("workspace") + "name: x\n",
        "a: 1\n",
        "",
        ENDPOINT,
        SCHEMA.format("schedule") + "name: s\n",
    ],
)
def test_what_is_no_file_to_import_is_refused(text: str, tmp_path: Path) -> None:
    found = refusals("azureml", [laid(tmp_path, {"a.yml": text}) / "a.yml"], tmp_path / "new")
    assert "import-unreadable" in [one.rule for one in found if one.severity == "error"]


OWN = (
    Path(__file__).parents[1]
    / "backends"
    / "__snapshots__"
    / "test_azureml"
    / "generated"
    / "prod"
    / "azureml"
    / "risk"
)


def test_what_mlc_wrote_is_written_again(tmp_path: Path) -> None:
    """But for what only the search tells, which is of an estimator that is in none of the files."""
    found = imported("azureml", [OWN], tmp_path / "new")
    assert sorted(one.split(" is not")[0].split(": ")[1] for one in told(found)) == [
        "the schedule lending-prod-drifting_monitor",
        "the sweep",
    ]
    assert "Describe it as a `monitor`" in " ".join(told(found))
    assert findings(tmp_path / "new") == []
    again = rendered(tmp_path / "new")
    for name in ("1-environment.yaml", "7-component.yaml", "8-job.yaml", "9-schedule.yaml"):
        before = yaml.load((OWN / name).read_text(encoding="utf-8"), Loader=LOADER)
        assert yaml.load(again[f"generated/prod/azureml/risk/{name}"], Loader=LOADER) == before, name
