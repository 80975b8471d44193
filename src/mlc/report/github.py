"""Diagnostics as GitHub workflow commands, which GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic
from mlc.report.terminal import encodable

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def diagnostics(found: tuple[Diagnostic, ...]) -> str:
    return "".join(_command(one) for one in found)


def _command(one: Diagnostic) -> str:
    properties = {"title": f"{one.rule}: {one.summary}"}
    if one.primary is not None and not one.primary.span.file.startswith("<"):
        span = one.primary.span
        properties |= {
            "file": span.file,
            "line": str(span.line),
            "endLine": str(span.end_line),
            "col": str(span.column),
        }
        if span.line == span.end_line:  # GitHub takes an end column within one line only
            properties["endColumn"] = str(span.end_column)
    listed = ",".join(f"{name}={_escaped(value, property_value=True)}" for name, value in properties.items())
    text = one.detail + (f"\n{one.help}" if one.help else "")
    return f"::{_LEVELS[one.severity]} {listed}::{_escaped(text)}\n"


def _escaped(text: str, *, property_value: bool = False) -> str:
    """The percent escapes of workflow commands, so that no value can end or begin one."""
    text = encodable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if property_value else text
