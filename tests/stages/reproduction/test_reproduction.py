"""A version made anew on what is as good as another machine, and what is said where other bytes come out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import msgspec

from mlc import reproduction
from mlc.ir.reproduction import Remade, Reproduction
from mlc.kinds import _schemas

PROJECT = Path(__file__).parents[2] / "acceptance" / "projects" / "small"
ELSEWHERE = {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "OMP_NUM_THREADS": "1"}


def _mlc(folder: Path, *words: str, **environment: str) -> str:
    command = [sys.executable, "-P", "-m", "mlc.cli.main", *words]
    done = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_another_folder_clock_language_and_number_of_cores_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "on another" / "machine"
    shutil.copytree(PROJECT, first)
    _mlc(first, "apply", "--yes", "-q")
    shutil.copytree(PROJECT, second)
    shutil.copytree(first / ".mlc" / "registry", second / ".mlc" / "registry")

    said = _mlc(second, "registry", "verify", "churn:1", "--retrain", "--format", "json", **ELSEWHERE)

    found = msgspec.json.decode(said)
    jsonschema.validate(found, _schemas.read("registry-verify"))
    assert [one["role"] for one in found["files"]] == [
        role for role in reproduction.MADE_AGAIN if role != "validation"
    ]
    assert all(one["now"] == one["registered"] for one in found["files"])
    assert found["reproduced"] is True
    assert not (second / ".mlc" / "state").exists()
    assert not list((second / ".mlc").glob("retrain-*"))


def _made(*differing: str, tools: tuple[str, ...] = ()) -> Reproduction:
    files = [
        Remade(role, "a" * 64, "b" * 64 if role in differing else "a" * 64)
        for role in reproduction.MADE_AGAIN
    ]
    return Reproduction(
        name="churn", number=3, environment="dev", reproduced=not differing, files=files, tools=[*tools]
    )


def test_other_data_are_the_reason_before_other_packages() -> None:
    found = reproduction.why(_made("train", "model", tools=("polars was 2.0, and is 2.1 here",)))
    assert found.rule == "not-reproduced"
    assert "The train data are not those that it learned from." in found.detail
    assert "polars" not in found.detail


def test_other_packages_are_the_reason_before_chance() -> None:
    found = reproduction.why(_made("model", "onnx", tools=("scikit-learn was 1.9.0, and is 1.9.1 here",)))
    assert "scikit-learn was 1.9.0, and is 1.9.1 here" in found.detail
    assert "model and onnx" in found.detail


def test_where_nothing_else_is_known_it_was_chance() -> None:
    found = reproduction.why(_made("model"))
    assert "left to chance" in found.detail
    assert "seed" in found.help
