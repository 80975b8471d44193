"""Runs one driver as `apply` would: an operation, its input files, a folder of its own."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlc.ir.operation import Operation, Product, Work

Step = Callable[..., Product]


@pytest.fixture
def step(tmp_path: Path) -> Step:
    """`step(driver, spec, name=path, …)` runs a driver in a new folder; `source` is a file of the project."""
    ran = 0

    def run(driver: str, spec: Mapping[str, Any], **given: Path) -> Product:
        nonlocal ran
        ran += 1
        folder = tmp_path / f"step-{ran}"
        folder.mkdir()
        files = {name: path for name, path in given.items() if name == "source"}
        work = Work(
            operation=Operation(id="dataset.loans/step", driver=driver, spec=dict(spec)),
            environment="test",
            root=tmp_path,
            folder=folder,
            inputs={name: path for name, path in given.items() if name not in files},
            digests={},
            files=files,
            tell=lambda words: None,
            render=_nothing_to_render,
        )
        product: Product = importlib.import_module(f"mlc.drivers.{driver}").run(work)
        assert all(path.is_relative_to(folder) and path.is_file() for path in product.outputs.values())
        return product

    return run


def _nothing_to_render(backend: str, template: str, data: Mapping[str, Any]) -> bytes:
    raise AssertionError("these drivers render nothing")
