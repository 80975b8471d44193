"""Whether a project compiled in parts gives what it gives as a whole."""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec import Struct

from mlc import pipeline
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.plan import Step
from mlc.parts import planning
from mlc.parts.division import divide
from mlc.parts.part import Stretch, compile_part
from mlc.parts.project import Project, Unsure, backends
from mlc.report import plan_text
from mlc.report.terminal import Paint
from mlc.request import Request

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
import scale_project

ALL = ("all",)


def generated(root: Path, models: int) -> Path:
    """A project of the benchmark."""
    scale_project.write(root, models)
    return root


class Outcome(Struct):
    """What is said, and of each environment the artifacts with their content and the steps of each resource."""

    text: str
    diagnostics: tuple[Diagnostic, ...]
    artifacts: dict[str, dict[str, bytes]]
    steps: dict[str, dict[str, list[Step]]]
    owners: dict[str, dict[str, str]]  # of each artifact's path the resource


def whole(root: Path) -> Outcome | None:
    """None where there is a mistake."""
    validated, compiled = pipeline.compile_project(Request(root, ALL))
    if has_errors(validated.diagnostics):
        return None
    plans = [pipeline.plan(root, one) for one in compiled]
    steps: dict[str, dict[str, list[Step]]] = {plan.environment: {} for plan in plans}
    for plan in plans:
        for step in plan.steps:
            steps[plan.environment].setdefault(step.address, []).append(step)
    return Outcome(
        text=plan_text.plans(plans, Paint(False)),
        diagnostics=validated.diagnostics,
        artifacts={
            one.graph.environment: {found.path: found.content for found in one.artifacts} for one in compiled
        },
        steps=steps,
        owners={
            one.graph.environment: {found.path: str(found.address) for found in one.artifacts}
            for one in compiled
        },
    )


def in_parts(root: Path, size: int) -> Outcome | None:
    """None where the whole has to be compiled. Steps of what is gone are of no part."""
    request = Request(root, ALL)
    try:
        planned = planning.plan(request, size, processes=1)
    except Unsure:
        return None
    project = Project(request, backends())
    names = [*project.names]
    division = divide(names, lambda one: (root / one.kind / f"{one.name}.yaml").read_bytes(), size)
    parts = planning.compiled(project, division, {}, None, 1)
    found = Outcome(
        plan_text.shown(planned.shown, Paint(False)),
        planned.diagnostics,
        {name: {} for name in project.environments},
        {name: {} for name in project.environments},
        {},
    )
    for owned, part in zip(division, parts, strict=True):
        stretches: list[Stretch] = []
        compile_part(project, owned, part.elsewhere, stretches)
        for stretch in stretches:
            environment = stretch.graph.environment
            found.artifacts[environment] |= {one.path: one.content for one in stretch.artifacts}
            found.steps[environment] |= {name: [*steps] for name, steps in stretch.steps.items() if steps}
    return found


def compare(root: Path, *sizes: int) -> bool:
    """Whether the parts could tell. Where they could, what they told has to be what the whole tells."""
    expected = whole(root)
    could = False
    for size in sizes:
        found = in_parts(root, size)
        if found is None:
            continue
        could = True
        assert expected is not None, "the parts did not notice a mistake"
        assert found.text == expected.text
        assert found.diagnostics == expected.diagnostics
        assert found.artifacts == expected.artifacts
        described = {
            name: {address: steps[address] for address in steps if address in found.steps[name]}
            for name, steps in expected.steps.items()
        }
        assert found.steps == described
        gone = {
            address
            for name, steps in expected.steps.items()
            for address in steps
            if address not in found.steps[name] and steps[address][-1].action != "delete"
        }
        assert not gone
    return could
