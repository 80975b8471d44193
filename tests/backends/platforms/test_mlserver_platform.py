"""The mlserver backend on MLServer itself: its settings classes, and its server with a real model.

Asked for by name (`make test-platforms`), and then a missing MLServer is a failure, never a skip.
"""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

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
    """Forty rows (income, purpose, member) and their labels, without randomness; some have no income."""
    rows = [
        [math.nan if i % 13 == 5 else float(1000 + 37 * i), ("car", "house")[i % 2], float(i % 3 == 0)]
        for i in range(40)
    ]
    return np.array(rows, dtype=object), np.array([int(i > 15) ^ (i % 2) for i in range(40)])


@pytest.fixture(scope="module")
def learned(table: tuple[np.ndarray, np.ndarray]) -> Any:
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), [0]), (OneHotEncoder(), [1]), (MinMaxScaler(), [2])
    )
    return Pipeline([("features", columns), ("estimator", LogisticRegression())]).fit(*table)


@pytest.fixture(scope="module")
def onnx_bytes(learned: Any) -> bytes:
    """As the driver of the export writes it: a boolean is a float in the graph."""
    from mlc.drivers._convert import to_onnx

    kinds = {"income": "number", "purpose": "string", "member": "boolean"}
    return to_onnx(learned, {name: {"type": kind} for name, kind in kinds.items()}, 21)


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
        wait_until_ready(f"http://127.0.0.1:{http}/v2/models/default_risk/ready", process, log)
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
    metadata = json.loads(call(f"{server.http}/v2/models/default_risk"))
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["income", "purpose", "member"]
    assert [tensor["datatype"] for tensor in metadata["outputs"]] == ["INT64", "FP32"]


def test_server_answers_as_the_estimator_does(
    server: Server, learned: Any, table: tuple[np.ndarray, np.ndarray]
) -> None:
    rows = table[0]
    answer = json.loads(call(f"{server.http}/v2/models/default_risk/infer", request(rows)))
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
    income, purpose, member = request(table[0])["inputs"]
    for inputs in (
        [income, purpose],
        [income, {**purpose, "name": "reason"}, member],
        [income, income, purpose, member],
        [{**income, "datatype": "INT64"}, purpose, member],
        [{**income, "shape": [39, 1], "data": income["data"][1:]}, purpose, member],
        [{**income, "shape": [41, 1]}, purpose, member],
        [{**income, "shape": [20, 2]}, purpose, member],
        [income, {**purpose, "data": [None, *purpose["data"][1:]]}, member],
        [income, {**purpose, "data": [7, *purpose["data"][1:]]}, member],
        [income, purpose, {**member, "data": ["yes", *member["data"][1:]]}],
        [{**income, "data": ["1000", *income["data"][1:]]}, purpose, member],
    ):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            call(f"{server.http}/v2/models/default_risk/infer", {"inputs": inputs})
        said = refusal.value.read()
        refusal.value.close()
        assert refusal.value.code in (400, 422), said


def request(rows: np.ndarray) -> dict[str, Any]:
    def column(index: int, name: str, datatype: str, read: Callable[[Any], Any]) -> dict[str, Any]:
        values = [read(row[index]) for row in rows]
        return {"name": name, "datatype": datatype, "shape": [len(rows), 1], "data": values}

    return {
        "inputs": [
            column(0, "income", "FP32", lambda value: None if math.isnan(value) else value),
            column(1, "purpose", "BYTES", str),
            column(2, "member", "BOOL", bool),
        ]
    }


def call(url: str, body: dict[str, Any] | None = None) -> bytes:
    content = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(url, content, {"Content-Type": "application/json"}), timeout=10
    ) as answer:
        read: bytes = answer.read()
    return read


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            call(url)
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"MLServer does not serve the model:\n{log.read_text()}")
