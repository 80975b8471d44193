"""What the tests of this folder are given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension

from mlc.ir.evaluation import Evaluation
from mlc.ir.operation import Operation, Work
from stages.evaluation.synthetic import DIGESTS, binary_evaluation, render, synthetic


@pytest.fixture(scope="session")
def evaluation() -> Evaluation:
    return binary_evaluation(*synthetic())


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
