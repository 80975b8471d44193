"""What the commands on the state say: what they would change, and what stays in the world."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mlc.ir.state import Move, Name, State
from mlc.report.terminal import Paint, harmless
from mlc.rules._words import counted

_STAYS = {
    "registration": "version {version} stays in the registry",
    "promotion": "the alias {alias} stays where it points",
    "local": "version {version} stays deployed on this machine",
}
"""What an operation's effect leaves in the world, by driver, in words for its summary."""


def listing(names: Iterable[Name]) -> str:
    return "".join(f"{kind:<10} {harmless(name)}\n" for kind, name in names)


def entry(kind: str, name: str, environment: str, value: Any) -> str:
    """One record with everything in it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return f"{kind} {harmless(name)} · {environment}\n" + "".join(
        f"{harmless(line)}\n" for line in text.splitlines()
    )


def move(state: State, change: Move, environment: str, paint: Paint) -> str:
    """What a rename changes in the state."""
    lines = [paint(f"→ {harmless(change.now)} (was {harmless(change.was)})", "blue") + f"   {environment}"]
    lines += [f"    {'operation':<10} {change.was}/{name}" for name in change.operations]
    lines += [
        f"    {'artifact':<10} {harmless(path)}"
        for path, found in state.artifacts.items()
        if found.address == change.was
    ]
    lines += [f"    {'refers':<10} {address}" for address in change.specs]
    left = [
        name
        for name in state.operations
        if name.rpartition("/")[0] == change.was and name.rpartition("/")[2] not in change.operations
    ]
    lines += [
        f"    {'stays':<10} {name}: its effect bears the old name, and the next apply takes it back"
        for name in left
    ]
    return "\n".join(lines) + "\n"


def forgotten(state: State, names: Iterable[Name], environment: str, paint: Paint) -> str:
    """What is forgotten, and what of it stays in the world."""
    names = tuple(names)
    lines = [f"The state of {environment} forgets {counted(len(names), 'entry', 'entries')}:"]
    for kind, name in names:
        lines.append(paint("- ", "red") + f"{kind:<10} {harmless(name)}" + _stays(state, kind, name))
    return "\n".join(lines) + "\n"


def pushed(state: State, current: State, serial: int, environment: str) -> str:
    """What takes the place of what."""
    there = f"serial {current.serial}, {_counted(current)}" if current.serial else "nothing applied yet"
    return f"The state of {environment} becomes serial {serial}, {_counted(state)} (now: {there}).\n"


def _counted(state: State) -> str:
    return ", ".join(
        (
            counted(len(state.resources), "resource"),
            counted(len(state.operations), "operation"),
            counted(len(state.artifacts), "artifact"),
        )
    )


def _stays(state: State, kind: str, name: str) -> str:
    if kind == "artifact":
        return "   the file stays"
    if kind == "operation":
        outcome = state.operations[name]
        known = {"version": "?", "alias": "?", **outcome.summary}
        words = _STAYS.get(outcome.driver, "").format_map(known)
        return f"   {harmless(words)}" if words else ""
    return ""
