"""The dvc backend on DVC itself: it reads every stage, and `dvc repro` gives what `mlc apply` gives.

Asked for by name (`make test-platforms`), and then a missing DVC is a failure, never a skip.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backends.project import SPECS, broken, emitted, graph_of
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import official, verify_by
from mlc.ir.artifact import Artifact

DVC = data.path(".checkers", "dvc", "bin", "dvc").resolve()
BACKENDS = load_backends((data.path("templates"),))
MEASURED = {"measure", "gate", "report", "card"}
"""Steps whose results hold the time that a prediction took."""


def stages_of(specs: dict[str, dict[str, Any]]) -> tuple[Artifact, ...]:
    return emit(graph_of(specs, dvc=True), BACKENDS, first_environment=True)


ALL = stages_of(SPECS)
STAGES = [artifact.path for artifact in ALL if artifact.path.endswith("/dvc.yaml")]
SERVER = emitted(ALL, "dvc/deployment/risk_server/dvc.yaml")


@pytest.mark.parametrize("path", STAGES)
def test_dvc_reads_every_stage(path: str) -> None:
    found = verify_by("dvc", emitted(ALL, path), beside=ALL)
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("    cmd:", "    command:", "extra keys not allowed"),
        ("stages:", "steps:", "extra keys not allowed"),
        ("mlc apply --yes", "mlc apply ${yes}", "Could not find 'yes'"),
        ("promote.json: {cache: false,", "promote.json: {cache: sometimes,", "second copy"),
        ("deps:\n", "deps:\n      - generated/prod/dvc/deployment/risk_server/promote.json\n", ""),
        ("mlserver/risk_server/model.onnx:", "models/default_risk/README.md:", ""),
    ],
)
def test_broken_stages_are_rejected(old: str, new: str, finding: str) -> None:
    found = verify_by("dvc", broken(SERVER, old, new), beside=ALL)
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


def test_hostile_texts_are_read_as_they_are() -> None:
    """One description after the other would take minutes: DVC reads a dataset for each of them at once."""
    texts = [
        text for text in dict.fromkeys(json.loads(official("naughty_strings.json").read_bytes())) if text
    ]
    loans = SPECS["dataset.loans"]
    specs = {
        f"dataset.d{i}": {**loans, "description": text} for i, text in enumerate([*texts, "${x}", "\\${x}"])
    }
    found = stages_of(specs)
    verified = verify_by("dvc", emitted(found, "dataset/d0/dvc.yaml"), beside=found)
    assert (verified.outcome, verified.findings) == ("ok", ())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "bikes"
    shutil.copytree(
        data.path("examples", "bikes"), folder, ignore=shutil.ignore_patterns(".mlc", "generated")
    )
    return folder


def run(folder: Path, *words: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # DVC would tell its makers that it was used
    environment = {
        **os.environ,
        "PATH": path,
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / ".site"),
    }
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def outputs(folder: Path) -> dict[str, Any]:
    state = json.loads(run(folder, "mlc", "state", "pull", "--env", "dev"))
    return {
        name: one["outputs"]
        for name, one in state["operations"].items()
        if name.rpartition("/")[2] not in MEASURED
    }


def test_dvc_reproduces_what_apply_does(project: Path, tmp_path: Path) -> None:
    applied = tmp_path / "applied"
    shutil.copytree(project, applied)
    run(applied, "mlc", "apply", "--yes", "--env", "dev")

    run(project, "mlc", "render", "--env", "dev", "--out", ".")
    run(project, str(DVC), "init", "--no-scm")
    edges = [line for line in run(project, str(DVC), "dag", "--dot").splitlines() if "->" in line]
    assert len(edges) == 4
    run(project, str(DVC), "repro", "-R", "generated/dev")
    assert outputs(project) == outputs(applied)
    assert not (project / ".dvc" / "cache" / "files").exists()
    assert "up to date" in run(project, str(DVC), "status", "-R", "generated/dev")
    assert "mae" in run(project, str(DVC), "metrics", "show", "--json")

    # a layer of the model changed: the dataset's stage stays as it is
    env = project / "env" / "dev.yaml"
    env.write_text(
        env.read_text() + "patch: {model: {demand: {candidates: {linear: {params: {alpha: 2.0}}}}}}\n"
    )
    run(project, "mlc", "render", "--env", "dev", "--out", ".")
    said = run(project, str(DVC), "repro", "-R", "generated/dev")
    assert "dataset-bikes' didn't change, skipping" in said
    assert "Running stage 'generated/dev/dvc/model/demand/dvc.yaml:model-demand'" in said
