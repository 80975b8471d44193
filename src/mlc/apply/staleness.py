"""Whether a plan still fits what it was made against."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlc.ir.plan import Made, Plan
from mlc.ir.state import State


def stale(
    plan: Plan,
    applied: State,
    tool: str,
    tools: Callable[[str], Mapping[str, str]],
    file_digest: Callable[[str], str],
    present: Callable[[], Made],
) -> list[str]:
    """Every reason why a plan may not be applied any more, in words.

    `present` says what this mlc is made of; it is asked for a saved plan only, which says the same of its own.
    """
    reasons = []
    if plan.tool != tool:
        reasons.append(f"it was made by {plan.tool}, and this is {tool}")
    if plan.made is not None:
        now = present()
        if plan.tool == tool and plan.made.source != now.source:
            reasons.append(f"the code of {tool} is another one since")
        if plan.made.templates != now.templates:
            reasons.append("the templates have changed since")
        for path, digest in plan.made.backends.items():
            if file_digest(path) != digest:
                reasons.append(f"{path}, of a backend of the project's own, has changed since")
    # a state that is only now begun has a lineage that the plan cannot know
    same_lineage = plan.lineage == applied.lineage or (not plan.lineage and not applied.serial)
    if plan.serial != applied.serial or not same_lineage:
        reasons.append(_moved(plan, applied))
    for name, made_with in plan.tools.items():
        if tools(name) != made_with:
            reasons.append(f"the packages that {name} works with have changed since")
    for path, digest in plan.files.items():
        if file_digest(path) != digest:
            reasons.append(f"{path} has changed since")
    return reasons


def _moved(plan: Plan, state: State) -> str:
    if plan.lineage != state.lineage:
        return "it was made against another state"
    return f"it was made against serial {plan.serial} of the state, which is at {state.serial} now"
