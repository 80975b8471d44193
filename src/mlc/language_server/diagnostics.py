"""Diagnostics as `mlc validate` finds them, for every file of the project."""

from __future__ import annotations

from lsprotocol import types

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.span import Span, start_of
from mlc.language_server.project import Analysis

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}


def by_file(analysis: Analysis) -> dict[str, list[types.Diagnostic]]:
    """The diagnostics of each file of the project; an empty list for a file without any."""
    found: dict[str, list[types.Diagnostic]] = {file: [] for file in analysis.source.texts}
    for one in analysis.diagnostics:
        span = place_of(one)
        found.setdefault(span.file, []).append(_translated(one, span, analysis))
    return found


def place_of(one: Diagnostic) -> Span:
    """Where a diagnostic is shown: what concerns no place in a file is shown at the top of mlc.yaml."""
    span = one.primary.span if one.primary is not None else start_of("mlc.yaml")
    return start_of("mlc.yaml") if span.file.startswith("<") else span


def _translated(one: Diagnostic, span: Span, analysis: Analysis) -> types.Diagnostic:
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(analysis.uri(label.span.file), analysis.text(label.span.file).range(label.span)),
            label.text or one.summary,
        )
        for label in one.labels
        if not label.primary and label.span.file in analysis.source.texts
    ]
    return types.Diagnostic(
        range=analysis.text(span.file).range(span),
        message="\n".join(part for part in (one.detail, one.help) if part),
        severity=_SEVERITIES[one.severity],
        code=one.rule,
        source="mlc",
        related_information=related or None,
    )
