"""Diagnostics as a GitLab code quality report, which GitLab shows in a merge request."""

from __future__ import annotations

from typing import Any

from mlc.ir.diagnostic import Diagnostic
from mlc.report.json import bare
from mlc.report.places import fingerprints, place

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def diagnostics(found: tuple[Diagnostic, ...]) -> str:
    named = zip(found, fingerprints(found), strict=True)
    return bare([_issue(one, fingerprint) for one, fingerprint in named])


def _issue(one: Diagnostic, fingerprint: str) -> dict[str, Any]:
    span = place(one)
    text = one.detail + (f" {one.help}" if one.help else "")
    return {
        "description": text,
        "check_name": one.rule,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[one.severity],
        "location": {
            "path": span.file,
            "lines": {"begin": span.line, "end": span.end_line},
        },
    }
