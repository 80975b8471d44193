"""A model of MLflow: its signature is a dataset, its environment a runtime, and what is in a pickle stays there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from importers.project import findings, imported, laid, refusals, spec_of, told, translated

IMAGE = "docker.io/library/python@sha256:" + "0" * 64

MLMODEL = """\
artifact_path: churn
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict_proba
    python_version: 3.11.4
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 1.9.1
mlflow_version: 3.1.0
model_size_bytes: 1234
model_uuid: 3f0c
run_id: 8f5e
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}, {"type": "string", "name":
    "plan", "required": false}, {"type": "datetime", "name": "since", "required": true}]'
  outputs: '[{"type": "long", "required": true}]'
  params: null
utc_time_created: '2025-01-01 00:00:00.000000'
"""
REQUIREMENTS = "mlflow==3.1.0\nscikit-learn==1.9.1  # the one that trained it\n# not this\nnumpy<3\n"
CONDA = (
    "channels: [conda-forge]\ndependencies:\n- python=3.11.4\n- pip<=23\n- {pip: [skops==0.16.0, pandas]}\n"
)


def folder(root: Path, **files: str) -> Path:
    named = {"MLmodel": MLMODEL} | {name.replace("__", "."): text for name, text in files.items()}
    return laid(root / "model", named)


def test_the_signature_is_a_dataset_and_the_environment_a_runtime(tmp_path: Path) -> None:
    source = folder(tmp_path, requirements__txt=REQUIREMENTS, conda__yaml=CONDA)
    found = imported("mlflow", [source], tmp_path / "new", image=IMAGE)
    assert findings(tmp_path / "new") == []
    assert spec_of(found, "dataset/churn.yaml")["columns"] == {
        "row": {"type": "integer", "role": "id", "unique": True},
        "age": {"type": "number"},
        "plan": {"type": "string", "nullable": True},
        "since": {"type": "datetime"},
        "label": {"type": "integer", "role": "label", "values": [0, 1]},
    }
    assert spec_of(found, "runtime/churn.yaml") == {
        "python": "3.11.4",
        "image": IMAGE,
        "packages": {"mlflow": "3.1.0", "scikit-learn": "1.9.1", "skops": "0.16.0"},
    }
    assert spec_of(found, "deployment/churn.yaml") == {"model": "churn", "target": "here", "runtime": "churn"}
    assert spec_of(found, "features/churn.yaml")["groups"]["times"]["dates"]["parts"]
    lost = told(found)
    assert any("pickled_model: model.pkl" in one and "to load it is to run it" in one for one in lost)
    assert "4: numpy<3 is not taken over. A runtime has each package at one exact version." in lost
    assert len(lost) == 3, lost  # and pandas, which has no version
    assert "run id 8f5e" in found.texts["model/churn.yaml"]


def test_without_an_image_there_is_no_runtime_and_that_is_told(tmp_path: Path) -> None:
    found = imported("mlflow", [folder(tmp_path, requirements__txt=REQUIREMENTS)], tmp_path / "new")
    assert not [file for file in found.texts if file.startswith("runtime/")]
    assert any("--image" in one.help for one in found.diagnostics)


def test_a_model_saved_by_skops_is_what_it_was(tmp_path: Path) -> None:
    rows = pl.DataFrame({"age": [20.0, 30, 40, 50], "plan": ["a", "b", "a", "b"]})
    model = make_pipeline(
        ColumnTransformer(
            [("n", StandardScaler(), ["age"]), ("w", OneHotEncoder(handle_unknown="ignore"), ["plan"])]
        ),
        LogisticRegression(C=0.25),
    ).fit(rows, np.array([0, 1, 0, 1]))
    text = (
        MLMODEL.replace("model.pkl", "model.skops")
        .replace("cloudpickle", "skops")
        .replace(', {"type": "datetime", "name": "since", "required": true}', "")
    )
    source = laid(tmp_path / "model", {"MLmodel": text})
    skops.io.dump(model, source / "model.skops")
    found = imported("mlflow", [source], tmp_path / "new", image=IMAGE)
    assert findings(tmp_path / "new") == []
    assert told(found) == []
    assert spec_of(found, "model/churn.yaml")["train"] == {
        "estimator": "sklearn.linear_model.LogisticRegression",
        "params": {"C": 0.25},
    }
    assert spec_of(found, "features/churn.yaml")["groups"] == {
        "n": {"columns": ["age"], "scale": "standard"},
        "w": {"columns": ["plan"], "encode": "one_hot"},
    }
    assert spec_of(found, "dataset/churn.yaml")["columns"]["plan"] == {
        "type": "string",
        "nullable": True,
        "values": ["a", "b"],
    }


def test_a_flavour_that_names_its_class_gives_the_estimator(tmp_path: Path) -> None:
    text = MLMODEL.replace(
        "  sklearn:\n    code: null\n    pickled_model: model.pkl\n",
        "  xgboost:\n    data: model.ubj\n"
        "    model_class: xgboost.sklearn.XGBClassifier\n    model_format: ubj\n    xgb_version: 3.2.0\n",
    )
    text = text.replace("    sklearn_version: 1.9.1\n", "").replace(
        "    serialization_format: cloudpickle\n", ""
    )
    found = imported(
        "mlflow",
        [laid(tmp_path / "m", {"MLmodel": text})],
        tmp_path / "new",
        task="binary_classification",
        image=IMAGE,
    )
    assert spec_of(found, "model/churn.yaml")["train"]["estimator"] == "xgboost.XGBClassifier"
    assert [one[: len("12: xgboost: data: model.ubj is not taken over.")] for one in told(found)] == [
        "12: xgboost: data: model.ubj is not taken over."
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            '"type": "double", "name": "age"',
            '"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}',
            "inputs of type tensor",
        ),
        ("  params: null\n", '  params: \'[{"name": "t"}]\'\n', "signature.params"),
        ("model_uuid: 3f0c\n", "model_uuid: 3f0c\nmetadata: {team: risk}\n", "metadata"),
    ],
)
def test_what_has_no_place_is_told(old: str, new: str, words: str, tmp_path: Path) -> None:
    source = laid(tmp_path / "m", {"MLmodel": MLMODEL.replace(old, new)})
    found = imported("mlflow", [source], tmp_path / "new")
    assert any(words in one for one in told(found)), told(found)
    assert findings(tmp_path / "new") == []


def test_numbers_are_a_regression(tmp_path: Path) -> None:
    source = laid(tmp_path / "m", {"MLmodel": MLMODEL.replace('[{"type": "long"', '[{"type": "double"')})
    found = imported("mlflow", [source], tmp_path / "new")
    assert spec_of(found, "model/churn.yaml")["task"] == "regression"
    assert findings(tmp_path / "new") == []


@pytest.mark.parametrize("text", ["a: 1\n", "", "[]", "flavors\n"])
def test_what_is_no_mlmodel_is_refused(text: str, tmp_path: Path) -> None:
    found = refusals("mlflow", [laid(tmp_path / "m", {"MLmodel": text})], tmp_path / "new")
    assert next(one.rule for one in found if one.severity == "error") == "import-unreadable"


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    (found,) = refusals("mlflow", [laid(tmp_path / "m", {"other.txt": ""})], tmp_path / "new")
    assert "holds no MLmodel file" in found.detail


def test_several_models_of_one_folder_are_several_resources(tmp_path: Path) -> None:
    laid(tmp_path / "all", {"a/MLmodel": MLMODEL.replace("churn", "model"), "b/MLmodel": MLMODEL})
    found = translated("mlflow", [tmp_path / "all"], tmp_path / "new")
    assert {"model/a.yaml", "model/churn.yaml"} <= set(found.texts)
