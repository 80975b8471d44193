"""What was changed from outside, for people: what was recorded, what is there, and the commands that follow."""

from __future__ import annotations

from mlc.ir.drift import ABSENT, Drift, Drifted
from mlc.ir.state import State
from mlc.report.terminal import Paint, harmless
from mlc.rules._words import counted, listed


def drifted(
    project: str, environment: str, state: State, found: Drifted, paint: Paint, *, verbose: bool = False
) -> str:
    head = paint(f"{project} · {environment}", "bold")
    compared = f"compared with state serial {state.serial}" if state.lineage else "nothing applied yet"
    pad = " " * max(2, 51 - len(project) - len(environment) - 3)
    lines = [head + pad + paint(compared, "dim")]
    for one in found.found:
        lines += _drift(one, paint)
    if verbose:
        for one in found.accepted:
            lines += _drift(one, paint, accepted=True)
    if found.unseen:
        lines.append(
            f"Not looked at, as their description has changed since: {harmless(listed(found.unseen))}. "
            "`mlc plan` says what becomes of them."
        )
    accepted = f" · {len(found.accepted)} accepted before" if found.accepted else ""
    if not found.found:
        lines.append(f"No drift: all is as it was applied{accepted}.")
        return "\n".join(lines) + "\n"
    lines.append(paint(f"Drift: {counted(len(found.found), 'thing')} changed from outside{accepted}", "bold"))
    lines.append(f"  to undo it          {undo(environment)}")
    lines.append(f"  to take it as it is {accept('NAME', environment)}")
    return "\n".join(lines) + "\n"


def taken(chosen: tuple[Drift, ...], environment: str, paint: Paint) -> str:
    """What is taken as it is."""
    lines = [f"The state of {environment} takes this as it is, until what mlc would make of it changes:"]
    return "\n".join([*lines, *(line for one in chosen for line in _drift(one, paint))]) + "\n"


def _drift(one: Drift, paint: Paint, *, accepted: bool = False) -> list[str]:
    seen = one.seen
    symbol, colour = ("-", "red") if seen.token == ABSENT else ("~", "yellow")
    what = seen.what + (" (accepted)" if accepted else "")
    lines = [paint(f"{symbol} {harmless(one.name):<48} ", colour) + harmless(what)]
    when = " ".join(
        part
        for part in (f"since {seen.since}" if seen.since else "", f"by {seen.by}" if seen.by else "")
        if part
    )
    if when:
        lines.append(" " * 51 + paint(harmless(when), "dim"))
    return lines


def undo(environment: str) -> str:
    return f"mlc apply --env {environment}"


def accept(name: str, environment: str) -> str:
    return f"mlc drift --env {environment} --accept {name}"
