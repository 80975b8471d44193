"""Which steps may start now: those that wait for nothing, in the order of the plan."""

from __future__ import annotations

from heapq import heappop, heappush

from mlc.ir.plan import Plan, Step

REMOVING = ("undo", "remove", "delete")
"""What waits until all else is over: the new is there before the old goes."""


class Order:
    """The steps of a plan that have not started; `over` says of a step that it will not go on."""

    def __init__(self, plan: Plan) -> None:
        self._steps = plan.steps
        self._position = {step.id: position for position, step in enumerate(plan.steps)}
        self._needs: dict[str, int] = {}
        self._dependents: dict[str, list[str]] = {}
        self._ready: list[int] = []
        self._removals: list[int] = []  # ready, but for all else that is to be over first
        self._others = sum(step.action not in REMOVING for step in plan.steps)
        self._waiting = set(self._position)
        for step in plan.steps:
            needs = [need for need in step.depends_on if need in self._position]
            self._needs[step.id] = len(needs)
            for need in needs:
                self._dependents.setdefault(need, []).append(step.id)
            if not needs:
                self._release(step.id)

    @property
    def total(self) -> int:
        return len(self._steps)

    @property
    def waiting(self) -> int:
        """How many have not started."""
        return len(self._waiting)

    def position(self, step: Step) -> int:
        """The step's place in the plan, from 1."""
        return self._position[step.id] + 1

    def next(self) -> Step | None:
        """The first of those that may start; None where none may. It waits no longer."""
        heap = self._ready or (self._removals if not self._others else [])
        if not heap:
            return None
        step = self._steps[heappop(heap)]
        self._waiting.discard(step.id)
        return step

    def over(self, step: Step) -> None:
        """Done, failed or skipped: what waits for it waits no longer."""
        self._others -= step.action not in REMOVING
        for dependent in self._dependents.get(step.id, ()):
            self._needs[dependent] -= 1
            if not self._needs[dependent]:
                self._release(dependent)

    def rest(self) -> tuple[Step, ...]:
        """All that have not started, which now wait no longer."""
        rest = tuple(step for step in self._steps if step.id in self._waiting)
        self._waiting.clear()
        self._ready.clear()
        self._removals.clear()
        return rest

    def _release(self, step_id: str) -> None:
        position = self._position[step_id]
        heappush(self._removals if self._steps[position].action in REMOVING else self._ready, position)
