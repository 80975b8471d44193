"""A client of language servers over standard input and output, as an editor is one: for tests of ours and of
yaml-language-server."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any

PATIENCE = 60.0  # seconds; nothing here waits that long on purpose


class LanguageClient:
    """Starts a server, opens a folder in it, and talks JSON-RPC to it.

    `settings` is what the editor answers to `workspace/configuration`.
    """

    def __init__(
        self,
        command: Sequence[str],
        root: Path,
        settings: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        encodings: Sequence[str] = ("utf-16",),
    ) -> None:
        self.root = root
        self.settings = settings or {}
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.shown: list[str] = []
        self.versions: dict[str, int] = {}
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._arrived: Queue[dict[str, Any] | None] = Queue()
        self.process = subprocess.Popen(
            [*command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, env=environment
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.capabilities = self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": root.as_uri(),
                "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
                "capabilities": {
                    "general": {"positionEncodings": list(encodings)},
                    "workspace": {
                        "configuration": True,
                        "workspaceFolders": True,
                        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["rename"]},
                        "didChangeConfiguration": {"dynamicRegistration": True},
                    },
                    "textDocument": {
                        "hover": {"contentFormat": ["markdown"]},
                        "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
                        "publishDiagnostics": {"relatedInformation": True},
                        "codeAction": {
                            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}
                        },
                    },
                },
            },
        )["capabilities"]
        self.notify("initialized", {})

    def __enter__(self) -> LanguageClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None and kind is None:
            self.request("shutdown", None)
            self.notify("exit", None)
            self.process.wait(PATIENCE)
        else:
            self.process.kill()
            self.process.wait()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()

    def uri(self, file: str) -> str:
        return (self.root / file).as_uri()

    def open(self, file: str, text: str | None = None) -> None:
        text = (self.root / file).read_text(encoding="utf-8") if text is None else text
        self.versions[file] = 1
        self.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": self.uri(file), "languageId": "yaml", "version": 1, "text": text}},
        )

    def change(self, file: str, text: str) -> None:
        """The whole text anew."""
        self.versions[file] += 1
        self.diagnostics.pop(file, None)
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": self.uri(file), "version": self.versions[file]},
                "contentChanges": [{"text": text}],
            },
        )

    def at(self, method: str, file: str, line: int, character: int, **more: Any) -> Any:
        """Ask at a position; both numbers count from 0, as in the protocol."""
        return self.request(
            f"textDocument/{method}",
            {
                "textDocument": {"uri": self.uri(file)},
                "position": {"line": line, "character": character},
                **more,
            },
        )

    def labels(self, file: str, line: int, character: int) -> dict[str, dict[str, Any]]:
        """The completions at a position by label."""
        answer = self.at("completion", file, line, character)
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {item["label"]: item for item in items}

    def hover(self, file: str, line: int, character: int) -> str:
        answer = self.at("hover", file, line, character)
        return "" if answer is None else str(answer["contents"]["value"])

    def found(
        self, file: str, fits: Callable[[list[dict[str, Any]]], bool] = lambda found: True
    ) -> list[dict[str, Any]]:
        """The diagnostics of a file, once there are some that fit."""
        end = time.monotonic() + PATIENCE
        while True:
            if file in self.diagnostics and fits(self.diagnostics[file]):
                return self.diagnostics[file]
            self._take(end, f"diagnostics of {file}; the last are {self.diagnostics.get(file)}")

    def request(self, method: str, parameters: Any) -> Any:
        """Ask, and wait for the answer. Raises RuntimeError for an error of the server."""
        self._number += 1
        number = self._number
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
        end = time.monotonic() + PATIENCE
        while number not in self._answers:
            self._take(end, f"an answer to {method}")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def notify(self, method: str, parameters: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(
            {key: value for key, value in message.items() if key != "params" or value is not None}
        )
        data = body.encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            if not length:
                self._arrived.put(None)
                return
            self._arrived.put(json.loads(stream.read(length)))

    def _take(self, end: float, what: str) -> None:
        try:
            message = self._arrived.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            raise TimeoutError(f"waited {PATIENCE:.0f} s for {what}") from None
        if message is None:
            raise RuntimeError(f"the server ended while a test waited for {what}")
        method = message.get("method")
        if method is None:
            self._answers[message["id"]] = message
        elif method == "textDocument/publishDiagnostics":
            uri = message["params"]["uri"]
            file = uri.removeprefix(self.root.as_uri() + "/")
            self.diagnostics[file] = message["params"]["diagnostics"]
        elif method == "workspace/configuration":
            asked = [item.get("section", "") for item in message["params"]["items"]]
            result = [self.settings.get(section) for section in asked]
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        elif method == "window/showMessage":
            self.shown.append(message["params"]["message"])
        elif "id" in message:
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})
