"""The embedded server: a local deployment over HTTP, by the Open Inference Protocol v2.

It serves what the deployment's pointer names and looks at the pointer twice a second: when `mlc apply`
deploys another bundle, that is verified and opened beside the old one and then takes its place. Requests
under way end with the model they began with; none is dropped. A bundle that is refused is logged and
counted, and the old one goes on answering. The port is the one exception: it is taken once, at the start.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import orjson
import uvicorn
from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from mlc import __version__
from mlc.drivers._bundle import POINTER, current
from mlc.drivers._protocol import Asked, answer, metadata, read_request
from mlc.drivers._serving import Loaded, Refused, infer, load, predict
from mlc.ir.operation import StepFailed
from mlc.rules import address_in_use

__all__ = ["Limits", "predict", "serve"]

disable_created_metrics()  # type: ignore[no-untyped-call]  # gauges that nobody reads, one per counter

_LOG = logging.getLogger("mlc.server")
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_REASONS = ("bad_request", "disconnected", "model", "not_finite", "too_large", "unknown_model")
_MODEL = "/v2/models/{name}"
_VERSION = "/v2/models/{name}/versions/{version}"


class Limits(Struct, frozen=True):
    """What one request may ask for, and how patient the server is."""

    body: int = 16 * 1024 * 1024  # bytes
    rows: int = 10_000
    inline_rows: int = 64  # more than these are scored beside the event loop, so that others are not kept
    poll: float = 0.5  # seconds between looks at the pointer
    grace: int = 20  # seconds that requests under way have to end after SIGTERM


class _Measures:
    """What /metrics says; a registry of its own, because two servers may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "mlc_requests", "Inference requests by HTTP status.", ["status"], registry=self.registry
        )
        self.errors = Counter(
            "mlc_errors", "Inference requests that were not answered.", ["reason"], registry=self.registry
        )
        for reason in _REASONS:  # there from the start, so that a rate sees the first one
            self.errors.labels(reason)
        self.seconds = Histogram(
            "mlc_request_seconds",
            "Time from the request's head to its answer.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.rows = Counter("mlc_rows", "Rows scored.", registry=self.registry)
        self.reloads = Counter(
            "mlc_reloads", "Bundles that became current.", ["outcome"], registry=self.registry
        )
        self.model = Gauge(
            "mlc_model_info",
            "The model served: 1 on its labels.",
            ["deployment", "environment", "model", "version", "digest"],
            registry=self.registry,
        )

    def serving(self, loaded: Loaded) -> None:
        """Say which model it is; the one before is no longer mentioned."""
        bundle = loaded.bundle
        self.model.clear()
        labels = (bundle.deployment, bundle.environment, bundle.name, str(bundle.number), bundle.digest)
        self.model.labels(*labels).set(1)


class _Live:
    """The one thing that changes while the server runs: what it serves, None once it was undeployed."""

    def __init__(self, place: Path, limits: Limits) -> None:
        self.place = place
        self.limits = limits
        self.measures = _Measures()
        self.stamp = _stamp(place)
        self.ready = True
        self.loaded = load(current(place))
        self.measures.serving(self.loaded)

    async def watch(self) -> None:
        """Follow the pointer until cancelled."""
        while True:
            await asyncio.sleep(self.limits.poll)
            stamp = _stamp(self.place)
            if stamp == self.stamp:
                continue
            self.stamp = stamp
            if stamp is None:
                self.ready = False
                _LOG.warning("Nothing is deployed in %s any more; the server is no longer ready.", self.place)
                continue
            try:
                self.loaded = await run_in_threadpool(lambda: load(current(self.place)))
            except (StepFailed, OSError) as error:
                self.measures.reloads.labels("refused").inc()
                _LOG.error("The new bundle is not served, the old one goes on answering: %s", error)
                continue
            self.ready = True
            self.measures.reloads.labels("served").inc()
            self.measures.serving(self.loaded)
            _LOG.info("Now serving %s version %d.", self.loaded.bundle.name, self.loaded.bundle.number)


class _Server(uvicorn.Server):
    """uvicorn, but a signal ends it in good order instead of being raised again afterwards."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(RuntimeError, ValueError):  # outside the main thread its owner stops it
                loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def serve(
    bundle: Path,
    host: str,
    port: int,
    ready: Callable[[str], None],
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> None:
    """Serve a deployment's folder (and follow its pointer) or one bundle's, until SIGTERM or SIGINT.

    `ready` is told the URL once requests are answered; with port 0 it says which was free. After the first
    signal requests under way are answered (a second one ends at once), then this returns.
    Raises StepFailed (bundle-refused, onnx-refused, address-in-use).
    """
    live = _Live(bundle, limits)
    listening = _listen(host, port)
    config = uvicorn.Config(
        _application(live),
        access_log=False,
        log_config=None,
        lifespan="off",
        server_header=False,
        ws="none",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=limits.grace,
    )
    with listening:
        asyncio.run(_run(_Server(config), listening, live, ready))


async def _run(server: _Server, listening: socket.socket, live: _Live, ready: Callable[[str], None]) -> None:
    watching = asyncio.create_task(live.watch())
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if server.started:
            ready(_url(listening))
        await serving
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def _application(live: _Live) -> Starlette:
    async def server_metadata(_: Request) -> Response:
        return _json({"name": "mlc", "version": __version__, "extensions": []})

    async def alive(_: Request) -> Response:
        return _json({"live": True})

    async def readiness(_: Request) -> Response:
        return _json({"ready": live.ready}, 200 if live.ready else 503)

    async def model_metadata(request: Request) -> Response:
        return _json(metadata(_named(live.loaded, request)))

    async def model_readiness(request: Request) -> Response:
        loaded = _named(live.loaded, request)
        return _json({"name": loaded.bundle.name, "ready": live.ready}, 200 if live.ready else 503)

    async def inference(request: Request) -> Response:
        began = time.perf_counter()
        response = await _infer(live, request)
        live.measures.seconds.observe(time.perf_counter() - began)
        live.measures.requests.labels(str(response.status_code)).inc()
        return response

    async def metrics(_: Request) -> Response:
        content = generate_latest(live.measures.registry)
        return Response(content, headers={"content-type": CONTENT_TYPE_LATEST})

    routes = [
        Route("/v2", server_metadata),
        Route("/v2/health/live", alive),
        Route("/v2/health/ready", readiness),
        Route("/metrics", metrics),
    ]
    for prefix in (_MODEL, _VERSION):
        routes.append(Route(f"{prefix}/infer", inference, methods=["POST"]))
        routes.append(Route(f"{prefix}/ready", model_readiness))
        routes.append(Route(prefix, model_metadata))
    return Starlette(routes=routes, exception_handlers={HTTPException: _refusal, Exception: _failure})


async def _infer(live: _Live, request: Request) -> Response:
    """The answer to an inference request. What it serves is read once: a swap changes nothing under way."""
    loaded, limits, measures = live.loaded, live.limits, live.measures
    try:
        _named(loaded, request)
        asked = read_request(loaded, await _body(request, limits.body), limits.rows)
        content = await _score(loaded, asked, limits)
    except HTTPException as refusal:
        reason = "too_large" if refusal.status_code == 413 else "unknown_model"
        measures.errors.labels(reason).inc()
        return await _refusal(request, refusal)
    except Refused as refused:
        measures.errors.labels("bad_request").inc()
        return _json({"error": str(refused)}, 400)
    except ClientDisconnect:
        measures.errors.labels("disconnected").inc()
        return Response(status_code=499)
    except ArithmeticError as failure:
        measures.errors.labels("not_finite").inc()
        return _json({"error": str(failure)}, 500)
    except Exception:
        measures.errors.labels("model").inc()
        _LOG.exception("An inference request failed.")
        return _json({"error": "The model failed on this request."}, 500)
    measures.rows.inc(asked.rows)
    return Response(content, media_type="application/json")


async def _score(loaded: Loaded, asked: Asked, limits: Limits) -> bytes:
    def work() -> bytes:
        return answer(loaded, asked, infer(loaded, asked.feeds, asked.outputs))

    return work() if asked.rows <= limits.inline_rows else await run_in_threadpool(work)


async def _body(request: Request, most: int) -> bytes:
    """The request's body, given up as soon as it is too large, whatever its head says."""
    if "inference-header-content-length" in request.headers:
        raise Refused("The request has binary tensors. This server takes JSON only.")
    declared = request.headers.get("content-length", "0")
    too_large = HTTPException(413, f"The body may have {most:,} bytes. Send the rows in parts.")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise too_large
    return bytes(body)


def _named(loaded: Loaded, request: Request) -> Loaded:
    """What is served, if it is what the path names. Raises HTTPException 404."""
    name, version = request.path_params["name"], request.path_params.get("version")
    bundle = loaded.bundle
    if name != bundle.name:
        raise HTTPException(404, f'There is no model "{name:.80}" here; this server has "{bundle.name}".')
    if version not in (None, str(bundle.number)):
        raise HTTPException(404, f'"{name}" is served in version {bundle.number}, not in "{version:.20}".')
    return loaded


async def _refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return await _failure(request, error)
    text = error.detail
    if text == HTTPStatus(error.status_code).phrase:  # raised by the router, which has no sentences
        text = f"{text}: {request.method} {request.url.path:.200}."
    return _json({"error": text}, error.status_code, dict(error.headers or {}))


async def _failure(_: Request, __: Exception) -> Response:
    return _json({"error": "The server failed on this request."}, 500)


def _json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def _stamp(place: Path) -> tuple[int, int] | None:
    """Changes whenever the pointer is replaced. A bundle's own folder has none, and never changes."""
    try:
        found = (place / POINTER).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(2048)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise StepFailed(address_in_use.found(host, port, error)) from error
    listening.setblocking(False)
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
