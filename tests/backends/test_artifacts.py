"""Every artifact as a file of its own, and the official checkers on each of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from backends.project import SPECS, graph_of
from mlc import data
from mlc.emit import emit
from mlc.emit.verify import checks_of, verify_by
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

PATHS = [
    ".azure-pipelines/mlc-azure.yml",
    ".github/actions/mlc-main/action.yml",
    ".github/workflows/mlc-main.yml",
    ".gitlab/mlc-main.yml",
    "generated/prod/docker/risk_image/.dockerignore",
    "generated/prod/docker/risk_image/Dockerfile",
    "generated/prod/docker/risk_image/compose.yaml",
    "generated/prod/docker/risk_image/requirements.txt",
    "generated/prod/kserve/risk_online/inferenceservice.yaml",
    "generated/prod/kserve/risk_steady/inferenceservice.yaml",
    "generated/prod/mlserver/risk_server/mlc_onnx_runtime.py",
    "generated/prod/mlserver/risk_server/model-settings.json",
    "generated/prod/mlserver/risk_server/settings.json",
    "generated/prod/openapi/risk_local/openapi.yaml",
    "generated/prod/prometheus/risk/alertmanager.yml",
    "generated/prod/prometheus/risk/dashboard.json",
    "generated/prod/prometheus/risk/prometheus.yml",
    "generated/prod/prometheus/risk/rules.yml",
    "generated/prod/prometheus/risk/rules_test.yml",
]
SNAPSHOTS = [path for path in PATHS if not path.endswith(".py")]


def test_the_artifacts_are_these(artifacts: tuple[Artifact, ...]) -> None:
    assert [artifact.path for artifact in artifacts] == PATHS


@pytest.mark.parametrize("path", SNAPSHOTS)
def test_artifact(path: str, artifacts: tuple[Artifact, ...], artifact_file: SnapshotAssertion) -> None:
    artifact = next(artifact for artifact in artifacts if artifact.path == path)
    assert artifact.content == artifact_file(name=path)


def test_no_snapshot_is_left_over() -> None:
    folder = Path(__file__).parent / "__snapshots__" / Path(__file__).stem
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert files == set(SNAPSHOTS)


def test_the_runtime_of_mlserver_is_copied(artifacts: tuple[Artifact, ...]) -> None:
    copied = next(artifact for artifact in artifacts if artifact.path.endswith("mlc_onnx_runtime.py"))
    assert copied.content == data.path("templates", "mlserver", "mlc_onnx_runtime.py").read_bytes()


# What has an environment of its own or comes with apt: platforms/ holds these artifacts to their checkers.
ELSEWHERE = ("/mlserver/", "/openapi/", "/prometheus/")


@pytest.mark.parametrize("path", [path for path in PATHS if not any(one in path for one in ELSEWHERE)])
def test_official_checker(path: str, artifacts: tuple[Artifact, ...], backends: tuple[Backend, ...]) -> None:
    artifact = next(artifact for artifact in artifacts if artifact.path == path)
    backend = next(backend for backend in backends if backend.name == artifact.backend)
    checks = checks_of(artifact, backend)
    if not checks:
        assert path.endswith((".dockerignore", "requirements.txt")), "it has an official checker to name"
        return
    for check in checks:
        if check == "gitlab-ci-local":  # platforms/test_ci_platform.py
            continue
        found = verify_by(check, artifact)
        if found.outcome == "skipped" and check.startswith("crd"):
            pytest.skip(" ".join(found.findings))  # ../shared/official is absent
        assert (found.outcome, found.findings) == ("ok", ())


def test_other_environments_emit_no_pipeline(backends: tuple[Backend, ...]) -> None:
    later = emit(graph_of(SPECS, "dev"), backends, first_environment=False)
    assert len(later) == len([path for path in PATHS if not path.startswith(".")])
    assert all(artifact.path.startswith("generated/dev/") for artifact in later)


def test_emitting_twice_gives_the_same(
    artifacts: tuple[Artifact, ...], backends: tuple[Backend, ...]
) -> None:
    assert emit(graph_of(SPECS), backends, first_environment=True) == artifacts
