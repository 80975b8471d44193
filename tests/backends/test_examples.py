"""Every artifact of every example, in every environment, before its official checkers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from backends.project import named
from mlc import data
from mlc.emit.verify import checks_of, verify_by
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.pipeline import compile_project
from mlc.request import Request

EXAMPLES = sorted(file.parent for file in data.path("examples").glob("*/mlc.yaml"))
# These read what is not installed with mlc's own development packages.
MAY_BE_MISSING = (
    "crd",
    "schema",
    "kustomize",
    "mlserver",
    "gitlab-ci-local",
    "promtool",
    "amtool",
    "grafana",
    "openapi",
)
PLATFORMS = (
    "azureml",
    "checkov",
    "datacontract",
    "dvc",
    "katib",
    "kfp",
    "mlflow",
    "ray",
)  # seconds each: platforms/ runs them


@cache
def artifacts_of(example: Path) -> tuple[Artifact, ...]:
    validated, compiled = compile_project(Request(example, ("all",)))
    assert compiled, validated.diagnostics
    return tuple(artifact for one in compiled for artifact in one.artifacts)


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda folder: folder.name)
def test_official_checkers_accept_every_artifact(example: Path, backends: tuple[Backend, ...]) -> None:
    outcomes = {
        (artifact.path, found.checker): (found.outcome, found.findings)
        for artifact in artifacts_of(example)
        for check in checks_of(artifact, named(backends, artifact.backend))
        if check.split()[0] not in PLATFORMS
        for found in [verify_by(check, artifact, beside=artifacts_of(example))]
    }
    assert {key: found for key, found in outcomes.items() if found[0] == "rejected"} == {}
    skipped = {checker for (_, checker), found in outcomes.items() if found[0] == "skipped"}
    assert {checker for checker in skipped if not checker.startswith(MAY_BE_MISSING)} == set()
    assert ("ok", ()) in outcomes.values()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda folder: folder.name)
def test_compiling_twice_gives_the_same_bytes(example: Path) -> None:
    assert artifacts_of.__wrapped__(example) == artifacts_of(example)
