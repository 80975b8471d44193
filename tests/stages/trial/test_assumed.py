"""A project as if it had been applied: nothing is left to do, and changes plan as they do after a real apply."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from acceptance.conftest import PROJECTS, applied
from mlc import data, inquiry, pipeline
from mlc.ir.plan import Plan
from mlc.pipeline import Compiled
from mlc.request import Request

__all__ = ["applied"]


def compiled(root: Path, *overrides: str, environment: str = "dev") -> Compiled:
    validated, found = pipeline.compile_project(Request(root, (environment,), overrides))
    assert not [one for one in validated.diagnostics if one.severity == "error"], validated.diagnostics
    return found[0]


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize(
    "root", [PROJECTS / "small", data.path("examples", "lending")], ids=lambda root: root.name
)
def test_nothing_is_left_to_do(root: Path, environment: str) -> None:
    base = compiled(root, environment=environment)
    assert inquiry.plan_change(base, base).is_empty


@pytest.mark.parametrize(
    "override",
    [
        "model.churn.train.seed=7",
        "model.churn.description=Who?",
        "model.churn.optimize.opset=20",
        "gate.quality.metrics.roc_auc.min=0.72",
        "++gate.quality.metrics.f1.min=0.5",
        "dataset.people.split.seed=4",
        "dataset.people.source.path=others.csv",
        "deployment.local.port=8085",
        "deployment.web.enabled=false",
        "deployment.web.alias=other",
        "policy.care.description=More",
        "model.churn.gates=[]",
    ],
)
def test_plans_as_after_a_real_apply(applied: Path, tmp_path: Path, override: str) -> None:
    root = Path(shutil.copytree(applied, tmp_path / "project"))
    shutil.copy(root / "people.csv", root / "others.csv")
    changed = compiled(root, override)
    real = pipeline.plan(root, changed)
    assert not real.is_empty
    assert told(inquiry.plan_change(compiled(root), changed)) == told(real)


def told(plan: Plan) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    return [(step.id, step.action, step.change_class, step.because, step.depends_on) for step in plan.steps]
