"""A registry on MLflow's own server: all that every shape does, and what others do in MLflow's pages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mlc.drivers.registry import Registry
from mlc.drivers.registry.mlflow import BytesInArtifacts
from mlc.store.mlflow import Mlflow, suppress_missing
from platforms.servers import Server, mlflow
from stages.registry.conformance import *  # noqa: F403 - the tests of every shape
from stages.registry.conformance import Shape

NUMBERS = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with mlflow() as started:
        yield started


@pytest.fixture
def client(server: Server) -> Iterator[Mlflow]:
    found = Mlflow(server.url)
    for name in ("churn", "fraud"):
        with suppress_missing():
            found.delete("registered-models/delete", name=name)
    yield found
    found.close()


@pytest.fixture
def spec(server: Server) -> dict[str, Any]:
    return {"type": "mlflow", "uri": server.url, "experiment": f"registry {next(NUMBERS)}"}


@pytest.fixture
def shape(client: Mlflow, spec: dict[str, Any], tmp_path: Path) -> Shape:  # noqa: ARG001 - no model is there
    return Shape(tmp_path, spec, overwrite_artifact)


def overwrite_artifact(registry: Registry, digest: str, content: bytes) -> None:
    files = registry.files
    assert isinstance(files, BytesInArtifacts)
    files.keep(digest, content)
