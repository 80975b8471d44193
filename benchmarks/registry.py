"""Registering, looking up and searching where there are 100,000 versions already, in each shape of registry, against
MLflow's server with as many on SQLite, in the same run.

Run: PYTHONPATH=tests python benchmarks/registry.py [VERSIONS] [--shape hybrid] [--no-peer]

The shapes on PostgreSQL and MariaDB start a server of their own each, as the tests do, set to what it is by default.

`register` keeps the same on both sides: 20 kB of bytes, nine figures, a parameter, tags. `row` is the cheapest that
each can do: MLflow a row about bytes that lie elsewhere, ours a description of bytes that it has already. As these are
not the same, `row` is shown and not judged.

What is there already is put there without waiting for the disk, and of MLflow by rows of its own tables; what is
measured waits for the disk as it always does. MLflow has an environment of its own (`.checkers/mlflow`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from mlc.drivers.registry import Cause, Registry, open_registry, register, set_alias, version
from mlc.drivers.registry.catalogue import ENTRY, Changes, Held, Noting, Revision, readable
from mlc.drivers.registry.facts import facts_of
from mlc.drivers.registry.search import search
from mlc.ir.registry import Entry, LearnedFrom, Metric, Signature
from platforms import servers

ROOT = Path(__file__).parent.parent
PEER = ROOT / ".checkers/mlflow/bin/python"
MODELS = 100
OWNERS = ("risk-ml", "fraud", "growth", "ops")
NOW = "2026-01-01T12:00:00+00:00"
MEASURED = ("register", "row", "number", "alias", "search")
JUDGED = ("register", "number", "alias", "search")
WANTED = 20  # times as fast as MLflow's server, on the embedded default
SHAPES: dict[str, dict[str, Any]] = {
    "hybrid": {"type": "hybrid", "database": "sqlite:///registry.db", "files": "files"},
    "filesystem": {"type": "filesystem", "path": "registry"},
    "database": {"type": "database", "database": "sqlite:///all.db"},
    "hybrid-postgresql": {"type": "hybrid", "files": "files"},
    "database-postgresql": {"type": "database"},
    "hybrid-mariadb": {"type": "hybrid", "files": "files"},
    "database-mariadb": {"type": "database"},
}
SERVERS: dict[str, Callable[[], AbstractContextManager[servers.Server]]] = {
    "postgresql": servers.postgresql,
    "mariadb": servers.mariadb,
}
SEARCH = 'metrics.roc_auc.low > 0.9998 and owner = "risk-ml"'
"""About five in 100,000 versions fit."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("versions", nargs="?", type=int, default=100_000)
    parser.add_argument("--shape", choices=SHAPES, action="append")
    parser.add_argument("--no-peer", action="store_true")
    given = parser.parse_args()
    shapes = given.shape or list(SHAPES)
    peer = None if given.no_peer else told_by_peer(given.versions)
    print(f"{given.versions:,} versions of {MODELS} models; median, ms")
    print(f"{'':24} " + " ".join(f"{what:>10}" for what in MEASURED) + "   filled in")
    if peer is not None:
        shown("MLflow's server", peer)
    slow = []
    for name in shapes:
        with tempfile.TemporaryDirectory() as folder, registry_of(name) as spec:
            found = measured(Path(folder), spec, given.versions)
            shown(name, found)  # before so many files are removed
        if peer is not None:
            ratios = {what: peer[what] / found[what] for what in MEASURED}
            print(f"{'':24} " + " ".join(f"{ratio:9.1f}×" for ratio in ratios.values()), flush=True)
            slow += [what for what in JUDGED if name == "hybrid" and ratios[what] < WANTED]
    if slow:
        sys.exit(f"hybrid: less than {WANTED} times as fast as MLflow's server: {', '.join(slow)}")
    if peer is None or "hybrid" not in shapes:
        print(f"nothing was compared with the wanted {WANTED} times: it takes MLflow and hybrid")


@contextmanager
def registry_of(shape: str) -> Iterator[dict[str, Any]]:
    """The registry's description, with the server that it may take running."""
    server = SERVERS.get(shape.partition("-")[2])
    if server is None:
        yield SHAPES[shape]
        return
    with server() as running, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "password").write_text(servers.PASSWORD)
        with mock.patch.dict(os.environ, {"MLC_SECRETS": folder}):
            yield SHAPES[shape] | {"database": running.url, "password": "${secret:password}"}


def shown(name: str, found: dict[str, float]) -> None:
    told = " ".join(f"{1000 * found[what]:10.2f}" for what in MEASURED)
    print(f"{name:24} {told}   {found['filled']:.0f} s", flush=True)


def measured(root: Path, spec: dict[str, Any], versions: int) -> dict[str, float]:
    started = time.perf_counter()
    with without_waiting():
        fill(open_registry(root, spec), versions)
    filled = time.perf_counter() - started
    of_one = versions // MODELS
    some = random.Random(1)
    registry = open_registry(root, spec)
    times = iter(range(10**9))

    def registered() -> None:
        nth = next(times)
        name, content = f"m{nth % MODELS}", os.urandom(20_000)
        register(registry, name, {"onnx": content, "card": b"card"}, described(name, some), NOW)

    content_of = [os.urandom(20_000) for _ in range(62)]
    for content in content_of:
        registry.files.put(content)

    def row() -> None:
        name = f"m{some.randrange(MODELS)}"
        files = {"onnx": content_of.pop(), "card": b"card"}
        register(registry, name, files, described(name, some), NOW)

    def numbered() -> None:
        version(registry, f"m{some.randrange(MODELS)}", some.randrange(1, of_one + 1))

    return {
        "filled": filled,
        "register": median(registered, 60),
        "row": median(row, 60),
        "number": median(numbered, 200),
        "alias": median(lambda: version(registry, f"m{some.randrange(MODELS)}", "production"), 200),
        "search": median(lambda: search(registry, SEARCH), 20),
    }


def median(act: Callable[[], object], times: int) -> float:
    act()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def described(name: str, some: random.Random) -> Callable[[int, dict[str, str]], Entry]:
    def describe(number: int, digests: dict[str, str]) -> Entry:
        metrics = {}
        for metric in ("roc_auc", "accuracy", "log_loss"):
            low = some.random()
            metrics[metric] = Metric(value=low + 0.01, low=low, high=low + 0.02, confidence=0.95, n=1000)
        return Entry(
            project="lending",
            name=name,
            number=number,
            digest=digests["onnx"],
            owner=OWNERS[number % len(OWNERS)],
            tags=["tabular", f"t{number % 50}"],
            task="binary_classification",
            estimator="sklearn.linear_model.LogisticRegression",
            params={"C": 1.0},
            data=LearnedFrom(dataset="loans", parts={"train": "1" * 64, "test": "2" * 64}),
            signature=Signature(inputs=[], outputs=[]),
            metrics=metrics,
            config="0" * 64,
            files=digests,
        )

    return describe


def fill(registry: Registry, versions: int) -> None:
    """Versions as registering would leave them, many to a transaction where a shape takes many."""
    some = random.Random(0)
    card = registry.files.put(b"card")
    at_once = 1 if "Folders" in type(registry.catalogue).__name__ else 1000
    waiting: list[tuple[str, int, str, Revision, bytes]] = []

    def add(changes: Changes) -> None:
        for name, number, digest, revision, content in waiting:
            registry.files.put_during(changes, content)
            changes.add_version(name, number, Held(digest, NOW, (revision,)))
            if isinstance(changes, Noting):
                changes.note(name, number, revision.entry, facts_of(content))

    for nth in range(versions):
        name, number = f"m{nth % MODELS}", nth // MODELS + 1
        onnx = b"%d" % nth
        digests = {"onnx": hashlib.sha256(onnx).hexdigest(), "card": card}
        if nth % 10 == 0:
            registry.files.put(onnx)  # the bytes of a few are enough: nobody reads them here
        content = readable(described(name, some)(number, digests))
        entry = hashlib.sha256(content).hexdigest()
        waiting.append((name, number, digests["onnx"], Revision(digests | {ENTRY: entry}, NOW), content))
        if len(waiting) == at_once or nth == versions - 1:
            registry.catalogue.change(add)
            waiting.clear()
    for nth in range(MODELS):
        cause = Cause(environment="prod", deployment="web", at=NOW)
        set_alias(registry, f"m{nth}", "production", versions // MODELS // 2, expected=None, cause=cause)


@contextmanager
def without_waiting() -> Iterator[None]:
    with mock.patch("os.fsync"), mock.patch("os.fdatasync"):
        yield


def told_by_peer(versions: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [PEER, Path(__file__).with_name("registry_mlflow.py"), str(versions), folder],
            stdout=subprocess.PIPE,
            check=True,
        )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
