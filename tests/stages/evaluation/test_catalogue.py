"""The catalogue of metrics and the backends that drivers render."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlc import data
from mlc.drivers import driver
from mlc.emit.backends import load_backends
from mlc.ir.evaluation import METRICS


def test_the_catalogue_loads_nothing_heavy() -> None:
    code = (
        "import sys, mlc.ir.evaluation, mlc.kinds.gate;"
        "print(sorted({'numpy', 'scipy', 'polars', 'onnxruntime', 'jinja2'} & set(sys.modules)))"
    )
    source = str(Path(__file__).parents[3] / "src")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": source}
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", list(METRICS))
def test_a_metric_says_all_of_itself(name: str) -> None:
    metric = METRICS[name]
    assert metric.name == name
    assert metric.description.endswith(".")
    assert metric.better in ("higher", "lower")
    assert (metric.unit == "seconds") == name.startswith("latency_")


@pytest.mark.parametrize("name", ["evaluation_report", "model_card"])
def test_the_backends_are_rendered_by_drivers(name: str) -> None:
    found = {backend.manifest.backend: backend for backend in load_backends([data.path("templates")])}
    assert found[name].manifest.by == "driver"
    assert found[name].manifest.emits == []


@pytest.mark.parametrize("name", ["evaluation", "gate", "model_card"])
def test_drivers_say_what_they_work_with(name: str) -> None:
    declared = driver(name)
    assert declared.version >= 1
    assert not declared.effect
