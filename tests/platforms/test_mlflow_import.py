"""`mlc import --from mlflow` of models that MLflow itself has saved."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
import yaml

from mlc.cli.main import run
from mlc.drivers._onnx import open_session
from mlc.drivers.registry import open_registry, show
from mlc.kinds.registry import DEFAULT
from platforms.servers import CHECKERS

IMAGE = "docker.io/library/python@sha256:" + "0" * 64
SAVE = Path(__file__).with_name("_saved_by_mlflow.py")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    subprocess.run([CHECKERS / "mlflow/bin/python", SAVE, folder], check=True, capture_output=True)
    return folder


def imported(source: Path, root: Path) -> None:
    asked = ["--name", "churn", "--image", IMAGE, "--task", "binary_classification", "--yes"]
    assert run(["import", "--from", "mlflow", str(source), "--new", str(root), *asked]) == 0
    assert run(["-C", str(root), "validate"]) == 0
    assert run(["-C", str(root), "plan", "--detailed-exitcode"]) == 2


def spec(root: Path, file: str) -> dict[str, object]:
    read: dict[str, object] = yaml.safe_load((root / file).read_text())
    return read


def test_one_saved_by_skops_trains_the_same_model(saved: Path, tmp_path: Path) -> None:
    imported(saved / "skops", tmp_path / "new")
    assert spec(tmp_path / "new", "model/churn.yaml")["train"] == {
        "estimator": "sklearn.linear_model.LogisticRegression",
        "params": {"C": 0.5},
    }
    assert spec(tmp_path / "new", "features/churn.yaml")["groups"] == {
        "numbers": {"columns": ["age", "income"], "scale": "standard"},
        "words": {"columns": ["plan"], "encode": "one_hot"},
    }
    rows = pl.read_csv(saved / "rows.csv")
    (tmp_path / "new/data").mkdir()
    rows.drop("said").write_csv(tmp_path / "new/data/churn.csv")
    assert run(["-C", str(tmp_path / "new"), "apply", "--yes", "-q"]) == 0

    registry = msgspec.to_builtins(DEFAULT)
    digest = show(tmp_path / "new", registry, "churn:1").entry.digest
    session = open_session(open_registry(tmp_path / "new", registry).files.path(digest))
    given = {
        "age": rows["age"].to_numpy().astype(np.float32).reshape(-1, 1),
        "income": rows["income"].to_numpy().astype(np.float32).reshape(-1, 1),
        "plan": rows["plan"].to_numpy().astype(object).reshape(-1, 1),
    }
    (label,) = session.run(["label"], given)
    same = float(np.mean(np.asarray(label).ravel() == rows["said"].to_numpy()))
    assert same > 0.95, "it learned from a part of the rows that MLflow's had"


def test_one_that_was_pickled_is_not_loaded(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(saved / "cloudpickle", tmp_path / "new")
    assert "to load it is to run it" in capsys.readouterr().err.replace("\n ", "")
    runtime = spec(tmp_path / "new", "runtime/churn.yaml")
    assert runtime["image"] == IMAGE
    assert {"mlflow", "scikit-learn", "pandas"} <= {*runtime["packages"]}  # type: ignore[misc]
