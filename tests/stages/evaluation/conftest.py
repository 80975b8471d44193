"""A small synthetic evaluation with a fixed seed, and what a driver is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension

from mlc import data
from mlc.drivers.evaluation import evaluate
from mlc.emit.templates import fill
from mlc.ir.evaluation import Evaluation
from mlc.ir.operation import Operation, Work

SPEC: dict[str, Any] = {
    "task": "binary_classification",
    "label": "repaid",
    "positive": "yes",
    "seed": 7,
    "confidences": [0.9, 0.95, 0.99],
    "columns": {
        "amount": {"type": "number", "values": [], "nullable": False},
        "purpose <b>": {"type": "string", "values": ["car", "house"], "nullable": True},
    },
}
DIGESTS = {"onnx": "sha256:" + "a1" * 32, "test": "sha256:" + "b2" * 32}


def synthetic(rows: int = 2000, seed: int = 11) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, predictions and slightly overconfident scores, all (rows,)."""
    generator = np.random.default_rng(seed)
    signal = generator.normal(-0.8, 1.6, rows)
    truth = generator.random(rows) < 1 / (1 + np.exp(-signal))
    scores = np.round(1 / (1 + np.exp(-1.25 * signal)), 6)
    return truth, scores >= 0.5, scores


@pytest.fixture(scope="session")
def evaluation() -> Evaluation:
    return evaluate(*synthetic(), SPEC)


def render(backend: str, template: str, values: Mapping[str, Any]) -> bytes:
    source = data.path("templates", backend, template).read_text(encoding="utf-8")
    return fill(template, source, values).encode()


@pytest.fixture
def work(tmp_path: Path) -> Callable[..., Work]:
    """A driver's work in a fresh folder: give the operation's driver, spec and inputs."""

    def make(driver: str, spec: dict[str, Any], inputs: dict[str, Path]) -> Work:
        folder = tmp_path / driver
        folder.mkdir(exist_ok=True)
        return Work(
            operation=Operation(
                id=f"model.default_risk/{driver}", driver=driver, cost="reevaluate", spec=spec
            ),
            environment="dev",
            root=tmp_path,
            folder=folder,
            inputs=inputs,
            digests={name: DIGESTS.get(name, "sha256:" + "c3" * 32) for name in inputs},
            files={},
            tell=lambda words: None,
            render=render,
        )

    return make


def _as_file(extension: str) -> type[SingleFileSnapshotExtension]:
    class AsFile(SingleFileSnapshotExtension):
        file_extension = extension

    return AsFile


@pytest.fixture
def snapshot_file(snapshot: SnapshotAssertion) -> Callable[[str], SnapshotAssertion]:
    """`snapshot_file("html")` keeps bytes in a file of their own format."""
    return lambda extension: snapshot.use_extension(_as_file(extension))
