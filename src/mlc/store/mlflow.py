"""An MLflow server, by its REST interface over Python's own HTTP: its runs, its registry and its artifacts.

Not by MLflow's client: planning looks at registries, and that client takes seconds to import and reports its use to its
makers. Nothing is reached but the server that is named: no proxy of the environment's, no redirect, no store of
artifacts beside it. So the server has to hand artifacts on (`--serve-artifacts`, which is how it starts by default).
"""

from __future__ import annotations

import email.utils
import http.client
import json
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from mlc.store.secrets import Secret

_SECONDS = 60
_PIECE = 1 << 20
_PROXIED = "mlflow-artifacts:"
_API, _ARTIFACTS = "/api/2.0/mlflow/", "/api/2.0/mlflow-artifacts/artifacts"

Tags = Mapping[str, str]


class MlflowError(Exception):
    """The server did not do what was asked. `code` is its own word (RESOURCE_DOES_NOT_EXIST), or empty where it was not
    reached; `passing` where it may be over when it is asked again."""

    def __init__(self, code: str, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.passing = passing


MISSING, EXISTS, REFUSED = "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS", "INVALID_PARAMETER_VALUE"


class Mlflow:
    """A server by its address, reached with a token, or as a user with a password, or as anybody.

    Raises MlflowError from everything that asks it. The time of its last answer, in seconds, is `now`.
    """

    def __init__(
        self, uri: str, token: Secret | None = None, user: str = "", password: Secret | None = None
    ) -> None:
        self.uri = uri.rstrip("/")
        self.now = 0.0
        self._parts = urlsplit(self.uri)
        self._headers = {"Accept": "application/json", **_authorization(token, user, password)}
        self._secrets = tuple(one for one in (token, password) if one is not None)
        self._connection: http.client.HTTPConnection | None = None

    def get(self, what: str, **query: Any) -> dict[str, Any]:
        return self._asked("GET", f"{_API}{what}?{urlencode(query, doseq=True)}")

    def post(self, what: str, **body: Any) -> dict[str, Any]:
        return self._asked("POST", f"{_API}{what}", body)

    def change(self, what: str, **body: Any) -> dict[str, Any]:
        return self._asked("PATCH", f"{_API}{what}", body)

    def delete(self, what: str, **body: Any) -> dict[str, Any]:
        return self._asked("DELETE", f"{_API}{what}", body)

    def all_of(self, what: str, key: str, **asked: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list that comes in pages; asked by POST where it is the runs'."""
        token = ""
        while True:
            page = {**asked, **({"page_token": token} if token else {})}
            answer = self.post(what, **page) if what == "runs/search" else self.get(what, **page)
            yield from answer.get(key, [])
            token = answer.get("next_page_token", "")
            if not token:
                return

    def experiment(self, name: str, tags: Tags | None = None) -> str:
        """The id of the experiment of a name, which is made where there is none. Of several who make it, one does."""
        known = self.known_experiment(name)
        if known is None:
            with suppress_existing():
                made = self.post("experiments/create", name=name, tags=pairs(tags or {}))
                return str(made["experiment_id"])
            known = self.known_experiment(name)
        if known is None or known["lifecycle_stage"] != "active":
            raise MlflowError(
                "", f"the experiment {name!r} was deleted there. Restore it, or name another one"
            )
        return str(known["experiment_id"])

    def known_experiment(self, name: str) -> dict[str, Any] | None:
        """The experiment of a name as the server tells it; None where there is none."""
        try:
            found: dict[str, Any] = self.get("experiments/get-by-name", experiment_name=name)["experiment"]
        except MlflowError as error:
            if error.code == MISSING:
                return None
            raise
        return found

    def create_run(self, experiment: str, name: str, tags: Tags) -> dict[str, Any]:
        """A new run as the server tells it. It says where its artifacts go."""
        at = round(time.time() * 1000)
        run: dict[str, Any] = self.post(
            "runs/create", experiment_id=experiment, run_name=name, start_time=at, tags=pairs(tags)
        )["run"]
        return run

    def run(self, run_id: str) -> dict[str, Any] | None:
        """A run as the server tells it, deleted or not; None where there is none."""
        try:
            found: dict[str, Any] = self.get("runs/get", run_id=run_id)["run"]
        except MlflowError as error:
            if error.code == MISSING:
                return None
            raise
        return found

    def put(self, place: str, source: Path | bytes) -> None:
        """Put a file where a URI of artifacts says."""
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        self._request("PUT", self._artifact(place), source, headers)

    def read(self, place: str) -> bytes | None:
        """The bytes of an artifact; None where there is none."""
        try:
            return self._request("GET", self._artifact(place))
        except MlflowError as error:
            if error.code in (MISSING, "404", "NOT_FOUND"):
                return None
            raise

    def listed(self, place: str) -> list[tuple[str, bool]]:
        """The names in a folder of artifacts, each with whether it is a folder itself."""
        path = self._artifact(place).removeprefix(self._parts.path + _ARTIFACTS).strip("/")
        query = f"{self._parts.path}{_ARTIFACTS}?path={path}"
        try:
            answer = json.loads(self._request("GET", query) or b"{}")
        except MlflowError as error:
            if error.code in (MISSING, "404", "NOT_FOUND"):
                return []
            raise
        return [
            (str(one["path"]).rpartition("/")[2], bool(one.get("is_dir"))) for one in answer.get("files", [])
        ]

    def remove(self, place: str) -> None:
        """Remove an artifact, or a folder of them."""
        with suppress_missing():
            self._request("DELETE", self._artifact(place))

    def hidden(self, words: object) -> str:
        """Words without what is secret."""
        told = str(words)
        for secret in self._secrets:
            told = secret.hidden_in(told)
        return told

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _artifact(self, place: str) -> str:
        if not place.startswith(_PROXIED):
            scheme = place.partition(":")[0]
            raise MlflowError(
                "",
                f"it keeps artifacts in {scheme}: and does not hand them on itself. Start it with --serve-artifacts, "
                "and take an experiment that was made since",
            )
        path = place.removeprefix(_PROXIED)
        if path.startswith("//"):  # a host of its own, which is this one
            path = urlsplit(path).path
        return f"{self._parts.path}{_ARTIFACTS}/{quote(path.strip('/'))}"

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        answer = self._request(method, self._parts.path + path, content, headers)
        try:
            found = json.loads(answer or b"{}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise MlflowError("", "its answer is not of an MLflow server")
        return found

    def _request(
        self, method: str, path: str, content: Path | bytes | None = None, headers: Tags | None = None
    ) -> bytes:
        """The body of the answer. A connection that the server closed meanwhile is opened once more."""
        for attempt in (1, 2):
            fresh = self._connection is None
            try:
                return self._answered(method, path, content, headers or {})
            except (OSError, http.client.HTTPException) as error:
                self.close()
                was_closed = isinstance(
                    error, http.client.RemoteDisconnected | http.client.CannotSendRequest | ConnectionError
                )
                # what changes something may have been done: it is asked again only where nothing was sent
                if attempt == 1 and not fresh and was_closed and method in ("GET", "PUT", "DELETE"):
                    continue
                passing = not isinstance(error, ssl.SSLCertVerificationError | socket.gaierror)
                raise MlflowError("", self.hidden(error) or type(error).__name__, passing=passing) from None
        raise AssertionError  # the second attempt returns or raises

    def _answered(self, method: str, path: str, content: Path | bytes | None, headers: Tags) -> bytes:
        if self._connection is None:
            self._connection = self._connected()
        sent = {**self._headers, **headers}
        if isinstance(content, Path):
            with content.open("rb") as file:
                self._connection.request(method, path, file, sent)
        else:
            self._connection.request(method, path, content, sent)
        response = self._connection.getresponse()
        body = response.read()
        if (date := response.headers.get("Date")) is not None:
            with suppress(ValueError):
                self.now = email.utils.parsedate_to_datetime(date).timestamp()
        if response.status < 300:
            return body
        raise self._told(response, body)

    def _told(self, response: http.client.HTTPResponse, body: bytes) -> MlflowError:
        status = response.status
        try:
            told = json.loads(body)
            code, message = str(told["error_code"]), str(told.get("message", ""))
        except (ValueError, KeyError, TypeError):
            code, message = str(status), body[:200].decode("utf-8", "replace").strip()
        if status in (301, 302, 303, 307, 308):
            message = f"it sends on to {response.headers.get('Location', 'elsewhere')}, which is not followed"
        elif status in (401, 403):
            message = f"it does not let this user in ({status}) {message}"
        elif code == MISSING and status != 404:  # a gateway's own page may say anything
            code = str(status)
        return MlflowError(
            code, self.hidden(message or f"it answers {status}"), passing=status in (429, 502, 503, 504)
        )

    def _connected(self) -> http.client.HTTPConnection:
        host = self._parts.hostname or ""
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, self._parts.port, timeout=_SECONDS, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(host, self._parts.port, timeout=_SECONDS)


class suppress_existing(suppress):  # noqa: N801 - read like contextlib's
    """Somebody else made it first, which is as good."""

    def __init__(self) -> None:
        super().__init__(MlflowError)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, MlflowError) and error.code == EXISTS


class suppress_missing(suppress):  # noqa: N801 - read like contextlib's
    """It is not there, which is what was wanted."""

    def __init__(self) -> None:
        super().__init__(MlflowError)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, MlflowError) and error.code in (MISSING, "404", "NOT_FOUND")


def pairs(tags: Tags) -> list[dict[str, str]]:
    """Tags, as MLflow takes them."""
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]


def as_map(listed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Tags, parameters or metrics as MLflow gives them, by their names."""
    return {str(one["key"]): one.get("value", "") for one in listed}


def _authorization(token: Secret | None, user: str, password: Secret | None) -> dict[str, str]:
    if token is not None:
        return {"Authorization": f"Bearer {token.reveal()}"}
    if user or password is not None:
        named = f"{user}:{'' if password is None else password.reveal()}".encode()
        return {"Authorization": f"Basic {b64encode(named).decode()}"}
    return {}
