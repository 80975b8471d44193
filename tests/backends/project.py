"""A small project as a graph, made by hand from the kinds' own specs, operations and facts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from syrupy.extensions.single_file import SingleFileSnapshotExtension
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex

from mlc.ir.address import Address
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.ir.graph import Graph, Resource
from mlc.ir.node import wrap
from mlc.ir.span import start_of
from mlc.kinds import kind as kind_of
from mlc.kinds._kind import Scope

DIGEST = "sha256:" + "5f2e" * 16
REFERENCES = {
    "dataset": "dataset",
    "features": "features",
    "model": "model",
    "target": "target",
    "deployment": "deployment",
    "runtime": "runtime",
}

PROJECT: dict[str, Any] = {
    "mlc": 1,
    "project": "lending",
    "owner": "risk-ml",
    "environments": ["dev", "prod"],
}
SPECS: dict[str, dict[str, Any]] = {
    "dataset.loans": {
        "source": {"type": "file", "path": "data/loans.csv", "format": "csv"},
        "columns": {
            "loan_id": {"type": "string", "role": "id"},
            "income": {"type": "number", "unit": "EUR", "nullable": True},
            "purpose": {"type": "string", "values": ["car", "house"]},
            "member": {"type": "boolean"},
            "defaulted": {"type": "integer", "role": "label"},
        },
    },
    "features.applicant": {
        "groups": {
            "amounts": {"columns": ["income"], "impute": "median", "scale": "standard"},
            "flags": {"columns": ["member"]},
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
    "deployment.risk_local": {
        "description": "Scores applications, {{ $labels.instance }} and all",
        "openapi": True,
        "model": "default_risk",
        "target": "here",
    },
    "monitor.risk": {
        "deployment": "risk_local",
        "owner": "risk-on-call",
        "health": {"errors": {"max": 0.01}, "latency": {"max": "50ms", "quantile": 0.95}},
        "alerts": {
            "oncall": {
                "type": "webhook",
                "url": "https://oncall.example.com/mlc",
                "token_file": "/etc/alertmanager/oncall.token",
                "severities": ["critical"],
            },
            "team": {"type": "slack", "channel": "#risk", "url_file": "/etc/alertmanager/slack.url"},
        },
    },
    "pipeline.main": {
        "systems": ["github_actions", "gitlab_ci"],
        "gitlab": {"image": f"docker.io/library/python:3.11-bookworm@{DIGEST}", "tags": ["ml"]},
        "install": "python -m pip install --require-hashes -r requirements.txt",
        "apply": {
            "dev": {},
            "prod": {
                "approval": "production",
                "identity": {"role": "arn:aws:iam::123456789012:role/mlc-apply"},
            },
        },
        "schedules": {
            "mornings": {"cron": "30 5 * * 1-5", "run": "drift", "environments": ["dev", "prod"]},
            "sundays": {"cron": "0 3 * * 0", "run": "apply", "environments": ["prod"]},
        },
    },
    "pipeline.azure": {
        "systems": ["azure_pipelines"],
        "install": "python -m pip install --require-hashes -r requirements.txt",
        "folder": "ml/lending",
        "apply": {"dev": {}, "prod": {"approval": "production"}},
        "schedules": {
            "mornings": {"cron": "30 5 * * 1-5", "run": "drift", "environments": ["dev", "prod"]},
            "sundays": {"cron": "0 3 * * 0", "run": "apply", "environments": ["prod"]},
        },
    },
}


def graph_of(
    specs: dict[str, dict[str, Any]],
    environment: str = "prod",
    files: Mapping[str, str | None] | None = None,
    **project: Any,
) -> Graph:
    """A graph of typed resources, dependencies first, as `lower` would make it; `files` are texts that these name."""
    typed = msgspec.to_builtins(msgspec.convert({**PROJECT, **project}, kind_of("project").spec))
    scope = Scope(typed, environment, files or {})
    resources: dict[str, Resource] = {}
    for text, written in specs.items():
        address = Address.parse(text)
        kind = kind_of(address.kind)
        spec = msgspec.to_builtins(msgspec.convert(written, kind.spec))
        view = {"name": address.name, "kind": address.kind, **spec}
        for field, target in REFERENCES.items():
            if isinstance(view.get(field), str):
                view[field] = resources[f"{target}.{view[field]}"].view
        if "gates" in view:
            view["gates"] = [resources[f"gate.{gate}"].view for gate in view["gates"]]
        for share in view.get("shares", {}).values():
            share["deployment"] = resources[f"deployment.{share['deployment']}"].view
        resources[text] = Resource(
            address,
            spec,
            view,
            kind.facts(address, view, scope),
            wrap(written, start_of(f"{address.kind}/{address.name}.yaml")),
            kind.operations(address, view, scope),
        )
    return Graph(environment, typed, tuple(resources.values()), (), files=files or {})


def by_backend(artifacts: tuple[Artifact, ...], name: str) -> tuple[Artifact, ...]:
    return tuple(artifact for artifact in artifacts if artifact.backend == name)


class ArtifactFiles(SingleFileSnapshotExtension):
    """One file per artifact, at the artifact's own path, so that official checkers run on the file itself."""

    file_extension = ""

    @classmethod
    def discovery_dirname(cls, *, test_location: PyTestLocation) -> str:
        return cls.dirname(test_location=test_location)

    def is_snapshot_location(self, *, location: str) -> bool:
        return False  # syrupy, under xdist, calls some of them unused; test_no_snapshot_is_left_over looks itself

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        return Path(snapshot_location).is_relative_to(cls.dirname(test_location=test_location))

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        return str(Path(cls.dirname(test_location=test_location), str(index)))


def emitted(artifacts: tuple[Artifact, ...], path: str) -> Artifact:
    """The artifact whose path ends so."""
    return next(artifact for artifact in artifacts if artifact.path.endswith(path))


def named(backends: tuple[Backend, ...], name: str) -> Backend:
    return next(backend for backend in backends if backend.name == name)


def broken(artifact: Artifact, old: str, new: str) -> Artifact:
    """The artifact with a piece of its text replaced, which has to be there."""
    text = artifact.content.decode()
    assert old in text
    return msgspec.structs.replace(artifact, content=text.replace(old, new).encode())
