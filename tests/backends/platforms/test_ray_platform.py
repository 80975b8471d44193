"""The ray backend on Ray itself: its own schema of a Serve configuration, and Ray Serve with a real model.

Asked for by name (`make test-platforms`), and then a missing Ray is a failure, never a skip.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from backends.cluster_project import SPECS
from backends.platforms.v2_server import (
    TYPES,
    call,
    free_ports,
    loans,
    refused,
    request,
    unfit,
    wait_until_ready,
)
from backends.project import broken, emitted, graph_of
from mlc import data
from mlc.drivers._convert import to_onnx
from mlc.emit import emit, load_backends
from mlc.emit.verify import verify_by

BIN = data.path(".checkers", "ray", "bin")
SECONDS = 180
BACKENDS = load_backends((data.path("templates"),))
ALL = emit(graph_of(SPECS), BACKENDS, first_environment=True)
CONFIGURATIONS = [
    artifact.path for artifact in ALL if artifact.path.endswith(("serve.yaml", "rayservice.yaml"))
]


@pytest.mark.parametrize("path", CONFIGURATIONS)
def test_ray_takes_the_configuration(path: str) -> None:
    found = verify_by("ray", emitted(ALL, path))
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("serve.yaml", "import_path: mlc_ray_app:application", "import_path: mlc_ray_app", "import_path"),
        (
            "serve.yaml",
            "target_ongoing_requests: 8",
            "target_ongoing_requests: eight",
            "target_ongoing_requests",
        ),
        ("serve.yaml", "max_replicas: 4", "max_replicas: 0", "max_replicas"),
        ("serve.yaml", "name: Model\n", "title: Model\n", "deployments.0.name"),
        ("rayservice.yaml", "num_cpus: 0.25", "num_cpus: -1", "num_cpus"),
        ("rayservice.yaml", "max_replicas: 4", "most_replicas: 4", "most_replicas: Ray has no such field"),
    ],
)
def test_broken_configuration_is_rejected(file: str, old: str, new: str, finding: str) -> None:
    found = verify_by("ray", broken(emitted(ALL, f"ray/risk_ray/{file}"), old, new))
    assert found.outcome == "rejected"
    assert any(finding in text for text in found.findings), found.findings


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    return loans()


@pytest.fixture(scope="module")
def learned(table: tuple[np.ndarray, np.ndarray]) -> Any:
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), MinMaxScaler()), [0]), (OneHotEncoder(), [1]), ("passthrough", [2])
    )
    return Pipeline([("features", columns), ("estimator", LogisticRegression())]).fit(*table)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, learned: Any) -> Iterator[str]:
    """The emitted configuration, run by Ray's own command in the folder of the artifacts."""
    assert (BIN / "serve").is_file(), f"{BIN / 'serve'} is not there: run `make checkers` first"
    folder = tmp_path_factory.mktemp("ray")
    (port,) = free_ports(1)
    specs = {**SPECS, "deployment.risk_ray": {**SPECS["deployment.risk_ray"], "port": port}}
    for artifact in emit(graph_of(specs), BACKENDS, first_environment=True):
        if "/ray/risk_ray/" in artifact.path:
            # on a cluster it listens on every interface; a test keeps to its own machine
            content = artifact.content.replace(b'"0.0.0.0"', b'"127.0.0.1"')
            Path(folder, PurePosixPath(artifact.path).name).write_bytes(content)
    Path(folder, "model.onnx").write_bytes(to_onnx(learned, TYPES, 21))
    log = Path(folder, "log.txt")
    environment = {
        "PATH": f"{BIN}:{os.defpath}",
        "HOME": str(folder),
        "PYTHONPATH": str(folder),
        "RAY_ADDRESS": "local",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": "/tmp",  # its sockets' paths are short
    }
    with log.open("wb") as opened_log:
        process = subprocess.Popen(
            [BIN / "serve", "run", "serve.yaml"],
            cwd=folder,
            stdout=opened_log,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/v2/health/ready", process, log, SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_it_answers_as_the_estimator_does(
    server: str, learned: Any, table: tuple[np.ndarray, np.ndarray]
) -> None:
    rows = table[0]
    answer = call(f"{server}/v2/models/default_risk/infer", {"id": "7", **request(rows)})
    outputs = {output["name"]: output for output in answer["outputs"]}
    assert answer["id"] == "7"
    assert outputs["label"]["shape"] == [40]
    np.testing.assert_array_equal(outputs["label"]["data"], learned.predict(rows))
    found = np.array(outputs["probabilities"]["data"]).reshape(40, 2)
    np.testing.assert_allclose(found, learned.predict_proba(rows), atol=1e-5)


def test_it_says_what_the_signature_says(server: str) -> None:
    metadata = call(f"{server}/v2/models/default_risk")
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["income", "purpose", "member"]
    assert [tensor["datatype"] for tensor in metadata["inputs"]] == ["FP32", "BYTES", "BOOL"]


def test_it_refuses_what_the_signature_does_not_take(
    server: str, table: tuple[np.ndarray, np.ndarray]
) -> None:
    for inputs in unfit(table[0]):
        refusal = refused(f"{server}/v2/models/default_risk/infer", {"inputs": inputs})
        assert refusal.code == 400
        assert json.loads(refusal.body)["error"]
    assert refused(f"{server}/v2/models/another").code == 404
