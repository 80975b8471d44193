"""Tells an MLflow server what became of a model's run: what the gates said, its card, and the version that it is.

An effect, and harmless to repeat: the run is there, and the same tags and files are put in the same places.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlc.drivers._mlflow import reached, runs_changed
from mlc.ir.drift import Seen
from mlc.ir.evaluation import Verdict
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work
from mlc.rules import tracking_unreachable
from mlc.store.mlflow import pairs

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True

_FILES = {
    "card": "release/README.md",
    "verdict": "release/verdict.json",
    "bom": "release/bom.cdx.json",
    "provenance": "release/provenance.slsa.json",
    "lineage": "release/lineage.openlineage.json",
}


def run(work: Work) -> Product:
    """No output: what it does is there on the server. Raises StepFailed (tracking-unreachable, secret-missing)."""
    run_id = msgspec.json.decode(work.inputs["run"].read_bytes())["run_id"]
    version: dict[str, Any] = msgspec.json.decode(work.inputs["version"].read_bytes())
    verdict = "none"
    if "verdict" in work.inputs:
        verdict = msgspec.json.decode(work.inputs["verdict"].read_bytes(), type=Verdict).outcome
    tags = {"mlc.version": f"{version['name']}:{version['version']}", "mlc.gates": verdict}
    with reached(work.spec["server"]) as server:
        now = server.run(run_id)
        if now is None:
            raise StepFailed(
                tracking_unreachable.found(server.uri, f"the run {run_id} is not there any more")
            )
        if now["info"]["lifecycle_stage"] != "active":
            server.post("runs/restore", run_id=run_id)
        for name, path in _FILES.items():
            if name in work.inputs:
                server.put(f"{now['info']['artifact_uri']}/{path}", work.inputs[name])
        server.post("runs/log-batch", run_id=run_id, tags=pairs(tags))
    return Product({}, {"run_id": run_id, "tags": tags})


def observe(
    root: Path,  # noqa: ARG001 - it is not in the project
    environment: str,  # noqa: ARG001 - each names its own experiment
    done: Sequence[tuple[Operation, Outcome]],
) -> dict[str, Seen]:
    """Runs that were deleted since, or whose tags were edited."""
    return runs_changed(done)
