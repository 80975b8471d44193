"""MLflow's own loaders on MLflow's files, three broken variants of each, and its server with a real model.

Asked for by name (`make test-platforms`), and then a missing MLflow is a failure, never a skip.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import yaml
from msgspec import structs

from backends.platforms.test_mlserver_platform import learned, onnx_bytes, table  # noqa: F401 - fixtures
from backends.project import emitted, graph_of
from backends.test_examples import artifacts_of
from backends.test_mlflow import MLFLOW
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import checks_of, verify
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from platforms.servers import answers, free_port

PROGRAM = data.path(".checkers", "mlflow", "bin", "mlflow")
SECONDS = 90
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

PROJECT, SERVED, MODEL, PYTHON = (
    "models/default_risk/MLproject",
    "risk_scorer/MLproject",
    "risk_scorer/MLmodel",
    "risk_scorer/python_env.yaml",
)


@pytest.fixture(scope="module")
def backend() -> Backend:
    (found,) = [one for one in load_backends((data.path("templates"),)) if one.name == "mlflow"]
    return found


def artifacts(port: int = 5001) -> tuple[Artifact, ...]:
    specs = {
        **MLFLOW,
        "deployment.risk_scorer": {**MLFLOW["deployment.risk_scorer"], "port": port, "replicas": 1},
    }
    return emit(graph_of(specs), load_backends((data.path("templates"),)), first_environment=True)


@pytest.mark.parametrize("path", [PROJECT, SERVED, MODEL, PYTHON])
def test_mlflow_takes_it(path: str, backend: Backend) -> None:
    found = verify(emitted(artifacts(), path), backend)
    assert (found.outcome, found.findings) == ("ok", ())


def test_mlflow_takes_what_the_examples_write(backend: Backend) -> None:
    """Each kind of file, of the example that uses them; the others have none."""
    checked = [
        verify(one, backend)
        for one in artifacts_of(data.path("examples", "tumours"))
        if one.backend == "mlflow" and checks_of(one, backend)
    ]
    assert [(found.outcome, found.findings) for found in checked] == [("ok", ())] * 2


def changed(text: dict[str, Any], *path: str, to: Any) -> None:
    for part in path[:-1]:
        text = text[part]
    if to is None:
        del text[path[-1]]
    else:
        text[path[-1]] = to


BROKEN: dict[str, list[tuple[tuple[str, ...], Any, str]]] = {
    PROJECT: [
        (("entry_points", "main"), None, "there is no main"),
        (("entry_points", "plan", "command"), "mlc plan --env {environment}", "environment"),
        (("docker_env",), {}, "docker_env"),
    ],
    SERVED: [
        (("entry_points",), {"serve": {"command": "mlflow models serve"}}, "there is no main"),
        (("entry_points", "main", "arguments"), ["--help"], "no such field"),
        (("conda_env",), "nowhere.yaml", "nowhere.yaml"),
    ],
    MODEL: [
        (("flavors", "python_function"), None, "python_function"),
        (("flavors", "python_function", "loader_module"), "mlflow.nothing", "mlflow.nothing"),
        (("signature", "inputs"), '[{"name": "income", "type": "tensr"}]', "cannot be read"),
    ],
    PYTHON: [
        (("python",), "three", "is no version"),
        (("dependencies",), None, "there are none"),
        (("build_dependencies",), {"pip": {}}, "cannot be read"),
    ],
}


@pytest.mark.parametrize(
    ("path", "where", "to", "says"),
    [(path, *one) for path, variants in BROKEN.items() for one in variants],
)
def test_mlflow_refuses_what_is_broken(
    path: str, where: tuple[str, ...], to: Any, says: str, backend: Backend
) -> None:
    artifact = emitted(artifacts(), path)
    text = yaml.safe_load(artifact.content)
    changed(text, *where, to=to)
    found = verify(structs.replace(artifact, content=yaml.safe_dump(text).encode()), backend)
    assert found.outcome == "rejected"
    assert says in " ".join(found.findings)


def test_not_yaml_at_all_is_refused(backend: Backend) -> None:
    for path in BROKEN:
        artifact = structs.replace(emitted(artifacts(), path), content=b"{: - [\n")
        assert verify(artifact, backend).outcome == "rejected"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, onnx_bytes: bytes) -> Iterator[str]:  # noqa: F811
    assert PROGRAM.is_file(), f"{PROGRAM} is not there: run `make checkers` first"
    folder, port = tmp_path_factory.mktemp("scorer"), free_port()
    for artifact in artifacts(port):
        if "/risk_scorer/" in artifact.path:
            Path(folder, PurePosixPath(artifact.path).name).write_bytes(artifact.content)
    (folder / "model.onnx").write_bytes(onnx_bytes)
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"
    tracked = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder.parent}/runs.db", "PATH": path}
    server = subprocess.Popen(
        [str(PROGRAM), "run", str(folder), "--env-manager", "local"],
        env={**os.environ, **QUIET, **tracked},
        cwd=folder.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + SECONDS
        while not answers(port):
            assert server.poll() is None, server.communicate()[1].decode()
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.communicate()


def test_mlflow_serves_it_and_answers_the_same(
    served: str,
    table: tuple[np.ndarray, np.ndarray],  # noqa: F811
    onnx_bytes: bytes,  # noqa: F811
) -> None:
    import onnxruntime

    rows = [row for row in table[0] if not np.isnan(row[0])][:8]
    columns = {
        "income": [[float(row[0])] for row in rows],
        "purpose": [[str(row[1])] for row in rows],
        "member": [[float(row[2])] for row in rows],
    }
    answer = asked(served, {"inputs": columns})["predictions"]
    session = onnxruntime.InferenceSession(onnx_bytes, providers=["CPUExecutionProvider"])
    types = {"income": np.float32, "purpose": np.object_, "member": np.float32}
    ours = session.run(None, {name: np.array(values, dtype=types[name]) for name, values in columns.items()})
    named = dict(zip([one.name for one in session.get_outputs()], ours, strict=True))
    told = np.array(answer["probabilities"], dtype=np.float64)
    assert np.abs(told - named["probabilities"]).max() <= 1e-6
    assert answer["label"] == named["label"].tolist()


def test_mlflow_refuses_a_request_that_lacks_a_column(served: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        asked(served, {"inputs": {"income": [[1.0]]}})
    assert refused.value.code == 400
    assert "missing inputs" in refused.value.read().decode()


def asked(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{url}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def test_an_entry_point_runs_mlc(tmp_path: Path) -> None:
    """`mlflow run` of a model's project, by the Python that mlc is installed in."""
    from faults.small import make_project, write
    from mlc.cli.main import run

    root = make_project(tmp_path / "small")
    uri = "http://127.0.0.1:1"
    write(
        root,
        "env/dev.yaml",
        f"description: Here.\npresets:\n  model: {{track: {{mlflow: {{uri: '{uri}'}}}}}}\n",
    )
    assert run(["render", "--out", str(root), "-C", str(root)]) == 0
    here = Path(sys.executable).parent
    done = subprocess.run(
        [str(PROGRAM), "run", "generated/dev/mlflow/models/risk", "--env-manager", "local", "-e", "plan"],
        env={
            **os.environ,
            **QUIET,
            "PATH": f"{here}:{os.environ['PATH']}",
            "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/runs.db",
        },
        cwd=root,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "model.risk" in done.stdout + done.stderr
