"""What every test of a backend is given, and which tests only run when they are asked for."""

from __future__ import annotations

import os

import pytest
from syrupy.assertion import SnapshotAssertion

from backends.project import SPECS, ArtifactFiles, graph_of
from mlc import data
from mlc.emit import emit, load_backends
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.ir.graph import Graph

# The platforms themselves are installed by `make checkers`: `make test-platforms` sets the variable, and then
# a platform that is missing is a failure.
collect_ignore = [] if os.environ.get("MLC_TEST_PLATFORMS") == "1" else ["platforms"]


@pytest.fixture(scope="session")
def backends() -> tuple[Backend, ...]:
    return load_backends((data.path("templates"),))


@pytest.fixture(scope="session")
def graph() -> Graph:
    return graph_of(SPECS)


@pytest.fixture(scope="session")
def artifacts(graph: Graph, backends: tuple[Backend, ...]) -> tuple[Artifact, ...]:
    return emit(graph, backends, first_environment=True)


@pytest.fixture
def artifact_file(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(ArtifactFiles)
