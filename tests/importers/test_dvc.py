"""Stages that mlc wrote come back as the resources that they were of; programs are taken over as far as they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from importers.project import LOADER, findings, imported, laid, refusals, rendered, spec_of, told, translated
from mlc import data, pipeline
from mlc.request import Request

SNAPSHOTS = Path(__file__).parents[1] / "backends" / "__snapshots__" / "test_dvc"


def artifacts(root: Path) -> dict[str, str]:
    """What a project renders for DVC, without the remark that names the file it comes from."""
    return {path: text for path, text in rendered(root).items() if "/dvc/" in path}


@pytest.mark.parametrize("example", ["bikes", "penguins", "tumours", "shuttle"])
def test_what_mlc_wrote_is_written_again(example: str, tmp_path: Path) -> None:
    """Every artifact of an example, as it is rendered from what its stages say of it."""
    original = data.path("examples", example)
    text = (original / "mlc.yaml").read_text(encoding="utf-8")
    opened = pipeline.open_project(original)
    if "\ndvc:" not in text:
        opened = pipeline.with_files(opened, {"mlc.yaml": text + "\ndvc: true\n"})
    validated = pipeline.validate(Request(original), opened)
    compiled = pipeline.compile_validated(validated, pipeline.backends())
    before = {
        artifact.path: artifact.content.decode("utf-8") for one in compiled for artifact in one.artifacts
    }
    stages = {path: content for path, content in before.items() if "/dvc/" in path}
    laid(tmp_path, stages)
    project = validated.checked[next(iter(validated.checked))].project
    found = imported("dvc", [tmp_path / "generated"], tmp_path / "new", project=project["project"])
    assert told(found) == []
    assert findings(tmp_path / "new") == findings(original)
    assert artifacts(tmp_path / "new") == stages


def test_a_part_of_an_environment_that_mlc_wrote(tmp_path: Path) -> None:
    found = imported("dvc", [SNAPSHOTS], tmp_path / "new", project="lending")
    assert told(found) == []
    again = artifacts(tmp_path / "new")
    for file in sorted(SNAPSHOTS.rglob("*.yaml")):
        path = file.relative_to(SNAPSHOTS).as_posix()
        if file.name == "params.yaml":
            assert holds(plain(again[path]), plain(file.read_text(encoding="utf-8"))), path


def holds(value: Any, part: Any) -> bool:
    """Whether a value says all that a part of it says: a younger mlc has fields that the snapshot has not."""
    if isinstance(part, dict):
        return isinstance(value, dict) and all(key in value and holds(value[key], part[key]) for key in part)
    return bool(value == part)


def plain(text: str) -> Any:
    """What a file says, without the kinds of views: the graph of that test was made by hand, without them."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(child) for key, child in value.items() if key != "kind"}
        return [bare(one) for one in value] if isinstance(value, list) else value

    return bare(yaml.load(text, Loader=LOADER))


def test_of_several_environments_one_is_taken(tmp_path: Path) -> None:
    text = (SNAPSHOTS / "generated/prod/dvc/dataset/loans/dvc.yaml").read_text(encoding="utf-8")
    params = (SNAPSHOTS / "generated/prod/dvc/dataset/loans/params.yaml").read_text(encoding="utf-8")
    laid(
        tmp_path,
        {
            "a/dvc.yaml": text,
            "a/params.yaml": params,
            "b/dvc.yaml": text.replace("prod", "dev"),
            "b/params.yaml": params,
        },
    )
    found = translated("dvc", [tmp_path / "a", tmp_path / "b"], tmp_path / "new")
    assert any("of another environment than prod" in one for one in told(found))
    assert spec_of(found, "mlc.yaml")["environments"] == ["prod"]


HAND = """\
stages:
  prepare:
    cmd: python src/prepare.py data/raw.csv
    deps: [data/raw.csv, src/prepare.py]
    params: [prepare.split]
    outs: [data/prepared/train.csv, data/prepared/test.csv]
  train:
    desc: fit the forest
    cmd: python src/train.py data/prepared model.pkl
    deps:
      - src/train.py
      - data/prepared/train.csv
      - data/prepared/test.csv
      - notes.txt
    params: [train]
    outs: [model.pkl]
    metrics: [{metrics.json: {cache: false}}]
  evaluate:
    cmd: python src/evaluate.py model.pkl
    deps: [model.pkl, src/evaluate.py]
    plots: [eval/roc.json]
metrics: [eval/metrics.json]
"""
PARAMS = "prepare: {split: 0.2}\ntrain:\n  n_estimators: 50\n  min_split: 0.1\n  seed: 42\n"


def test_a_program_becomes_code_that_is_to_be_written(tmp_path: Path) -> None:
    source = laid(tmp_path, {"dvc.yaml": HAND, "params.yaml": PARAMS, "dvc.lock": "schema: '2.0'\n"})
    found = imported("dvc", [source / "dvc.yaml"], tmp_path / "new")
    assert findings(tmp_path / "new") == []
    assert spec_of(found, "model/train.yaml") == {
        "description": "fit the forest",
        "task": "binary_classification",
        "dataset": "train",
        "features": "train",
        "train": {
            "estimator": "code.train.train",
            "params": {"n_estimators": 50, "min_split": 0.1},
            "seed": 42,
        },
    }
    assert spec_of(found, "mlc.yaml")["code"] == {"train": {"path": "src/train.py"}}
    assert spec_of(found, "dataset/train.yaml")["source"]["path"] == "data/prepared/train.csv"
    lost = told(found)
    for words in (
        "9: cmd of the stage train",
        "12: how data/prepared/train.csv is made",
        "13: deps: data/prepared/test.csv",
        "14: deps: notes.txt",
        "16: outs of the stage train",
        "17: metrics of the stage train",
        "3: the stage prepare",
        "19: the stage evaluate",
        "22: metrics",
        "1: dvc.lock",
    ):
        assert any(one.startswith(words) for one in lost), (words, lost)
    assert len(lost) == 10


def test_a_parameter_that_names_an_estimator_is_that_estimator(tmp_path: Path) -> None:
    params = PARAMS.replace("train:\n", "train:\n  model: RandomForestClassifier\n  max_depth: 4\n")
    source = laid(tmp_path, {"dvc.yaml": HAND, "params.yaml": params})
    found = imported("dvc", [source / "dvc.yaml"], tmp_path / "new")
    assert spec_of(found, "model/train.yaml")["train"] == {
        "estimator": "sklearn.ensemble.RandomForestClassifier",
        "params": {"max_depth": 4, "n_estimators": 50},
        "seed": 42,
    }
    assert any("train.min_split: 0.1" in one for one in told(found))
    assert "code" not in spec_of(found, "mlc.yaml")
    assert findings(tmp_path / "new") == []


def test_code_is_added_to_a_project_that_is_there(tmp_path: Path) -> None:
    root = laid(
        tmp_path / "p",
        {
            "mlc.yaml": "# ours\nmlc: 1  # the language\nproject: shop\nenvironments: [dev]\n",
            "env/dev.yaml": "{}\n",
        },
    )
    source = laid(tmp_path, {"dvc.yaml": HAND, "params.yaml": PARAMS})
    found = imported("dvc", [source / "dvc.yaml"], root, is_new=False)
    assert found.texts["mlc.yaml"].startswith("# ours\nmlc: 1  # the language\n")
    assert spec_of(found, "mlc.yaml")["code"] == {"train": {"path": "src/train.py"}}
    assert findings(root) == []
    again = translated("dvc", [source / "dvc.yaml"], root, is_new=False)
    assert "mlc.yaml" not in again.texts  # what is there stays


@pytest.mark.parametrize("text", ["", "a: 1\n", "stages: []\n", "stages: {a: {cmd: x}}\n"])
def test_what_trains_nothing_is_refused(text: str, tmp_path: Path) -> None:
    found = refusals("dvc", [laid(tmp_path, {"dvc.yaml": text}) / "dvc.yaml"], tmp_path / "new")
    assert [one.rule for one in found if one.severity == "error"] == ["import-unreadable"]


def test_a_secret_that_mlc_wrote_stays_one(tmp_path: Path) -> None:
    folder = SNAPSHOTS / "generated/prod/dvc/dataset/loans"
    params = (
        (folder / "params.yaml")
        .read_text(encoding="utf-8")
        .replace(
            "  type: file\n  path: data/loans.csv\n  format: csv\n",
            '  type: sql\n  url: "postgresql://reader@db.example/loans"\n  password: "${secret:DB}"\n  table: loans\n',
        )
    )
    laid(tmp_path, {"dvc.yaml": (folder / "dvc.yaml").read_text(encoding="utf-8"), "params.yaml": params})
    found = imported("dvc", [tmp_path / "dvc.yaml"], tmp_path / "new")
    assert spec_of(found, "dataset/loans.yaml")["source"]["password"] == "${secret:DB}"
    assert findings(tmp_path / "new") == []
