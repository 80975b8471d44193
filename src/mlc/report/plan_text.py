"""A plan for people: each change with its class and the line that causes it, and a line that counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mlc.ir.plan import CLASSES, Change, Plan, Step, dearest
from mlc.report.terminal import Paint, harmless

_SYMBOLS = {"create": "+", "update": "~", "delete": "-"}
_COLOURS = {"→": "blue", "+": "green", "~": "yellow", "-": "red"}
_MOST_CHANGES = 8


def plan(planned: Plan, paint: Paint, *, verbose: bool = False) -> str:
    head = paint(f"{planned.project} · {planned.environment}", "bold")
    compared = f"compared with state serial {planned.serial}" if planned.lineage else "nothing applied yet"
    pad = " " * max(2, 51 - len(planned.project) - len(planned.environment) - 3)
    lines = [head + pad + paint(compared, "dim")]
    if planned.is_empty:
        lines += [_nothing(planned), *_narrowing(planned, paint, verbose)]
        return "\n".join(lines) + "\n"
    groups = _groups(planned)
    for address, steps in groups.items():
        lines += _resource(address, steps, paint, verbose)
    written = [step for step in planned.steps if step.artifact is not None]
    shown = written if verbose else written[:_MOST_CHANGES]
    lines += [_artifact(step, paint) for step in shown]
    if len(written) > len(shown):
        lines.append(paint(f"  … and {len(written) - len(shown)} more artifacts (-v shows them)", "dim"))
    lines += _narrowing(planned, paint, verbose)
    lines.append(_count(planned, groups, paint))
    return "\n".join(lines) + "\n"


def _nothing(planned: Plan) -> str:
    if planned.narrowing is None:
        return f"Nothing to do: {_resources(planned.unchanged)} as described."
    if not planned.narrowing.selected:
        return "Nothing to do: the selection chooses no resource."
    return f"Nothing to do: {_resources(planned.unchanged)} selected and as described."


def _narrowing(planned: Plan, paint: Paint, verbose: bool) -> list[str]:
    """What a selection brought along, and what it left out."""
    narrowing = planned.narrowing
    if narrowing is None:
        return []
    lines = []
    if narrowing.included:
        shown = _names(narrowing.included, verbose)
        lines.append(f"Included, as what is selected builds on it: {shown}.")
    by_reason: dict[str, list[str]] = {}
    for left in narrowing.left_out:
        reason = left.because if left.because not in ("excluded", "not selected") else ""
        by_reason.setdefault(reason, []).append(f"{left.address} ({left.outcome})")
    options = " and ".join(
        name for name, given in (("--select", narrowing.select), ("--exclude", narrowing.exclude)) if given
    )
    for reason, left_out in by_reason.items():
        number = f"{len(left_out)} changed resource{'' if len(left_out) == 1 else 's'}"
        why = f", as {'it' if len(left_out) == 1 else 'each'} {reason}" if reason else ""
        lines.append(f"{number} left out by {options}{why}: {_names(left_out, verbose)}.")
    return [paint(harmless(line), "dim") for line in lines]


def _names(names: Sequence[str], verbose: bool) -> str:
    shown = names if verbose else names[:_MOST_CHANGES]
    more = f" and {len(names) - len(shown)} more (-v names them)" if len(names) > len(shown) else ""
    return ", ".join(shown) + more


def _groups(planned: Plan) -> dict[str, list[Step]]:
    groups: dict[str, list[Step]] = {}
    for step in planned.steps:
        if step.artifact is None:
            groups.setdefault(step.address, []).append(step)
    return groups


def _resource(address: str, steps: list[Step], paint: Paint, verbose: bool) -> list[str]:
    symbol = _symbol(steps)
    cost = "create" if symbol == "+" else "destroy" if symbol == "-" else _cost(steps)
    changes = [change for step in steps for change in step.changes]
    runs = [step for step in steps if step.action == "run"]
    because = "" if symbol == "+" else _because(steps)
    first = _change(changes[0], paint) if changes else because
    was = next((step.move.was for step in steps if step.move is not None), None)
    shown = address if was is None else f"{address} (was {was})"
    head = f"{symbol} {harmless(shown):<29} {'' if cost == 'none' and was else cost:<18} "
    lines = [(paint(head, _COLOURS[symbol]) + first).rstrip()]
    most = len(changes) if verbose else _MOST_CHANGES
    lines += [" " * 51 + _change(change, paint) for change in changes[1:most]]
    if len(changes) > most:
        lines.append(" " * 51 + paint(f"… and {len(changes) - most} more fields (-v shows them)", "dim"))
    lines += [_run(step, paint) for step in runs]
    lines += [
        f"    {'undo':<11} {step.operation.name}"
        for step in steps
        if step.action == "undo" and step.operation
    ]
    return lines


def _symbol(steps: list[Step]) -> str:
    if any(step.move is not None for step in steps):
        return "→"
    return next((_SYMBOLS[step.action] for step in steps if step.action in _SYMBOLS), "~")


def _cost(steps: list[Step]) -> str:
    return dearest(tuple(step.change_class for step in steps))


def _because(steps: list[Step]) -> str:
    """Why a resource with no change of its own is in the plan."""
    reasons = [step.because for step in steps if step.because and not step.because.startswith("after ")]
    return "" if not reasons or reasons[0] == "not done yet" else harmless(reasons[0])


def _run(step: Step, paint: Paint) -> str:
    operation = step.operation
    assert operation is not None
    what = ""
    if operation.name == "gate":
        what = "gates " + ", ".join(operation.spec["gates"])
    elif operation.name == "train":
        what = operation.spec["estimator"].rpartition(".")[2]
    elif operation.name == "promote":
        what = f"alias {operation.spec['alias']}"
    elif operation.files:
        what = ", ".join(operation.files.values())
    later = paint("(version known after apply)", "dim") if operation.name == "register" else ""
    return f"    {operation.name:<11} {harmless(what):<34} {later}".rstrip()


def _change(change: Change, paint: Paint) -> str:
    cause = paint(f"  {harmless(str(change.cause))}", "blue") if change.cause is not None else ""
    return f"{harmless(change.path)} {_value(change.before)} → {_value(change.after)}{cause}"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) or not value else value
    return harmless(text if len(text) <= 40 else text[:39] + "…")


def _artifact(step: Step, paint: Paint) -> str:
    assert step.artifact is not None
    symbol = "-" if step.action == "remove" else "+" if not step.artifact.removed else "~"
    counted = "removed" if step.action == "remove" else f"+{step.artifact.added} −{step.artifact.removed}"
    why = f"  ({step.because})" if step.because else ""
    return paint(f"{symbol} artifact ", _COLOURS[symbol]) + f"{harmless(step.artifact.path)}  {counted}{why}"


def _count(planned: Plan, groups: dict[str, list[Step]], paint: Paint) -> str:
    symbols = [_symbol(steps) for steps in groups.values()]
    for step in planned.steps:
        if step.artifact is not None:
            symbols.append("-" if step.action == "remove" else "+" if not step.artifact.removed else "~")
    moved = symbols.count("→")
    numbers = f"{symbols.count('+')} to add, {symbols.count('~')} to change, {symbols.count('-')} to destroy"
    numbers += f", {moved} renamed" if moved else ""
    changed = [_cost(steps) for steps in groups.values() if _symbol(steps) in "→~"]
    costs = [f"{changed.count(name)} {name}" for name in reversed(CLASSES[3:]) if name in changed]
    return paint(
        " · ".join([f"Plan: {numbers}", *costs, f"{_resources(planned.unchanged)} unchanged"]), "bold"
    )


def _resources(number: int) -> str:
    return f"{number} resource" + ("" if number == 1 else "s")
