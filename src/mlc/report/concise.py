"""Diagnostics one to a line: `file:line:column: severity[rule] detail`."""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic
from mlc.report.terminal import harmless


def diagnostics(found: tuple[Diagnostic, ...]) -> str:
    lines = []
    for one in found:
        place = f"{one.primary.span}: " if one.primary else ""
        lines.append(harmless(f"{place}{one.severity}[{one.rule}] {one.detail}".replace("\n", " ")) + "\n")
    return "".join(lines)
