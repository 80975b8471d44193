"""Plan → events and new state, one effect at a time.

Every effect is recorded before the next one starts: killed anywhere, the next apply converges. Nothing
here reads the configuration; the plan holds all there is to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

from msgspec import Struct, structs

from mlc.apply.effects import Effects, remove_artifact, run_operation, undo_operation, write_artifact
from mlc.apply.staleness import stale
from mlc.ir.event import Event, Finished, StepDone, StepFailedEvent, StepSkipped, StepStarted
from mlc.ir.operation import StepFailed
from mlc.ir.plan import Made, Plan, Step
from mlc.ir.state import renamed
from mlc.rules import _system, disk_full, plan_stale


class Stop(Struct):
    """Set from outside (a first Ctrl-C) to finish the running step and stop."""

    wanted: bool = False


def refuse_stale(plan: Plan, effects: Effects, tool: str, present: Callable[[], Made]) -> None:
    """Raises StepFailed (`plan-stale`, with every reason) where a plan may not be applied any more."""
    reasons = stale(plan, effects.applied, tool, effects.tools, effects.file_digest, present)
    if reasons:
        raise StepFailed(plan_stale.found(reasons))


def apply(plan: Plan, effects: Effects, stop: Stop) -> Iterator[Event]:
    """Do the steps of a plan that is not stale, in order.

    A failed step stops what depends on it and nothing else; a full disk stops all that follows.
    """
    blocked: dict[str, str] = {}
    full = ""  # the step that found the disk full
    counts = {"done": 0, "failed": 0, "skipped": 0}
    refused = False
    started = 0
    for position, step in enumerate(plan.steps, start=1):
        if stop.wanted:
            break
        started += 1
        cause = full or next((blocked[need] for need in step.depends_on if need in blocked), "")
        if cause:
            blocked[step.id] = cause
            counts["skipped"] += 1
            yield StepSkipped(step.id, step.address, f"{cause} did not succeed")
            continue
        yield StepStarted(step.id, step.address, step.action, position, len(plan.steps))
        before = time.perf_counter()
        try:
            how, summary = _do(step, plan, effects)
        except StepFailed as failure:
            diagnostics = failure.diagnostics
            if _system.is_disk_full(failure):  # whatever a driver makes of it
                diagnostics = (_system.found(step.id, failure, step.address),)
        except Exception as error:  # a driver's bug must not take the other steps with it
            diagnostics = (_system.found(step.id, error, step.address),)
        else:
            counts["done"] += 1
            if step.move is not None:  # what follows goes by the new name
                effects = structs.replace(effects, applied=renamed(effects.applied, step.move))
            yield StepDone(step.id, step.address, step.action, how, time.perf_counter() - before, summary)
            continue
        counts["failed"] += 1
        blocked[step.id] = step.id
        if any(diagnostic.rule == disk_full.RULE.name for diagnostic in diagnostics):
            full = step.id
        refused = refused or all(diagnostic.refused for diagnostic in diagnostics)
        yield StepFailedEvent(step.id, step.address, diagnostics)
    not_started = len(plan.steps) - started
    outcome: Literal["done", "failed", "refused", "interrupted"]
    if not_started:
        outcome = "interrupted"
    elif counts["failed"]:
        outcome = "refused" if refused else "failed"
    else:
        outcome = "done"
    yield Finished(outcome, counts["done"], counts["failed"], counts["skipped"], not_started)


def _do(step: Step, plan: Plan, effects: Effects) -> tuple[str, dict[str, Any]]:
    """One effect and its record. Gives how it went and a summary."""
    if step.action == "run":
        assert step.operation is not None, step.id
        return run_operation(step.operation, plan, effects)
    if step.action == "move":
        assert step.move is not None, step.id
        effects.state.move(step.move)
        return "done", {"was": step.move.was}
    if step.action == "undo":
        assert step.operation is not None, step.id
        undo_operation(step.operation, plan.environment, effects)
    elif step.action == "write":
        assert step.artifact is not None, step.id
        write_artifact(step.artifact, step.address, effects)
    elif step.action == "remove":
        assert step.artifact is not None, step.id
        remove_artifact(step.artifact, effects)
    elif step.action == "delete":
        effects.state.remove("resource", step.address)
    else:
        assert step.spec is not None, step.id
        effects.state.put_resource(step.address, step.spec)
    return "done", {}
