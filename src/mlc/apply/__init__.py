"""Plan → events and new state: steps in dependency order, independent ones at once.

Every effect is recorded before anything that depends on it starts, and records are made one at a time: killed
anywhere, the next apply converges. Nothing here reads the configuration; the plan holds all there is to do.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

from msgspec import Struct, structs

from mlc.apply.budget import Budget, Need, fits
from mlc.apply.effects import (
    Due,
    Effects,
    errand_of,
    failure,
    found_or_due,
    mark_undoing,
    record_product,
    remove_artifact,
    size_read,
    write_artifact,
)
from mlc.apply.order import Order
from mlc.apply.processes import Died, Errand, Failed, Heard, Succeeded, Told
from mlc.apply.staleness import stale
from mlc.ir.event import (
    Event,
    Finished,
    StepDone,
    StepFailedEvent,
    StepRetried,
    StepSkipped,
    StepStarted,
    StepTold,
)
from mlc.ir.operation import Operation, StepFailed
from mlc.ir.plan import Made, Plan, Step, threats
from mlc.ir.state import renamed
from mlc.rules import disk_full, lease_lost, plan_stale, prevent_destroy, state_unreachable, step_killed

LONGEST_WAIT = 300.0
"""Seconds: from a try to the next one, the wait doubles, up to here."""

_ENDING = tuple(one.RULE.name for one in (disk_full, state_unreachable, lease_lost))
"""What leaves no other step a chance to be recorded."""

_LEAST = Need(cores=1, memory=0)

_GLANCE = 0.1
"""Seconds after which somebody who waits for a retry looks whether it is to stop."""


class Stop(Struct):
    """Set from outside (a first Ctrl-C) to finish the running steps and stop."""

    wanted: bool = False


def refuse_stale(plan: Plan, effects: Effects, tool: str, present: Callable[[], Made]) -> None:
    """Raises StepFailed (`plan-stale`, with every reason) where a plan may not be applied any more."""
    reasons = stale(plan, effects.applied, tool, effects.tools, effects.file_digest, present)
    if reasons:
        raise StepFailed(plan_stale.found(reasons))


def refuse_destroying(plan: Plan, effects: Effects) -> None:
    """Raises StepFailed (`prevent-destroy`) where a plan would destroy what is protected, however it came about."""
    found = threats(plan, effects.applied)
    if found:
        raise StepFailed(*(prevent_destroy.found(threat, plan.environment, None) for threat in found))


def apply(plan: Plan, effects: Effects, stop: Stop, budget: Budget) -> Iterator[Event]:
    """Do the steps of a plan that is not stale.

    A failed step stops what depends on it and nothing else; a full disk, or a state out of reach, stops all
    that has not started.
    """
    run = _Run(plan, effects, budget)
    while True:
        yield from run.start(stop)
        if not run.running and (stop.wanted or not run.queued):
            break
        yield from run.hear()
    not_started = run.order.waiting + len(run.queued)
    outcome: Literal["done", "failed", "refused", "interrupted"]
    if not_started:
        outcome = "interrupted"
    elif run.failed:
        outcome = "refused" if run.refused else "failed"
    else:
        outcome = "done"
    yield Finished(outcome, run.done, run.failed, run.skipped, not_started)


def waits_for(backoff: float, tried: int) -> float:
    """Seconds until the next try, after so many: always the same, so that a run can be foretold."""
    return min(LONGEST_WAIT, backoff * 2.0 ** min(tried - 1, 64))


class _Try(Struct):
    """A step that a process does, or will try again at `again` (of the monotonic clock)."""

    step: Step
    need: Need
    due: Due | None
    errand: Errand | None = None
    started: float = 0.0
    tried: int = 0
    again: float = 0.0


class _Run:
    """Where a run stands: which steps wait, which run, and what became of the others."""

    def __init__(self, plan: Plan, effects: Effects, budget: Budget) -> None:
        self.plan, self.effects, self.budget = plan, effects, budget
        self.order = Order(plan)
        self.queued: dict[str, _Try] = {}  # due, but for the budget or the time of the next try
        self.running: dict[str, _Try] = {}
        self.blocked: dict[str, str] = {}  # step → the one whose failure stopped it
        self.full = ""  # the step that found the disk full, or the state out of reach
        self.done = self.failed = self.skipped = 0
        self.refused = False

    def start(self, stop: Stop) -> Iterator[Event]:
        """Start all that there is room for, in the order of the plan; what needs no process is done at once."""
        for one in tuple(self.queued.values()):
            if not stop.wanted and not self.full:
                yield from self._launch(one)
        while not stop.wanted and not self.full and not self._is_busy():
            step = self.order.next()
            if step is None:
                break
            cause = next((self.blocked[need] for need in step.depends_on if need in self.blocked), "")
            if cause:
                yield self._skip(step, cause)
            else:
                yield from self._begin(step)
        if self.full:
            for rest in (*[one.step for one in self.queued.values()], *self.order.rest()):
                yield self._skip(rest, self.full)

    def hear(self) -> Iterator[Event]:
        """Wait for what the running steps say next, or until a step may be tried again."""
        times = [one.again for one in self.queued.values() if one.again]
        seconds = max(0.0, min(_GLANCE, min(times) - time.monotonic())) if times else None
        for heard in self.effects.workers.heard(seconds):
            if isinstance(heard, Told):
                yield StepTold(heard.step, heard.text)
            else:
                yield from self._ended(self.running.pop(heard.step), heard)

    def _is_busy(self) -> bool:
        """Whether no step that needs a process could start now, so that there is no use in looking at more."""
        return bool(self.running) and not fits(_LEAST, self._needs(), self.budget)

    def _needs(self) -> tuple[Need, ...]:
        return tuple(one.need for one in self.running.values())

    def _begin(self, step: Step) -> Iterator[Event]:
        """Do a step that needs no process, or find one for it."""
        before = time.perf_counter()
        try:
            told = self._without_process(step)
        except Exception as error:
            yield self._started(step)
            yield from self._failed(step, failure(step.id, step.address, error))
            return
        if told is None:
            yield from self._launch(self.queued[step.id])
            return
        yield self._started(step)
        yield self._did(step, told, time.perf_counter() - before)

    def _launch(self, one: _Try) -> Iterator[Event]:
        """Give a step that is due to a process, if there is room for it and it is time."""
        step = one.step
        if one.again > time.monotonic() or not fits(one.need, self._needs(), self.budget):
            return
        del self.queued[step.id]
        if not one.tried:
            yield self._started(step)
        one.started, one.again, one.tried = time.perf_counter(), 0.0, one.tried + 1
        try:
            one.errand = self._errand(step, one)
        except Exception as error:
            yield from self._failed(step, failure(step.id, step.address, error))
            return
        self.running[step.id] = one
        self.effects.workers.start(one.errand)

    def _errand(self, step: Step, one: _Try) -> Errand:
        assert step.operation is not None, step.id
        if one.due is None:
            mark_undoing(step.operation, self.effects)
            return Errand("undo", step.operation, self.plan.environment)
        cores = min(one.need.cores or self.budget.cores, self.budget.cores)
        return errand_of(step.operation, one.due, self.plan.environment, cores, self.effects)

    def _ended(self, one: _Try, heard: Heard) -> Iterator[Event]:
        """A process came to its end: record what it did, or say why it did not."""
        step = one.step
        assert step.operation is not None, step.id
        try:
            if isinstance(heard, Succeeded):
                told = self._recorded(step.operation, one.due, heard)
                yield self._did(step, told, time.perf_counter() - one.started)
                return
        except Exception as error:
            heard = failure(step.id, step.address, error)
        finally:
            if one.errand is not None and one.errand.folder is not None:
                shutil.rmtree(one.errand.folder, ignore_errors=True)
        if isinstance(heard, Died):
            heard = Failed(step.id, (step_killed.found(step.id, heard.signal, step.address),))
        assert isinstance(heard, Failed), heard
        retries = step.operation.retries
        if heard.passing and one.tried <= retries and not any(found.refused for found in heard.diagnostics):
            wait = waits_for(step.operation.backoff, one.tried)
            one.again = time.monotonic() + wait
            self.queued[step.id] = one
            yield StepRetried(step.id, step.address, one.tried, retries, wait, heard.diagnostics)
            return
        yield from self._failed(step, heard)

    def _recorded(
        self, operation: Operation, due: Due | None, heard: Succeeded
    ) -> tuple[str, dict[str, Any]]:
        if due is None or heard.product is None:
            self.effects.state.remove("operation", operation.id)
            return "done", {}
        return record_product(operation, due, heard.product, self.effects)

    def _without_process(self, step: Step) -> tuple[str, dict[str, Any]] | None:
        """One effect and its record: how it went and a summary. None where it is queued for a process."""
        effects = self.effects
        if step.action in ("run", "undo"):
            assert step.operation is not None, step.id
            return self._found(step, step.operation)
        if step.action == "move":
            assert step.move is not None, step.id
            effects.state.move(step.move)
            # what follows goes by the new name
            self.effects = structs.replace(effects, applied=renamed(effects.applied, step.move))
            return "done", {"was": step.move.was}
        if step.action == "write":
            assert step.artifact is not None, step.id
            write_artifact(step.artifact, step.address, effects)
        elif step.action == "remove":
            assert step.artifact is not None, step.id
            remove_artifact(step.artifact, effects)
        elif step.action == "delete":
            effects.state.remove("resource", step.address)
        else:
            assert step.spec is not None, step.id
            effects.state.put_resource(step.address, step.spec, step.origins)
        return "done", {}

    def _found(self, step: Step, operation: Operation) -> tuple[str, dict[str, Any]] | None:
        """The outcome of an operation that need not run, or its place in the queue."""
        declared = self.effects.declared(operation.driver)
        if step.action == "undo":
            if not declared.undoes:
                self.effects.state.remove("operation", operation.id)
                return "forgotten", {}
            self.queued[step.id] = _Try(step, Need(1, 0), None)
            return None
        found = found_or_due(operation, self.plan, self.effects)
        if not isinstance(found, Due):
            return found
        read = size_read(operation, found, self.effects)
        memory = declared.memory * 1_000_000 + int(declared.memory_per_byte * read)
        self.queued[step.id] = _Try(step, Need(declared.cores, memory), found)
        return None

    def _started(self, step: Step) -> StepStarted:
        return StepStarted(step.id, step.address, step.action, self.order.position(step), self.order.total)

    def _did(self, step: Step, told: tuple[str, dict[str, Any]], seconds: float) -> StepDone:
        self.done += 1
        self.order.over(step)
        how, summary = told
        return StepDone(step.id, step.address, step.action, how, seconds, summary)

    def _failed(self, step: Step, found: Failed) -> Iterator[Event]:
        self.blocked[step.id] = step.id
        self.order.over(step)
        if any(diagnostic.rule in _ENDING for diagnostic in found.diagnostics):
            if self.full:  # another step that ran at the same time has said so
                self.blocked[step.id] = self.full
                self.skipped += 1
                yield StepSkipped(step.id, step.address, f"{self.full} did not succeed")
                return
            self.full = step.id
        self.failed += 1
        self.refused = self.refused or all(diagnostic.refused for diagnostic in found.diagnostics)
        yield StepFailedEvent(step.id, step.address, found.diagnostics)

    def _skip(self, step: Step, cause: str) -> StepSkipped:
        self.queued.pop(step.id, None)
        self.blocked[step.id] = cause
        self.order.over(step)
        self.skipped += 1
        return StepSkipped(step.id, step.address, f"{cause} did not succeed")
