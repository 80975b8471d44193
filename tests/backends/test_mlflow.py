"""What can be held of MLflow's files without MLflow; `platforms/` asks MLflow itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from backends.project import SPECS, emitted, graph_of
from mlc.emit import emit
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

TRACKED = {"mlflow": {"uri": "https://mlflow.example"}}
MLFLOW: dict[str, Any] = {
    **SPECS,
    "model.default_risk": {**SPECS["model.default_risk"], "track": TRACKED},
    "target.scorers": {"type": "mlflow"},
    "deployment.risk_scorer": {
        "model": "default_risk",
        "target": "scorers",
        "runtime": "python",
        "port": 5001,
        "replicas": 2,
    },
}


@pytest.fixture
def of_mlflow(backends: tuple[Backend, ...]) -> tuple[Artifact, ...]:
    found = emit(graph_of(MLFLOW), backends, first_environment=True)
    return tuple(one for one in found if one.backend == "mlflow")


def test_what_is_emitted(of_mlflow: tuple[Artifact, ...]) -> None:
    below = "generated/prod/mlflow"
    assert [one.path for one in of_mlflow] == [
        f"{below}/models/default_risk/MLproject",
        *(
            f"{below}/risk_scorer/{name}"
            for name in ("MLmodel", "MLproject", "python_env.yaml", "requirements.txt")
        ),
    ]


def test_a_model_that_is_not_tracked_has_no_project(backends: tuple[Backend, ...]) -> None:
    found = emit(graph_of(SPECS), backends, first_environment=True)
    assert not [one for one in found if one.backend == "mlflow"]


def test_without_a_runtime_mlflow_makes_no_environment(backends: tuple[Backend, ...]) -> None:
    bare = {name: value for name, value in MLFLOW["deployment.risk_scorer"].items() if name != "runtime"}
    found = emit(graph_of({**MLFLOW, "deployment.risk_scorer": bare}), backends, first_environment=True)
    paths = [one.path for one in found if "/risk_scorer/" in one.path]
    assert not any(path.endswith(("python_env.yaml", "requirements.txt")) for path in paths)
    described = yaml.safe_load(emitted(found, "risk_scorer/MLmodel").content)
    assert "env" not in described["flavors"]["python_function"]


def test_the_signature_is_the_graphs(of_mlflow: tuple[Artifact, ...]) -> None:
    described = yaml.safe_load(emitted(of_mlflow, "risk_scorer/MLmodel").content)
    inputs = json.loads(described["signature"]["inputs"])
    assert {one["name"]: one["tensor-spec"]["dtype"] for one in inputs} == {
        "income": "float32",
        "purpose": "str",
        "member": "float32",
    }, "a boolean is 0 or 1 in the graph"
    assert all(one["tensor-spec"]["shape"] == [-1, 1] for one in inputs)
    assert [one["name"] for one in json.loads(described["signature"]["outputs"])] == [
        "label",
        "probabilities",
    ]


def test_all_that_a_deployment_says_is_in_the_command(of_mlflow: tuple[Artifact, ...]) -> None:
    project = yaml.safe_load(emitted(of_mlflow, "risk_scorer/MLproject").content)
    command = project["entry_points"]["main"]["command"]
    assert command.endswith("--host 127.0.0.1 --port 5001 --workers 2")


@pytest.mark.parametrize("hostile", ['a", "b": "', "\u2028", "{x}", "a\\", "- b: c"])
def test_hostile_column_names_stay_names(hostile: str, backends: tuple[Backend, ...]) -> None:
    loans, applicant = MLFLOW["dataset.loans"], MLFLOW["features.applicant"]
    columns = {(hostile if name == "income" else name): column for name, column in loans["columns"].items()}
    groups = {**applicant["groups"], "amounts": {"columns": [hostile]}}
    specs = {
        **MLFLOW,
        "dataset.loans": {**loans, "columns": columns},
        "features.applicant": {"groups": groups},
    }
    found = emit(graph_of(specs), backends, first_environment=True)
    described = yaml.safe_load(emitted(found, "risk_scorer/MLmodel").content)
    assert json.loads(described["signature"]["inputs"])[0]["name"] == hostile
