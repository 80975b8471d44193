"""The embedded server, as a process of its own, asked over HTTP."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mlc.drivers import local
from mlc.drivers.server import Limits, serve
from mlc.ir.operation import StepFailed
from stages.serve._model import SIGNATURE, deploy, place, request

INFER = "/v2/models/churn/infer"


@contextmanager
def server(folder: Path, **limits: Any) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Its URL and its process, which is ended by its own id."""
    import msgspec

    program = [sys.executable, str(Path(__file__).with_name("_serve.py")), str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [*program, msgspec.json.encode({"poll": 0.05, **limits}).decode()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                process.wait(10)
                assert process.stderr is not None
                pytest.fail(process.stderr.read())
            yield url, process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root = tmp_path_factory.mktemp("project")
    deploy(root)
    with server(place(root), body=100_000, rows=500) as (url, _), httpx.Client(base_url=url) as asked:
        yield asked


def outputs(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    told: list[dict[str, Any]] = response.json()["outputs"]
    return {one["name"]: one for one in told}


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def until(what: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_it_says_what_it_is(client: httpx.Client) -> None:
    assert client.get("/v2").json()["name"] == "mlc"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    for path in ("/v2/models/churn", "/v2/models/churn/versions/1"):
        told = client.get(path).json()
        assert (told["name"], told["versions"], told["platform"]) == ("churn", ["1"], "onnx_onnxv1")
        assert {side: told[side] for side in ("inputs", "outputs")} == SIGNATURE
        assert client.get(f"{path}/ready").json() == {"name": "churn", "ready": True}


def test_it_answers_what_the_model_says(client: httpx.Client) -> None:
    body = request(38, 41.5, 60)
    for path in (INFER, "/v2/models/churn/versions/1/infer"):
        answer = client.post(path, json={**body, "id": "seven"})
        told = answer.json()
        assert (told["model_name"], told["model_version"], told["id"]) == ("churn", "1", "seven")
        found = outputs(answer)
        assert found["label"] == {"name": "label", "datatype": "INT64", "shape": [3], "data": [0, 1, 1]}
        assert (found["probabilities"]["datatype"], found["probabilities"]["shape"]) == ("FP32", [3, 2])
        ones = found["probabilities"]["data"][1::2]
        assert ones == pytest.approx([sigmoid(-2), sigmoid(1.5), sigmoid(20)], abs=1e-6)


def test_texts_and_booleans_reach_the_model(client: httpx.Client) -> None:
    found = outputs(client.post(INFER, json=request(28, city="paris", member=True)))
    assert found["probabilities"]["data"][1] == pytest.approx(sigmoid(3), abs=1e-6)


def test_nested_data_is_the_same_as_flat(client: httpx.Client) -> None:
    flat, nested = request(30, 50), request(30, 50)
    for one in nested["inputs"]:
        one["data"] = [[value] for value in one["data"]]
    assert outputs(client.post(INFER, json=nested)) == outputs(client.post(INFER, json=flat))


def test_one_output_may_be_asked_for(client: httpx.Client) -> None:
    found = outputs(client.post(INFER, json={**request(50), "outputs": [{"name": "label"}]}))
    assert list(found) == ["label"]


def test_many_rows_give_what_single_rows_give(client: httpx.Client) -> None:
    ages = [20 + row * 0.1 for row in range(500)]
    together = outputs(client.post(INFER, json=request(*ages)))["probabilities"]["data"]
    assert together[1::2] == pytest.approx([sigmoid(age - 40) for age in ages], abs=1e-5)


def changed(**changes: Any) -> dict[str, Any]:
    body = request(30, 40)
    body["inputs"][0].update(changes)
    return body


BAD_REQUESTS = {
    "not an object": ([1], "must be an object"),
    "no inputs": ({}, '"inputs" must be a list'),
    "inputs of another type": ({"inputs": {"age": 1}}, '"inputs" must be a list'),
    "an input that is none": ({"inputs": ["age"]}, "inputs[0] must be an object"),
    "an unknown input": (changed(name="aeg"), 'no input "aeg"'),
    "a missing input": ({"inputs": request(30)["inputs"][:1]}, "city, member are missing"),
    "a very long name": (changed(name="x" * 50_000), 'no input "' + 80 * "x" + '". Its'),
    "an input twice": ({"inputs": request(30)["inputs"] * 2}, '"age" is given twice'),
    "another datatype": (changed(datatype="FP64"), "must have FP32"),
    "no datatype": (changed(datatype=None), "must have FP32"),
    "another shape": (changed(shape=[1, 2]), "must be [rows, 1]"),
    "a flat shape": (changed(shape=[2]), "must be [rows, 1]"),
    "a shape of texts": (changed(shape=["2", "1"]), "must be [rows, 1]"),
    "a negative shape": (changed(shape=[-1, 1]), "must be [rows, 1]"),
    "no rows": (changed(shape=[0, 1], data=[]), "must be [rows, 1]"),
    "too little data": (changed(data=[30]), "says it has 2 rows, and its data has 1"),
    "too much data": (changed(data=[30, 40, 50]), "and its data has 3"),
    "no data": (changed(data=None), "must be a list"),
    "ragged data": (changed(data=[[30], [40, 50]]), "one value each"),
    "deep data": (changed(data=[[[30]], [[40]]]), "must be a number"),
    "a text for a number": (changed(data=[30, "40"]), "must be a number"),
    "a truth for a number": (changed(data=[30, True]), "must be a number"),
    "a number too large": (changed(data=[30, 1e39]), "too large for FP32"),
    "an integer too large": (changed(data=[30, 10**60]), "too large for FP32"),
    "a number for a text": (request(30, city=5), 'Row 0 of the input "city" is 5, and must be a text'),
    "null for a text": (request(30, city=None), "never missing"),
    "a NUL in a text": (request(30, city="a\0b"), "NUL character"),
    "a number for a truth": (request(30, member=1), "must be true or false"),
    "rows that differ": (changed(shape=[1, 1], data=[30]), "different numbers of rows: 1, 2"),
    "too many rows": (request(*range(501)), "The request has 501 rows, and one may have 500"),
    "an unknown output": ({**request(30), "outputs": [{"name": "labels"}]}, 'no output "labels"'),
    "outputs that are none": ({**request(30), "outputs": "label"}, '"outputs" must be a list'),
    "an id that is no text": ({**request(30), "id": 7}, '"id" must be a text'),
    "a binary tensor": (changed(parameters={"binary_data_size": 8}), "JSON only"),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_what_does_not_fit_is_refused_with_a_reason(client: httpx.Client, case: str) -> None:
    body, says = BAD_REQUESTS[case]
    answer = client.post(INFER, json=body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]


NOT_JSON = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"inputs": [NaN]}',
    b'{"inputs": [1e999]}',
    b'{"id": "\\ud800"}',
]


@pytest.mark.parametrize("body", NOT_JSON)
def test_what_is_not_json_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post(INFER, content=body)
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["error"]


def test_a_missing_number_reaches_the_model_and_no_answer_is_made_up(client: httpx.Client) -> None:
    """This model computes with it, so its answer is not a number; JSON has none, and null would be a lie."""
    answer = client.post(INFER, json=request(30, None))
    assert answer.status_code == 500
    assert answer.json()["error"] == 'The model gives no finite "probabilities" for row 1.'


def test_the_wrong_place_is_said(client: httpx.Client) -> None:
    for path in ("/v2/models/chrun", "/v2/models/churn/versions/9", "/v2/models/churn/versions/9/ready"):
        assert client.get(path).status_code == 404
    for path in ("/v2/models/chrun/infer", "/v2/models/churn/versions/9/infer"):
        answer = client.post(path, json=request(30))
        assert answer.status_code == 404
        assert "error" in answer.json()
    answer = client.get("/nothing")
    assert (answer.status_code, answer.json()) == (404, {"error": "Not Found: GET /nothing."})
    answer = client.get(INFER)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == {"error": f"Method Not Allowed: GET {INFER}."}


def test_a_large_body_is_refused_whatever_its_head_says(client: httpx.Client) -> None:
    answer = client.post(INFER, content=b"x" * 100_001)
    assert answer.status_code == 413
    assert "100,000 bytes" in answer.json()["error"]

    def chunks() -> Iterator[bytes]:
        for _ in range(11):
            yield b"x" * 10_000

    assert client.post(INFER, content=chunks()).status_code == 413
    assert client.post(INFER, json=request(30)).status_code == 200


def test_binary_tensors_are_refused(client: httpx.Client) -> None:
    answer = client.post(INFER, json=request(30), headers={"Inference-Header-Content-Length": "10"})
    assert answer.status_code == 400
    assert "binary" in answer.json()["error"]


def test_metrics_count_what_was_asked(client: httpx.Client) -> None:
    def measured(name: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    names = [
        'mlc_requests_total{status="200"}',
        'mlc_requests_total{status="400"}',
        'mlc_errors_total{reason="bad_request"}',
        "mlc_request_seconds_count",
        "mlc_rows_total",
    ]
    before = {name: measured(name) for name in names}
    client.post(INFER, json=request(30, 40, 50))
    client.post(INFER, json={})
    assert [measured(name) - before[name] for name in names] == [1, 1, 1, 2, 3]
    assert 'mlc_model_info{deployment="web"' in client.get("/metrics").text


def test_many_clients_at_once_get_their_own_answers(client: httpx.Client) -> None:
    async def ask(asked: httpx.AsyncClient, age: float) -> tuple[float, float]:
        response = await asked.post(INFER, json=request(age))
        return age, outputs(response)["probabilities"]["data"][1]

    async def all_of_them() -> list[tuple[float, float]]:
        limits = httpx.Limits(max_connections=32)
        async with httpx.AsyncClient(base_url=client.base_url, limits=limits, timeout=60) as asked:
            return await asyncio.gather(*(ask(asked, 30 + number * 0.05) for number in range(400)))

    answers = asyncio.run(all_of_them())
    assert len(answers) == 400
    for age, one in answers:
        assert one == pytest.approx(sigmoid(age - 40), abs=1e-5)


def test_a_new_bundle_takes_over_and_no_request_is_lost(tmp_path: Path) -> None:
    deploy(tmp_path, 1)
    with server(place(tmp_path)) as (url, _), httpx.Client(base_url=url) as asked:
        seen: list[tuple[str, float]] = []
        stop = threading.Event()

        def keep_asking() -> None:
            with httpx.Client(base_url=url) as own:
                while not stop.is_set():
                    response = own.post(INFER, json=request(40))
                    one = outputs(response)["probabilities"]["data"][1]
                    seen.append((response.json()["model_version"], one))

        thread = threading.Thread(target=keep_asking)
        thread.start()
        try:
            until(lambda: len(seen) > 20)
            deploy(tmp_path, 2, bias=3.0)
            until(lambda: seen[-1][0] == "2")
            more = len(seen) + 20
            until(lambda: len(seen) > more)
        finally:
            stop.set()
            thread.join()
        versions = [version for version, _ in seen]
        assert versions == sorted(versions)
        for version, one in seen:
            assert one == pytest.approx(0.5 if version == "1" else sigmoid(3), abs=1e-6)
        assert asked.get("/v2/models/churn").json()["versions"] == ["2"]
        metrics = asked.get("/metrics").text
        assert 'mlc_reloads_total{outcome="served"} 1.0' in metrics
        assert 'version="2"' in metrics
        assert 'version="1"' not in metrics


def test_a_refused_bundle_leaves_the_old_one_answering(tmp_path: Path) -> None:
    deploy(tmp_path, 1)
    pointer = (place(tmp_path) / "current").read_bytes()
    with server(place(tmp_path)) as (url, _), httpx.Client(base_url=url) as asked:
        deploy(tmp_path, 2, bias=3.0)
        until(lambda: asked.get("/v2/models/churn").json()["versions"] == ["2"])
        (old,) = (place(tmp_path) / "versions").glob("1-*")
        (old / "model.onnx").chmod(0o600)
        (old / "model.onnx").write_bytes(b"something else")
        (place(tmp_path) / "current").unlink()
        until(lambda: asked.get("/v2/health/ready").status_code == 503)
        assert asked.post(INFER, json=request(40)).json()["model_version"] == "2"
        (place(tmp_path) / "current").write_bytes(pointer)
        until(lambda: 'mlc_reloads_total{outcome="refused"}' in asked.get("/metrics").text)
        assert asked.post(INFER, json=request(40)).json()["model_version"] == "2"
        deploy(tmp_path, 3)
        until(lambda: asked.get("/v2/health/ready").status_code == 200)
        assert asked.get("/v2/models/churn").json()["versions"] == ["3"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_requests_under_way(tmp_path: Path, number: signal.Signals) -> None:
    deploy(tmp_path)
    with server(place(tmp_path)) as (url, process):
        host, port = url.removeprefix("http://").split(":")
        body = httpx.Request("POST", url, json=request(50)).content
        head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with socket.create_connection((host, int(port)), timeout=10) as slow:
            slow.sendall(head + body[:10])
            time.sleep(0.2)
            process.send_signal(number)
            time.sleep(0.2)
            assert process.poll() is None
            slow.sendall(body[10:])
            assert slow.recv(100).startswith(b"HTTP/1.1 200")
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/v2")


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    deploy(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StepFailed) as failed:
            serve(place(tmp_path), "127.0.0.1", port, lambda _: None, Limits())
    assert failed.value.diagnostics[0].rule == "address-in-use"


def test_nothing_deployed_is_said(tmp_path: Path) -> None:
    with pytest.raises(StepFailed) as failed:
        serve(place(tmp_path), "127.0.0.1", 0, lambda _: None)
    assert failed.value.diagnostics[0].rule == "bundle-refused"
    assert "mlc apply" in failed.value.diagnostics[0].help


def test_an_undeployed_server_says_it_is_not_ready(tmp_path: Path) -> None:
    deploy(tmp_path)
    with server(place(tmp_path)) as (url, _), httpx.Client(base_url=url) as asked:
        assert local.remove(tmp_path, "prod", "web")
        until(lambda: asked.get("/v2/health/ready").status_code == 503)
        assert asked.get("/v2/models/churn/ready").status_code == 503
        assert asked.get("/v2/health/live").status_code == 200
