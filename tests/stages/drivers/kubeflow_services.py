"""Kubeflow's services for tests: small HTTP servers that imitate the documented endpoints, and nothing of what is
behind them. No cluster is here to run the real ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Answer = tuple[int, Any]
Answering = Callable[[str, str, dict[str, str], Any], Answer]


class Requests:
    """What was asked for: method, path, query and body, and with which token."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.tokens: set[str] = set()

    @property
    def changes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _, _ in self.seen if method != "GET"]


@contextmanager
def serving(answer: Answering) -> Iterator[tuple[str, Requests]]:
    """The server's URL, at a free port, and what it is asked for."""
    requests = Requests()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_json = self.headers.get("Content-Type") == "application/json"
            body = json.loads(raw) if is_json else raw or None
            path, query = unquote(parts.path), dict(parse_qsl(parts.query))
            requests.tokens.add(self.headers.get("Authorization", ""))
            requests.seen.append((self.command, path, query, body))
            code, told = answer(self.command, path, query, body)
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(code)
            if code == 302:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - as http.server calls them

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()


class Pipelines:
    """Kubeflow Pipelines, `/apis/v2beta1`: lists have one entry a page, and recurring runs cannot be changed. An
    installation of a single user refuses a namespace, one of several users wants it."""

    def __init__(self, *, multi_user: bool = True) -> None:
        self.multi_user = multi_user
        self.pipelines: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}
        self.experiments: dict[str, Any] = {}
        self.recurring: dict[str, Any] = {}
        self.refuses: str = ""
        self._count = 0

    def __call__(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        _, _, _, what, *rest = path.split("/")
        if what == "healthz":
            return 200, {"multi_user": True} if self.multi_user else {}
        said = query if method == "GET" else body if isinstance(body, dict) else {}
        asked = method == "GET" or path.endswith(("/pipelines", "/experiments"))
        wants = self.multi_user and asked and rest[1:] != ["versions"]
        if ("namespace" in said) != wants and not (rest and method != "GET"):
            return 400, {"error": "a namespace where there is none, or none where there is one", "code": 3}
        if self.refuses and method == "POST" and path.endswith(self.refuses):
            return 400, {"error": "refused", "code": 3}
        if what == "pipelines":
            return self._pipelines(method, rest, query, body)
        held, key, listed = {
            "experiments": (self.experiments, "experiment_id", "experiments"),
            "recurringruns": (self.recurring, "recurring_run_id", "recurringRuns"),
        }[what]
        if method == "GET":
            return self._page(list(held.values()), listed, query)
        if method == "DELETE":
            return (200, {}) if held.pop(rest[0], None) else (404, {"code": 5})
        if rest:
            identifier, _, action = rest[0].partition(":")
            held[identifier]["mode"] = {"enable": "ENABLE", "disable": "DISABLE"}[action]
            return 200, {}
        return 200, self._kept(held, key, body)

    def _pipelines(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        if rest[:1] == ["names"]:
            found = [one for one in self.pipelines.values() if one["name"] == rest[1]]
            return (200, found[0]) if found else (404, {"code": 5, "error": "not found"})
        if rest == ["upload_version"]:
            assert query["pipelineid"] in self.pipelines
            content = body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
            made = {
                "name": query["name"],
                "display_name": query["display_name"],
                "pipeline_id": query["pipelineid"],
                "content": content.decode(),
            }
            return 200, self._kept(self.versions, "pipeline_version_id", made)
        if rest[1:] == ["versions"]:
            found = [one for one in self.versions.values() if one["pipeline_id"] == rest[0]]
            return self._page(found, "pipeline_versions", query)
        return 200, self._kept(self.pipelines, "pipeline_id", body)

    def _kept(self, held: dict[str, Any], key: str, one: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        identifier = f"id-{self._count}"
        made = {key: identifier, **{name: value for name, value in one.items() if value}}
        held[identifier] = made
        return made

    @staticmethod
    def _page(found: list[Any], field: str, query: dict[str, str]) -> Answer:
        at = int(query.get("page_token") or 0)
        more = {"next_page_token": str(at + 1)} if at + 1 < len(found) else {}
        return 200, {field: found[at : at + 1], "total_size": len(found), **more}
