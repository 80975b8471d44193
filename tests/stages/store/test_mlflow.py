"""The client of MLflow against a server that answers as it is told; `tests/platforms` has MLflow's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mlc.drivers._mlflow import Told, param, points, reached, runs_changed
from mlc.ir.operation import Operation, Outcome, StepFailed
from mlc.store.mlflow import EXISTS, MISSING, Mlflow, MlflowError, as_map, pairs
from mlc.store.secrets import Secret

TOKEN = "canary-of-a-token"


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Played(NamedTuple):
    """`asked` are method, path, headers and body of each request; `answers` by the beginning of a path."""

    uri: str
    asked: list[tuple[str, str, dict[str, str], bytes]]
    answers: dict[str, Answer]


@pytest.fixture
def played() -> Iterator[Played]:
    asked: list[tuple[str, str, dict[str, str], bytes]] = []
    answers: dict[str, Answer] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.command, self.path, dict(self.headers), body))
            found = next(
                (one for path, one in answers.items() if self.path.startswith(path)), Answer(200, b"{}")
            )
            self.send_response(found.status)
            for name, value in found.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815 - as the class has it

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Played(f"http://127.0.0.1:{server.server_address[1]}", asked, answers)
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(played: Played) -> Iterator[Mlflow]:
    found = Mlflow(f"{played.uri}/below/", token=Secret(TOKEN))
    yield found
    found.close()


def error(code: str, message: str = "no") -> bytes:
    return json.dumps({"error_code": code, "message": message}).encode()


def test_it_asks_below_the_address_with_the_token(client: Mlflow, played: Played) -> None:
    client.post("runs/create", experiment_id="1", tags=pairs({"b": "2", "a": "1"}))
    client.get("runs/get", run_id="a b&c")
    (method, path, headers, body), (_, query, _, _) = played.asked
    assert (method, path) == ("POST", "/below/api/2.0/mlflow/runs/create")
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(body)["tags"] == [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    assert query == "/below/api/2.0/mlflow/runs/get?run_id=a+b%26c"
    assert TOKEN not in repr(vars(client)["_secrets"])


def test_a_name_and_a_password_are_sent_as_such(played: Played) -> None:
    client = Mlflow(played.uri, user="me", password=Secret("pass: word"))
    client.get("runs/get", run_id="1")
    client.close()
    assert played.asked[0][2]["Authorization"] == "Basic bWU6cGFzczogd29yZA=="


def test_artifacts_go_where_the_run_says(client: Mlflow, played: Played, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    client.put("mlflow-artifacts:/1/abc/artifacts/a b/é", tmp_path / "file")
    client.put("mlflow-artifacts://elsewhere:1/1/abc/artifacts/c", b"more")
    assert [(path, body) for _, path, _, body in played.asked] == [
        ("/below/api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts/a%20b/%C3%A9", b"content"),
        ("/below/api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts/c", b"more"),
    ]


@pytest.mark.parametrize("place", ["s3://bucket/1/abc", "file:///etc/passwd", "/etc/passwd", "dbfs:/x"])
def test_artifacts_elsewhere_are_refused(client: Mlflow, played: Played, place: str) -> None:
    with pytest.raises(MlflowError, match="--serve-artifacts"):
        client.put(place, b"")
    with pytest.raises(MlflowError, match="--serve-artifacts"):
        client.read(place)
    assert played.asked == []


@pytest.mark.parametrize(
    ("answer", "code", "says", "passing"),
    [
        (Answer(404, error(MISSING)), MISSING, "no", False),
        (Answer(400, error(EXISTS)), EXISTS, "no", False),
        (Answer(401, b"Unauthorized"), "401", "does not let this user in", False),
        (Answer(403, error("PERMISSION_DENIED")), "PERMISSION_DENIED", "does not let this user in", False),
        (Answer(503, b"<html>busy</html>"), "503", "busy", True),
        (Answer(429, b""), "429", "429", True),
        (
            Answer(500, error("INTERNAL_ERROR", f"with {TOKEN} in it")),
            "INTERNAL_ERROR",
            "with *** in it",
            False,
        ),
        (
            Answer(302, b"", (("Location", "https://elsewhere.example/"),)),
            "302",
            "which is not followed",
            False,
        ),
        (Answer(200, b"<html>a login page</html>"), "", "not of an MLflow server", False),
        (Answer(200, b"[1]"), "", "not of an MLflow server", False),
    ],
)
def test_what_a_server_answers_is_told(
    client: Mlflow, played: Played, answer: Answer, code: str, says: str, passing: bool
) -> None:
    played.answers["/"] = answer
    with pytest.raises(MlflowError) as failed:
        client.get("runs/get", run_id="1")
    assert (failed.value.code, failed.value.passing) == (code, passing)
    assert says in str(failed.value)
    assert TOKEN not in str(failed.value)
    assert len(played.asked) == 1, "and nothing else is reached"


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:2")
    monkeypatch.setenv("MLC_SECRETS", str(tmp_path))
    with pytest.raises(StepFailed) as failed, reached({"uri": "http://127.0.0.1:1"}) as server:
        server.get("runs/get", run_id="1")
    (found,) = failed.value.diagnostics
    assert (found.rule, failed.value.passing) == ("tracking-unreachable", True)
    assert "127.0.0.1:1" in found.detail
    assert "no run is made twice" in found.help
    with pytest.raises(StepFailed) as failed, reached({"uri": "http://x", "token": "${secret:GONE}"}):
        pass
    assert failed.value.diagnostics[0].rule == "secret-missing"


def test_pages_are_followed(client: Mlflow, played: Played) -> None:
    first = {"runs": [{"n": 1}], "next_page_token": "more"}
    played.answers["/below/api/2.0/mlflow/runs/search"] = Answer(200, json.dumps(first).encode())
    pages = client.all_of("runs/search", "runs", experiment_ids=["1"])
    assert next(pages) == {"n": 1}
    played.answers["/below/api/2.0/mlflow/runs/search"] = Answer(
        200, json.dumps({"runs": [{"n": 2}]}).encode()
    )
    assert list(pages) == [{"n": 2}]
    assert json.loads(played.asked[1][3])["page_token"] == "more"


def outcome(**tags: str) -> tuple[Operation, Outcome]:
    operation = Operation("model.risk/track", "mlflow_run", {"server": {"uri": ""}, "name": "risk"})
    return operation, Outcome("k", "mlflow_run", {}, {}, {"run_id": "0123456789", "tags": tags})


def test_a_run_that_was_changed_is_seen(played: Played) -> None:
    operation, done = outcome(a="1", b="2")
    operation.spec["server"]["uri"] = played.uri

    def seen(run: dict[str, Any] | None) -> str:
        played.answers["/"] = (
            Answer(404, error(MISSING)) if run is None else Answer(200, json.dumps({"run": run}).encode())
        )
        found = runs_changed([(operation, done)])
        return found[operation.id].what if found else ""

    named = "the run 01234567 of risk"
    active = {"info": {"lifecycle_stage": "active"}}
    assert seen({**active, "data": {"tags": pairs({"a": "1", "b": "2", "theirs": "x"})}}) == ""
    assert (
        seen({**active, "data": {"tags": pairs({"a": "1"})}}) == f"the tag b of {named} was changed in MLflow"
    )
    assert seen({**active, "data": {}}).startswith("2 tags of the run")
    assert seen({"info": {"lifecycle_stage": "deleted"}, "data": {}}) == f"{named} was deleted in MLflow"
    assert seen(None) == f"{named} was deleted in MLflow"
    played.answers["/"] = Answer(503, b"")
    assert runs_changed([(operation, done)]) == {}, "a server that does not answer is no drift"


def test_a_run_is_known_by_what_was_learned() -> None:
    told = Told("risk", {"onnx": "1"}, {"owner": "me"}, metrics=tuple(points({"latency": 1.0})))
    again = Told("risk", {"onnx": "1"}, {"owner": "you"}, metrics=tuple(points({"latency": 2.0})))
    assert told.digest() == again.digest() != Told("risk", {"onnx": "2"}, {}).digest()


def test_what_mlflow_cannot_hold_is_named() -> None:
    assert [one.name for one in points({"a": None, "b": float("nan"), "c": float("inf"), "d": 1.0})] == ["d"]
    assert param([1, "a"]) == '[1, "a"]'
    assert param("x" * 6001).startswith("sha256:")
    assert as_map([{"key": "a", "value": 1}, {"key": "b"}]) == {"a": 1, "b": ""}
