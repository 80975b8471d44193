"""An explanation for people: the chain of values with the line of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlc.ir.explanation import Explanation, Layered
from mlc.ir.node import Node, plain
from mlc.report.terminal import Paint, harmless


def explanation(one: Explanation, sources: Mapping[str, str], paint: Paint) -> str:
    value = paint(_value(one.winner.value), "green")
    lines = [f"{paint(harmless(one.path), 'bold')} = {value}   {paint(one.environment, 'dim')}"]
    if one.description:
        lines.append(paint(f"  {one.description}", "dim"))
    lines.append("")
    lines += _layer("set by", one.winner, sources, paint)
    for lost in one.overwrote:
        lines += _layer("over", lost, sources, paint)
    for key, read in one.read:
        lines += _layer(f"reads {key}", read, sources, paint)
    if one.change_class not in ("", "none"):
        lines += ["", f"  A change to it costs: {one.change_class}"]
    return "\n".join([*lines, ""]) + "\n"


def _layer(role: str, layer: Layered, sources: Mapping[str, str], paint: Paint) -> list[str]:
    written = f"  ({harmless(layer.written)})" if layer.written else ""
    lines = [f"  {role:<7} {_value(layer.value)}{written}  {paint(harmless(str(layer.span)), 'blue')}"]
    text = sources.get(layer.span.file, "").splitlines()
    if 1 <= layer.span.line <= len(text):
        lines.append(
            paint(f"            {layer.span.line} | {harmless(text[layer.span.line - 1].strip())}", "dim")
        )
    return lines


def _value(value: Any) -> str:
    if isinstance(value, Node):
        value = plain(value)
    text = json.dumps(value, ensure_ascii=False)
    return harmless(text if len(text) <= 100 else text[:99] + "…")
