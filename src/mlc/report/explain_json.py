"""An explanation for machines."""

from __future__ import annotations

from typing import Any

from mlc.ir.explanation import Explanation, Layered
from mlc.report import json


def explanation(one: Explanation) -> dict[str, Any]:
    return {
        "environment": one.environment,
        "path": one.path,
        "value": one.winner.value,
        "winner": _layer(one.winner),
        "overwrote": [_layer(lost) for lost in one.overwrote],
        "read": [{"key": key, **_layer(read)} for key, read in one.read],
        "description": one.description,
        "change_class": one.change_class,
    }


def _layer(layer: Layered) -> dict[str, Any]:
    shown: dict[str, Any] = {"value": layer.value, **json.span(layer.span)}
    return shown if layer.written is None else {**shown, "written": layer.written}
