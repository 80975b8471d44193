"""Plain data → YAML as a person would write it: short maps in brackets, comments where they are wanted.

What is written reads back as the same data: whoever writes it makes sure (`load.read`, `format_text`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mlc.edit.scalars import as_written

Path = tuple[str | int, ...]
Notes = Mapping[Path, Sequence[str]]

WIDTH = 96
COMMENT_WIDTH = 100


def write_yaml(value: Mapping[str, Any], head: Sequence[str] = (), notes: Notes | None = None) -> str:
    """The text of one file. `head` are remarks above it all, `notes` remarks above the entry at a path."""
    lines = [line for remark in head for line in comment(remark, 0)]
    lines += _entries(value, (), 0, notes or {}) if value else ["{}"]
    return "\n".join(lines) + "\n"


def comment(remark: str, indent: int) -> list[str]:
    """A remark as lines that begin with #, whatever stands in it."""
    words = "".join(one if one.isprintable() else " " for one in remark).split()
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > COMMENT_WIDTH - indent - 2:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [f"{' ' * indent}# {one}" for one in (*lines, line)]


def scalar(value: Any) -> str:
    """A scalar on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return ".nan"
        if math.isinf(value):
            return ".inf" if value > 0 else "-.inf"
        text = repr(value)
        return text if "." in text or "e" not in text else text.replace("e", ".0e")
    if isinstance(value, int):
        return str(value)
    return as_written(str(value))


def _entries(value: Mapping[str, Any], path: Path, indent: int, notes: Notes) -> list[str]:
    lines: list[str] = []
    for key, child in value.items():
        here = (*path, key)
        for remark in notes.get(here, ()):
            lines += comment(remark, indent)
        lead = f"{' ' * indent}{as_written(key)}:"
        beside = None if _is_noted(here, notes) else _inline(child, len(lead) + 1)
        if beside is not None:
            lines.append(f"{lead} {beside}")
        elif isinstance(child, Mapping):
            lines += [lead, *_entries(child, here, indent + 2, notes)]
        else:
            lines += [lead, *_items(child, here, indent + 2, notes)]
    return lines


def _items(value: Sequence[Any], path: Path, indent: int, notes: Notes) -> list[str]:
    lines: list[str] = []
    for index, child in enumerate(value):
        here = (*path, index)
        for remark in notes.get(here, ()):
            lines += comment(remark, indent)
        beside = _inline(child, indent + 2)
        if beside is None and isinstance(child, Mapping):
            first, *rest = _entries(child, here, indent + 2, notes)
            lines += [f"{' ' * indent}- {first.lstrip()}", *rest]
        else:
            lines.append(f"{' ' * indent}- {beside if beside is not None else _flow(child)}")
    return lines


def _inline(value: Any, column: int) -> str | None:
    """A value behind its key, or None where it needs lines of its own."""
    if not isinstance(value, Mapping | list | tuple):
        return scalar(value)
    text = _flow(value)
    if not value:
        return text
    deep = isinstance(value, Mapping) and any(isinstance(one, Mapping) and one for one in value.values())
    listed = isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value)
    return None if deep or listed or column + len(text) > WIDTH else text


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{as_written(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    return scalar(value)


def _is_noted(path: Path, notes: Notes) -> bool:
    """Whether there is a remark on something within a value."""
    return any(len(noted) > len(path) and noted[: len(path)] == path for noted in notes)
