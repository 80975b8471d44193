"""The mlserver backend on MLServer itself: its settings classes, and its server with a real model.

Asked for by name (`make test-platforms`), and then a missing MLServer is a failure, never a skip.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

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
from backends.project import SPECS, graph_of
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import verify

PROGRAM = data.path(".checkers", "mlserver", "bin", "mlserver")
SECONDS = 60


class Server(NamedTuple):
    http: str
    grpc: str


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    return loans()


@pytest.fixture(scope="module")
def learned(table: tuple[np.ndarray, np.ndarray]) -> Any:
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), [0]), (OneHotEncoder(), [1]), (MinMaxScaler(), [2])
    )
    return Pipeline([("features", columns), ("estimator", LogisticRegression())]).fit(*table)


@pytest.fixture(scope="module")
def onnx_bytes(learned: Any) -> bytes:
    """As the driver of the export writes it."""
    from mlc.drivers._convert import to_onnx

    return to_onnx(learned, TYPES, 21)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, onnx_bytes: bytes) -> Iterator[Server]:
    assert PROGRAM.is_file(), f"{PROGRAM} is not there: run `make checkers` first"
    folder = tmp_path_factory.mktemp("mlserver")
    http, grpc, metrics = free_ports(3)
    target = {"target.servers": {"type": "mlserver", "http_port": http, "grpc_port": grpc}}
    backends = load_backends((data.path("templates"),))
    for artifact in emit(graph_of(SPECS | target), backends, first_environment=True):
        if artifact.backend == "mlserver":
            Path(folder, PurePosixPath(artifact.path).name).write_bytes(artifact.content)
    Path(folder, "model.onnx").write_bytes(onnx_bytes)
    # in a container it listens on every interface; a test keeps to its own machine
    settings = Path(folder, "settings.json")
    settings.write_text(settings.read_text().replace('"0.0.0.0"', '"127.0.0.1"'))
    log = Path(folder, "log.txt")
    with log.open("wb") as opened:
        process = subprocess.Popen(
            [PROGRAM, "start", "."],
            cwd=folder,
            stdout=opened,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath, "HOME": str(folder), "MLSERVER_METRICS_PORT": str(metrics)},
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{http}/v2/models/default_risk/ready", process, log, SECONDS)
        yield Server(f"http://127.0.0.1:{http}", f"127.0.0.1:{grpc}")
    finally:
        process.terminate()
        process.wait(SECONDS)


def test_settings_are_accepted_by_mlserver() -> None:
    backends = load_backends((data.path("templates"),))
    backend = next(backend for backend in backends if backend.name == "mlserver")
    emitted = [
        artifact
        for artifact in emit(graph_of(SPECS), backends, True)
        if artifact.backend == "mlserver" and artifact.path.endswith(".json")
    ]
    assert [verify(artifact, backend).outcome for artifact in emitted] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("name", "field", "value", "finding"),
    [
        ("settings.json", "http_port", "eighty", "http_port"),
        ("settings.json", "htp_port", 80, "htp_port: MLServer has no such field"),
        ("model-settings.json", "inputs", [{"name": "a", "datatype": "FLOAT", "shape": [1]}], "datatype"),
        ("model-settings.json", "inputs", [{"name": "a", "datatype": "FP32"}], "shape"),
        ("model-settings.json", "implementation", None, "implementation"),
        ("model-settings.json", "parameters", {"url": "./model.onnx"}, "parameters.url"),
    ],
)
def test_broken_settings_are_rejected(name: str, field: str, value: Any, finding: str) -> None:
    import msgspec

    backends = load_backends((data.path("templates"),))
    backend = next(backend for backend in backends if backend.name == "mlserver")
    emitted = emit(graph_of(SPECS), backends, True)
    artifact = next(artifact for artifact in emitted if artifact.path.endswith(f"/{name}"))
    content = json.dumps({**json.loads(artifact.content), field: value}).encode()
    found = verify(msgspec.structs.replace(artifact, content=content), backend)
    assert found.outcome == "rejected"
    assert any(finding in text for text in found.findings), found


def test_server_says_what_the_signature_says(server: Server) -> None:
    metadata = call(f"{server.http}/v2/models/default_risk")
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["income", "purpose", "member"]
    assert [tensor["datatype"] for tensor in metadata["outputs"]] == ["INT64", "FP32"]


def test_server_answers_as_the_estimator_does(
    server: Server, learned: Any, table: tuple[np.ndarray, np.ndarray]
) -> None:
    rows = table[0]
    answer = call(f"{server.http}/v2/models/default_risk/infer", request(rows))
    outputs = {output["name"]: output for output in answer["outputs"]}
    assert outputs["label"]["shape"] == [40]
    assert outputs["probabilities"]["shape"] == [40, 2]
    np.testing.assert_array_equal(outputs["label"]["data"], learned.predict(rows))
    found = np.array(outputs["probabilities"]["data"]).reshape(40, 2)
    np.testing.assert_allclose(found, learned.predict_proba(rows), atol=1e-5)


def test_server_answers_over_grpc(server: Server, learned: Any, table: tuple[np.ndarray, np.ndarray]) -> None:
    rows = [row for row in table[0].tolist() if not math.isnan(row[0])]
    command = [str(PROGRAM.parent / "python"), "-c", GRPC_CLIENT, server.grpc, json.dumps(rows)]
    result = subprocess.run(command, capture_output=True, check=True, timeout=SECONDS, text=True)
    wanted = learned.predict_proba(np.array(rows, dtype=object))
    np.testing.assert_allclose(np.array(json.loads(result.stdout)), wanted, atol=1e-5)


GRPC_CLIENT = """
import json, sys
import numpy as np
from tritonclient import grpc
address, rows = sys.argv[1], json.loads(sys.argv[2])
inputs = []
columns = {"income": ("FP32", np.float32), "purpose": ("BYTES", np.object_), "member": ("BOOL", np.bool_)}
for i, (name, (datatype, dtype)) in enumerate(columns.items()):
    values = np.array([[row[i]] for row in rows], dtype=dtype)
    inputs.append(grpc.InferInput(name, values.shape, datatype))
    inputs[-1].set_data_from_numpy(values)
answer = grpc.InferenceServerClient(address).infer("default_risk", inputs)
print(json.dumps(answer.as_numpy("probabilities").tolist()))
"""


def test_server_refuses_what_the_signature_does_not_take(
    server: Server, table: tuple[np.ndarray, np.ndarray]
) -> None:
    for inputs in unfit(table[0]):
        refusal = refused(f"{server.http}/v2/models/default_risk/infer", {"inputs": inputs})
        assert refusal.code in (400, 422), refusal.body
