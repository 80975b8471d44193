"""Bounds, rules and promises that a change loosens or tightens.

Which way is stricter stands on the field (`x-mlc-stricter`, declared by `about(stricter=…)`), so a new kind of bound
is judged without a change here.
"""

from __future__ import annotations

import re
from typing import Any

from mlc.ir.review import Verdict
from mlc.kinds._fields import in_bytes, seconds
from mlc.kinds._walk import field_at
from mlc.review.values import ABSENT

Path = tuple[str | int, ...]
_DURATION = re.compile(r"[0-9]+(\.[0-9]+)?(ms|s|m|h|d|w)")
_SIZE = re.compile(r"[0-9]+(\.[0-9]+)?(B|[KMGT]i?B?)")
_ENDS = (
    "upper",
    "point",
    "lower",
)  # of an interval, from the least cautious to the most where `min` is to be cleared


def judged(kind: str, path: Path, before: Any, after: Any, specs: tuple[Any, Any]) -> Verdict | None:
    """What a difference at a path does to what is held; None for one that holds nothing.

    `specs` are the resource before and after; `before` and `after` may be ABSENT.
    """
    for length in range(len(path), 0, -1):
        field = field_at(kind, path[:length], specs[1]) or field_at(kind, path[:length], specs[0])
        stricter = None if field is None else field.get("x-mlc-stricter")
        if stricter is None:
            continue
        if length == len(path):
            return _compared(stricter, before, after, path, specs)
        if stricter == "more" and length == len(path) - 1:
            return "tightened" if before is ABSENT else "loosened" if after is ABSENT else None
        return None
    return None


def _compared(stricter: Any, before: Any, after: Any, path: Path, specs: tuple[Any, Any]) -> Verdict | None:
    if isinstance(stricter, list):
        return _ordered(_rank(stricter, before), _rank(stricter, after))
    match stricter:
        case "higher" | "lower":
            sign = 1.0 if stricter == "higher" else -1.0
            return _ordered(_number(before, sign), _number(after, sign))
        case "true" | "false":
            wanted = stricter == "true"
            return _ordered(float(_truth(before) == wanted), float(_truth(after) == wanted))
        case "more" | "fewer":
            return _members(before, after, more=stricter == "more")
        case "cautious":
            return _ends(path, specs)
        case "wider":
            return _confidence(path, specs, before, after)
    return "changed"


def _ordered(before: float | None, after: float | None) -> Verdict:
    if before is None or after is None:
        return "changed"
    return "tightened" if after > before else "loosened" if after < before else "changed"


def _rank(order: list[Any], value: Any) -> float | None:
    return float(order.index(value)) if value in order else -1.0 if value in (None, ABSENT) else None


def _number(value: Any, sign: float) -> float | None:
    """How strict a bound is; one that is not there is the least strict of all."""
    if value is None or value is ABSENT:
        return float("-inf")
    if isinstance(value, str):
        if _DURATION.fullmatch(value):
            return sign * seconds(value)
        return sign * in_bytes(value) if _SIZE.fullmatch(value) else None
    return sign * float(value) if isinstance(value, int | float) else None


def _truth(value: Any) -> bool:
    return value not in (None, ABSENT, False, "")


def _members(before: Any, after: Any, *, more: bool) -> Verdict:
    """Lists of names: to be held by more is stricter. Lists of what is allowed: fewer is, and none allows anything."""
    old, new = ([] if one in (None, ABSENT) else list(one) for one in (before, after))
    lost, gained = [one for one in old if one not in new], [one for one in new if one not in old]
    if not more:
        if not old or not new:
            return "tightened" if not old else "loosened"
        lost, gained = gained, lost
    return "loosened" if lost else "tightened" if gained else "changed"


def _side(spec: Any, path: Path) -> dict[str, Any]:
    """The bound that holds a field, as a map."""
    found = spec
    for part in path[:-1]:
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _caution(bound: dict[str, Any]) -> int | None:
    """How cautious the end that must clear a bound is: 2 is the cautious one, 1 the point; None for two bounds."""
    has_min, has_max = bound.get("min") is not None, bound.get("max") is not None
    end = bound.get("bound")
    if end is None:
        return 2
    if has_min == has_max or end not in _ENDS:
        return None
    place = _ENDS.index(end)
    return place if has_min else 2 - place


def _ends(path: Path, specs: tuple[Any, Any]) -> Verdict:
    before, after = (_caution(_side(spec, path)) for spec in specs)
    if before is None or after is None:
        return "changed"
    return _ordered(float(before), float(after))


def _confidence(path: Path, specs: tuple[Any, Any], before: Any, after: Any) -> Verdict | None:
    """A wider interval is stricter where its cautious end counts, and makes no difference where the point does."""
    caution = _caution(_side(specs[1], path))
    if caution is None or caution == 1:
        return "changed" if caution is None else None
    return _ordered(
        _number(before, 1.0 if caution == 2 else -1.0), _number(after, 1.0 if caution == 2 else -1.0)
    )
