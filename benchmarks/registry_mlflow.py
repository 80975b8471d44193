"""What `benchmarks/registry.py` compares with: MLflow's server on SQLite, asked by MLflow's own client.

Run by MLflow's Python: registry_mlflow.py VERSIONS FOLDER. The last line of its output is JSON, seconds by what was
done. `register` is what ours keeps of a version too: a run with nine figures and a parameter, its 20 kB as an artifact,
and the version with its tags. `row` is `create_model_version` alone, of a model whose bytes lie elsewhere.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

MODELS = 100
OWNERS = ("risk-ml", "fraud", "growth", "ops")


def main(versions: int, folder: Path) -> None:
    database = folder / "mlflow.db"
    mlflow = importlib.import_module("mlflow")
    store = importlib.import_module("mlflow.store.model_registry.sqlalchemy_store")
    store.SqlAlchemyStore(f"sqlite:///{database}").engine.dispose()  # makes the tables
    started = time.perf_counter()
    fill(database, versions)
    filled = time.perf_counter() - started
    port = free_port()
    server = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("mlflow")),
            *("server", "--backend-store-uri", f"sqlite:///{database}", "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", "1", "--artifacts-destination", str(folder / "artifacts")),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        client = mlflow.MlflowClient(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
        wait(port)
        some = random.Random(1)
        of_one = versions // MODELS

        def row() -> None:
            name = f"m{some.randrange(MODELS)}"
            client.create_model_version(name, "s3://models/x", tags={"owner": "risk-ml", "low": "0.5"})

        model = folder / "model.onnx"
        experiment = client.create_experiment("models")

        entities = importlib.import_module("mlflow.entities")

        def register() -> None:
            model.write_bytes(os.urandom(20_000))
            run = client.create_run(experiment)
            figures = [
                entities.Metric(f"{name}.{bound}", some.random(), 1_700_000_000_000, 0)
                for name in ("roc_auc", "accuracy", "log_loss")
                for bound in ("value", "low", "high")
            ]
            client.log_batch(run.info.run_id, figures, [entities.Param("C", "1.0")])  # one call for all
            client.log_artifact(run.info.run_id, str(model))
            name = f"m{some.randrange(MODELS)}"
            tags = {"owner": "risk-ml", "task": "binary_classification", "low": "0.5"}
            client.create_model_version(name, run.info.artifact_uri, run.info.run_id, tags)

        found = {
            "filled": filled,
            "register": median(register, 20),
            "row": median(row, 60),
            "number": median(
                lambda: client.get_model_version(
                    f"m{some.randrange(MODELS)}", str(some.randrange(1, of_one + 1))
                ),
                100,
            ),
            "alias": median(
                lambda: client.get_model_version_by_alias(f"m{some.randrange(MODELS)}", "production"), 100
            ),
            # it cannot search versions by a metric, so the rare thing is a text here
            "search": median(
                lambda: client.search_model_versions("tag.low = 'rare' and tag.owner = 'risk-ml'"), 10
            ),
        }
        hits = len(client.search_model_versions("tag.low = 'rare' and tag.owner = 'risk-ml'"))
        print(f"MLflow {mlflow.__version__}, {hits} found", file=sys.stderr)
    finally:
        os.killpg(server.pid, 15)
        server.wait()
    print(json.dumps(found))


def fill(database: Path, versions: int) -> None:
    now = 1_700_000_000_000
    rows = sqlite3.connect(database)
    rows.execute("PRAGMA synchronous = OFF")
    rows.executemany(
        "INSERT INTO registered_models (name, creation_time, last_updated_time) VALUES (?, ?, ?)",
        [(f"m{nth}", now, now) for nth in range(MODELS)],
    )
    rows.executemany(
        "INSERT INTO model_versions (name, version, creation_time, last_updated_time, current_stage, source, status, "
        "storage_location) VALUES (?, ?, ?, ?, 'None', 's3://models/x', 'READY', 's3://models/x')",
        [(f"m{nth % MODELS}", nth // MODELS + 1, now, now) for nth in range(versions)],
    )
    tags: list[tuple[str, str, str, int]] = []
    for nth in range(versions):
        of = (f"m{nth % MODELS}", nth // MODELS + 1)
        tags.append(("owner", OWNERS[nth % len(OWNERS)], *of))
        tags.append(("low", "rare" if nth % 20_000 == 0 else str(nth % 997 / 1000), *of))
        tags.append(("task", "binary_classification", *of))
    rows.executemany("INSERT INTO model_version_tags (key, value, name, version) VALUES (?, ?, ?, ?)", tags)
    rows.executemany(
        "INSERT INTO registered_model_aliases (alias, version, name) VALUES ('production', ?, ?)",
        [(versions // MODELS // 2, f"m{nth}") for nth in range(MODELS)],
    )
    rows.commit()
    rows.close()


def median(act: Callable[[], object], times: int) -> float:
    act()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait(port: int) -> None:
    import urllib.request

    deadline = time.monotonic() + 180
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
