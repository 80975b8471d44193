"""The kserve backend's predictor on KServe's Python server itself, started as the emitted objects start it.

Asked for by name (`make test-platforms`), and then a missing KServe is a failure, never a skip.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import yaml

from backends.cluster_project import SPECS
from backends.platforms.test_mlserver_platform import learned, onnx_bytes, table  # noqa: F401 - fixtures
from backends.platforms.v2_server import ask, call, free_ports, refused, request, unfit, wait_until_ready
from backends.project import emitted, graph_of
from mlc import data
from mlc.emit import emit, load_backends

PYTHON = data.path(".checkers", "kserve", "bin", "python")
SECONDS = 60
NOBODY = 65534
Table = tuple[np.ndarray, np.ndarray]


class Emitted:
    """What is emitted for the target with KServe's Python server, laid out as on a cluster."""

    def __init__(self, folder: Path, port: int) -> None:
        assert PYTHON.is_file(), f"{PYTHON} is not there: run `make checkers` first"
        target = SPECS["target.python"]
        specs = {**SPECS, "target.python": {**target, "container": {**target["container"], "port": port}}}
        artifacts = emit(graph_of(specs), load_backends((data.path("templates"),)), first_environment=True)
        self.code, self.models = folder / "code", folder / "models"
        for one in (self.code, self.models):
            one.mkdir()
        for artifact in artifacts:
            if "/kserve/python/" in artifact.path:
                Path(self.code, PurePosixPath(artifact.path).name).write_bytes(artifact.content)
        self.runtime = yaml.safe_load(emitted(artifacts, "kserve/python/servingruntime.yaml").content)
        self.service = yaml.safe_load(emitted(artifacts, "risk_python/inferenceservice.yaml").content)

    @property
    def container(self) -> dict[str, Any]:
        (found,) = self.runtime["spec"]["containers"]
        return dict(found)

    def command(self) -> list[str]:
        """What the container runs, with KServe's places on this machine, as a user who may write nothing there."""
        places = {"/mnt/mlc": str(self.code), "/mnt/models": str(self.models)}
        places |= {"{{.Name}}": self.service["metadata"]["name"]}
        words = [*self.container["command"], *self.container["args"]]
        for place, here in places.items():
            words = [word.replace(place, here) for word in words]
        assert words[0] == "python"
        nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        return [*(nobody if os.geteuid() == 0 else []), str(PYTHON), *words[1:]]

    def environment(self) -> dict[str, str]:
        variables = [*self.container["env"], *self.service["spec"]["predictor"]["model"]["env"]]
        told = {one["name"]: one["value"] for one in variables}
        return {"PATH": os.defpath, "HOME": str(self.code), "TMPDIR": str(self.code), **told}


def folder() -> Iterator[Path]:
    """A folder that nobody in particular may read, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="mlc", dir="/tmp") as made:
        Path(made).chmod(0o755)
        yield Path(made)


open_folder = pytest.fixture(name="open_folder")(folder)
served_folder = pytest.fixture(name="served_folder", scope="module")(folder)


@pytest.fixture(scope="module")
def server(served_folder: Path, onnx_bytes: bytes) -> Iterator[str]:  # noqa: F811
    (port,) = free_ports(1)
    there = Emitted(served_folder, port)
    (there.models / "model.onnx").write_bytes(onnx_bytes)
    log = served_folder / "log.txt"
    with log.open("wb") as opened:
        process = subprocess.Popen(
            there.command(), cwd="/", stdout=opened, stderr=subprocess.STDOUT, env=there.environment()
        )
    url = f"http://127.0.0.1:{port}"
    try:
        probe = there.container["readinessProbe"]["httpGet"]
        assert probe["port"] == port
        wait_until_ready(url + probe["path"], process, log, SECONDS)
        yield url
    finally:
        process.terminate()
        process.wait(SECONDS)


MODEL = "/v2/models/risk-python"


def test_it_is_ready_and_alive(server: str) -> None:
    assert call(f"{server}/v2/health/ready") == {"ready": True}
    assert call(f"{server}/v2/health/live") == {"live": True}
    assert call(f"{server}{MODEL}/ready") == {"name": "risk-python", "ready": True}


def test_it_says_what_the_signature_says(server: str) -> None:
    metadata = call(f"{server}{MODEL}")
    assert metadata["name"] == "risk-python"
    assert [(tensor["name"], tensor["datatype"]) for tensor in metadata["inputs"]] == [
        ("income", "FP32"),
        ("purpose", "BYTES"),
        ("member", "BOOL"),
    ]
    assert [tensor["datatype"] for tensor in metadata["outputs"]] == ["INT64", "FP32"]


def test_it_answers_as_the_estimator_does(server: str, learned: Any, table: Table) -> None:  # noqa: F811
    rows = table[0]
    answer = call(f"{server}{MODEL}/infer", {"id": "7", **request(rows)})
    assert (answer["id"], answer["model_name"]) == ("7", "risk-python")
    outputs = {output["name"]: output for output in answer["outputs"]}
    assert [outputs[name]["datatype"] for name in ("label", "probabilities")] == ["INT64", "FP32"]
    assert outputs["label"]["shape"] == [40]
    np.testing.assert_array_equal(outputs["label"]["data"], learned.predict(rows))
    found = np.array(outputs["probabilities"]["data"]).reshape(outputs["probabilities"]["shape"])
    np.testing.assert_allclose(found, learned.predict_proba(rows), atol=1e-5)


def test_it_answers_what_is_asked_for_alone(server: str, table: Table) -> None:  # noqa: F811
    asked = {**request(table[0][:1]), "outputs": [{"name": "label"}]}
    answer = call(f"{server}{MODEL}/infer", asked)
    assert [output["name"] for output in answer["outputs"]] == ["label"]
    refusal = refused(f"{server}{MODEL}/infer", {**asked, "outputs": [{"name": "price"}]})
    assert refusal.code == 400
    assert "no outputs ['price']" in json.loads(refusal.body)["error"]


def test_it_refuses_what_the_signature_does_not_take(server: str, table: Table) -> None:  # noqa: F811
    for inputs in unfit(table[0]):
        refusal = refused(f"{server}{MODEL}/infer", {"inputs": inputs})
        assert refusal.code == 400, refusal.body
        assert json.loads(refusal.body).keys() == {"error"}
        assert b"Traceback" not in refusal.body
    income, purpose, member = request(table[0][:1])["inputs"]
    for number in (10**400, -(10**400)):
        refusal = refused(
            f"{server}{MODEL}/infer", {"inputs": [{**income, "data": [number]}, purpose, member]}
        )
        assert refusal.code in (400, 422), refusal.body


def test_it_refuses_what_is_no_request(server: str) -> None:
    for body in (b"{", b"[]", b"{}", b'{"inputs": 7}', b"\xff", b'{"inputs": [{"name": "income"}]}'):
        refusal = refused(f"{server}{MODEL}/infer", body)
        assert refusal.code in (400, 422), (body, refusal)
        assert b"Traceback" not in refusal.body
    assert refused(f"{server}/v2/models/another").code == 404
    assert refused(f"{server}/v1/models/risk-python:predict", {"instances": [[1]]}).code == 400


def test_it_measures_itself(server: str, table: Table) -> None:  # noqa: F811
    call(f"{server}{MODEL}/infer", request(table[0]))
    metrics = ask(f"{server}/metrics").decode()
    (count,) = [line for line in metrics.splitlines() if line.startswith("request_predict_seconds_count")]
    assert 'model_name="risk-python"' in count
    assert float(count.rpartition(" ")[2]) >= 1


def test_it_does_not_start_without_the_model(open_folder: Path) -> None:
    there = Emitted(open_folder, *free_ports(1))
    (there.models / "model.txt").touch()
    assert "model.onnx, only ['model.txt']: put the version's model.onnx" in ended(there)


def test_it_does_not_start_with_another_model(open_folder: Path, onnx_bytes: bytes) -> None:  # noqa: F811
    there = Emitted(open_folder, *free_ports(1))
    (there.models / "model.onnx").write_bytes(onnx_bytes)
    (variable,) = there.service["spec"]["predictor"]["model"]["env"]
    variable["value"] = variable["value"].replace('"income"', '"wage"')
    assert "the InferenceService promises ['member', 'purpose', 'wage']" in ended(there)


def test_it_does_not_start_without_its_service(open_folder: Path) -> None:
    there = Emitted(open_folder, *free_ports(1))
    there.service["spec"]["predictor"]["model"]["env"] = []
    assert "'MLC_SIGNATURE' is not there: apply the InferenceService" in ended(there)


def ended(there: Emitted) -> str:
    """What the server says that ends at once, which is no traceback."""
    result = subprocess.run(
        there.command(),
        capture_output=True,
        text=True,
        cwd="/",
        env=there.environment(),
        timeout=SECONDS,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr
