"""Services that speak JSON over HTTP: one request at a time, with a token where one is given, and no redirects, which
would take the token elsewhere."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from msgspec import Struct

from mlc.ir.drift import Seen
from mlc.ir.operation import Operation, Outcome, StepFailed, digest_of
from mlc.rules import kubeflow_refused
from mlc.store.secrets import Secret, read_secret

SECONDS = 60.0
LOOKING = 10.0
"""Seconds after which somebody who only looks does not wait any longer."""
_MOST = 64_000_000  # bytes of an answer
_PAGE = 100
_PASSING = (408, 425, 429, 500, 502, 503, 504)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Service(Struct, frozen=True):
    """A service at a URL. `address` is the resource that failures concern."""

    url: str
    token: Secret | None
    address: str
    opener: OpenerDirector
    seconds: float = SECONDS

    def get(self, path: str, /, **query: str) -> Any:
        """The answer; None where there is nothing (404). Raises StepFailed (kubeflow-refused)."""
        return self._asked("GET", path, query, None, missing=True)

    def all(self, path: str, /, *fields: str, **query: str) -> Iterator[Any]:
        """Every entry of a list that comes in pages, with the words of Kubeflow Pipelines for them. `fields` are the
        names that the list may have."""
        token = ""
        while True:
            page = {"page_size": str(_PAGE), **query} | ({"page_token": token} if token else {})
            answer = self.get(path, **page) or {}
            yield from next((answer[field] for field in fields if answer.get(field)), ())
            before, token = token, answer.get("next_page_token") or ""
            if not token or token == before:
                return

    def post(self, path: str, body: Any = None, /, **query: str) -> Any:
        return self._asked("POST", path, query, _json(body))

    def patch(self, path: str, body: Any) -> Any:
        return self._asked("PATCH", path, {}, _json(body))

    def delete(self, path: str) -> Any:
        return self._asked("DELETE", path, {}, None, missing=True)

    def upload(self, path: str, file: str, content: bytes, /, **query: str) -> Any:
        """A file as the field `uploadfile` of a form."""
        boundary = uuid.uuid5(uuid.NAMESPACE_OID, file + content.hex()).hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="uploadfile"; filename="{file}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self._asked("POST", path, query, (f"multipart/form-data; boundary={boundary}", body))

    def _asked(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: tuple[str, bytes] | None,
        *,
        missing: bool = False,
    ) -> Any:
        url = self.url.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = body[0]
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.reveal()}"
        request = Request(url, data=None if body is None else body[1], headers=headers, method=method)  # noqa: S310 - the pattern of the field admits http and https alone
        try:
            with self.opener.open(request, timeout=self.seconds) as answer:
                read = answer.read(_MOST + 1)
            if len(read) > _MOST:
                raise ValueError(f"the answer has more than {_MOST:,} bytes")
            return json.loads(read) if read.strip() else {}
        except HTTPError as error:
            if error.code == 404 and missing:
                return None
            why = f"{error.code} {error.reason}. {_said(error)}"
            raise self._failed(method, url, why, passing=error.code in _PASSING) from error
        except (URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise self._failed(method, url, str(reason), passing=True) from error
        except ValueError as error:
            raise self._failed(method, url, f"the answer is no JSON ({error})", passing=False) from error

    def _failed(self, method: str, url: str, why: str, *, passing: bool) -> StepFailed:
        hidden = why if self.token is None else self.token.hidden_in(why)
        return StepFailed(kubeflow_refused.found(f"{method} {url}", hidden, self.address), passing=passing)


def service(url: str, token: str | None, address: str, seconds: float = SECONDS) -> Service:
    """Raises StepFailed (secret-missing)."""
    secret = None if token is None else read_secret(token)
    return Service(url, secret, address, build_opener(_NoRedirect()), seconds)


def changed(
    done: Sequence[tuple[Operation, Outcome]], look: Callable[[Operation, Outcome], tuple[str, str] | None]
) -> dict[str, Seen]:
    """What became of effects on a service, as `look` tells it of each: what was recorded, and what is found instead;
    None where all is as it was. A service that does not answer, or whose token is not here, is no drift."""
    found: dict[str, Seen] = {}
    for operation, outcome in done:
        try:
            said = look(operation, outcome)
        except StepFailed:
            continue
        if said is not None:
            recorded, now = said
            found[operation.id] = Seen(f"{now}, not {recorded}", recorded, now, digest_of([recorded, now]))
    return found


def part(text: str) -> str:
    """One part of a path."""
    return quote(text, safe="")


def _json(body: Any) -> tuple[str, bytes] | None:
    return None if body is None else ("application/json", json.dumps(body).encode())


def _said(error: HTTPError) -> str:
    try:
        return error.read(2000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""
