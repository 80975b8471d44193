"""Diagnostics as SARIF 2.1.0 (OASIS), which code scanning services and editors read."""

from __future__ import annotations

from typing import Any

from mlc import __version__, rules
from mlc.ir.diagnostic import Diagnostic, Fix, Label
from mlc.ir.span import Span
from mlc.report.json import bare
from mlc.report.places import fingerprints, is_in_file, place, uri

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_ROOT = "%SRCROOT%"


def diagnostics(found: tuple[Diagnostic, ...]) -> str:
    names = sorted({one.rule for one in found})
    run = {
        "tool": {
            "driver": {
                "name": "mlc",
                "semanticVersion": __version__,
                "rules": [_rule(name) for name in names],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The project's folder."}}},
        "results": [
            _result(one, names, fingerprint)
            for one, fingerprint in zip(found, fingerprints(found), strict=True)
        ],
    }
    return bare({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(name: str) -> dict[str, Any]:
    described = rules.described(name)
    why, mend = described.why, described.mend
    return {
        "id": name,
        "shortDescription": {"text": described.summary},
        "fullDescription": {"text": why},
        "help": {
            "text": f"{why}\n{mend}",
            "markdown": f"**Why it matters.** {why}\n\n**How to mend it.** {mend}",
        },
        "defaultConfiguration": {"level": _LEVELS[described.severity]},
    }


def _result(one: Diagnostic, names: list[str], fingerprint: str) -> dict[str, Any]:
    text = one.detail + (f"\n{one.help}" if one.help else "")
    result: dict[str, Any] = {
        "ruleId": one.rule,
        "ruleIndex": names.index(one.rule),
        "level": _LEVELS[one.severity],
        "message": {"text": text},
        "locations": [_location(place(one), one.primary, one.address)],
    }
    result["partialFingerprints"] = {"mlc/v1": fingerprint}
    related = [label for label in one.labels if not label.primary and is_in_file(label.span)]
    if related:
        result["relatedLocations"] = [
            {"id": number, **_location(label.span, label)} for number, label in enumerate(related, 1)
        ]
    if one.fix is not None and all(is_in_file(edit.span) for edit in one.fix.edits):
        result["fixes"] = [_fix(one.fix)]
    safety = "" if one.fix is None else one.fix.safety
    about = {"address": one.address, "path": one.path, "fixSafety": safety}
    if any(about.values()):
        result["properties"] = {key: value for key, value in about.items() if value}
    return result


def _location(span: Span, label: Label | None, address: str = "") -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": _artifact(span.file), "region": _region(span)}
    }
    if label is not None and label.text:
        location["message"] = {"text": label.text}
    if address:
        location["logicalLocations"] = [{"fullyQualifiedName": address, "kind": "resource"}]
    return location


def _fix(fix: Fix) -> dict[str, Any]:
    """The replacements of each file; SARIF wants those of one file together."""
    files = dict.fromkeys(edit.span.file for edit in fix.edits)
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(file),
                "replacements": [
                    {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}
                    for edit in fix.edits
                    if edit.span.file == file
                ],
            }
            for file in files
        ],
    }


def _artifact(file: str) -> dict[str, str]:
    return {"uri": uri(file), "uriBaseId": _ROOT}


def _region(span: Span) -> dict[str, int]:
    """SARIF counts as spans do: from 1, and the end column is the first that is not part of it."""
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
