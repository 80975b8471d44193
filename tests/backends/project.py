"""A small project as a graph, made by hand from the kinds' own specs, operations and facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension

from mlc import data
from mlc.emit import emit, load_backends
from mlc.ir.address import Address
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.ir.graph import Graph, Resource
from mlc.ir.node import wrap
from mlc.ir.span import start_of
from mlc.kinds import kind as kind_of
from mlc.kinds._kind import Scope

DIGEST = "sha256:" + "5f2e" * 16
REFERENCES = {"dataset": "dataset", "features": "features", "model": "model", "target": "target", "runtime": "runtime"}

PROJECT: dict[str, Any] = {"mlc": 1, "project": "lending", "owner": "risk-ml", "environments": ["dev", "prod"]}
SPECS: dict[str, dict[str, Any]] = {
    "dataset.loans": {
        "source": {"type": "file", "path": "data/loans.csv", "format": "csv"},
        "columns": {
            "loan_id": {"type": "string", "role": "id"},
            "income": {"type": "number", "unit": "EUR"},
            "purpose": {"type": "string", "values": ["car", "house"]},
            "defaulted": {"type": "integer", "role": "label"},
        },
    },
    "features.applicant": {
        "groups": {
            "amounts": {"columns": ["income"], "scale": "standard"},
            "categories": {"columns": ["purpose"], "encode": "one_hot"},
        }
    },
    "model.default_risk": {
        "task": "binary_classification",
        "dataset": "loans",
        "features": "applicant",
        "train": {"estimator": "sklearn.linear_model.LogisticRegression"},
    },
    "runtime.python": {
        "python": "3.11",
        "image": f"docker.io/library/python:3.11-slim-bookworm@{DIGEST}",
        "packages": {"onnxruntime": "1.32.0", "numpy": "2.4.6"},
    },
    "target.containers": {"type": "docker", "repository": "ghcr.io/acme/lending"},
    "target.cluster": {
        "type": "kserve",
        "namespace": "risk",
        "storage": "s3://acme-models/",
        "serving_runtime": "kserve-tritonserver",
        "service_account": "model-reader",
    },
    "target.servers": {"type": "mlserver"},
    "target.here": {"type": "local"},
    "deployment.risk_image": {
        "description": 'Scores "new" applications at $0 each',
        "model": "default_risk",
        "target": "containers",
        "runtime": "python",
    },
    "deployment.risk_online": {
        "model": "default_risk",
        "target": "cluster",
        "alias": "production",
        "resources": {"cpu": "500m", "memory": "512Mi"},
        "autoscaling": {"min": 2, "max": 6, "concurrency": 8},
    },
    "deployment.risk_steady": {"model": "default_risk", "target": "cluster", "replicas": 3},
    "deployment.risk_server": {"model": "default_risk", "target": "servers"},
    "deployment.risk_local": {"model": "default_risk", "target": "here"},
    "pipeline.main": {
        "systems": ["github_actions"],
        "install": "python -m pip install --require-hashes -r requirements.txt",
        "apply": {"dev": {}, "prod": {"approval": "production"}},
    },
}

GraphOf = Callable[..., Graph]


def graph_of(specs: dict[str, dict[str, Any]], environment: str = "prod", **project: Any) -> Graph:
    """A graph of typed resources, dependencies first, as `lower` would make it."""
    typed = msgspec.to_builtins(msgspec.convert({**PROJECT, **project}, kind_of("project").spec))
    scope = Scope(typed, environment)
    resources: dict[str, Resource] = {}
    for text, written in specs.items():
        address = Address.parse(text)
        kind = kind_of(address.kind)
        spec = msgspec.to_builtins(msgspec.convert(written, kind.spec))
        view = {"name": address.name, **spec}
        for field, target in REFERENCES.items():
            if isinstance(view.get(field), str):
                view[field] = resources[f"{target}.{view[field]}"].view
        resources[text] = Resource(
            address,
            spec,
            view,
            kind.facts(address, view, scope),
            wrap(written, start_of(f"{address.kind}/{address.name}.yaml")),
            kind.operations(address, view, scope),
        )
    return Graph(environment, typed, tuple(resources.values()), ())


@pytest.fixture(scope="session")
def backends() -> tuple[Backend, ...]:
    return load_backends((data.path("templates"),))


@pytest.fixture(scope="session")
def graph() -> Graph:
    return graph_of(SPECS)


@pytest.fixture(scope="session")
def artifacts(graph: Graph, backends: tuple[Backend, ...]) -> tuple[Artifact, ...]:
    return emit(graph, backends, first_environment=True)


def by_backend(artifacts: tuple[Artifact, ...], name: str) -> tuple[Artifact, ...]:
    return tuple(artifact for artifact in artifacts if artifact.backend == name)


class ArtifactFiles(SingleFileSnapshotExtension):
    """One file per artifact, of the artifact's own name, so that official checkers run on the file itself."""

    @classmethod
    def get_snapshot_name(cls, *, test_location: Any, index: Any = 0) -> str:
        return PurePosixPath(str(index)).name

    @classmethod
    def dirname(cls, *, test_location: Any) -> str:
        return str(Path(test_location.filepath).parent / "snapshots")

    @classmethod
    def get_location(cls, *, test_location: Any, index: Any) -> str:
        # GitHub's own folder would be taken for a workflow of this repository's
        return str(Path(cls.dirname(test_location=test_location), str(index).replace(".github/", "github/")))


@pytest.fixture
def artifact_file(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(ArtifactFiles)
