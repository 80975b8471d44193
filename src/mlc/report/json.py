"""The JSON forms. Each is one document with `version`, described by a schema in `schemas/`."""

from __future__ import annotations

from typing import Any

import msgspec

from mlc.ir.diagnostic import Diagnostic, Fix
from mlc.ir.plan import Plan
from mlc.ir.span import Span

VERSION = 1


def document(**members: Any) -> str:
    """One JSON document, readable."""
    encoded = msgspec.json.encode({"version": VERSION, **members})
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def bare(value: Any) -> str:
    """Plain data as it is, for a document whose form is not ours."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def diagnostics(found: tuple[Diagnostic, ...]) -> str:
    return document(diagnostics=[diagnostic(one) for one in found])


def diagnostic(one: Diagnostic) -> dict[str, Any]:
    """A finding as `schemas/diagnostics.json` has it: members that are empty are left out."""
    shown: dict[str, Any] = {
        "rule": one.rule,
        "severity": one.severity,
        "summary": one.summary,
        "detail": one.detail,
        "address": one.address,
        "path": one.path,
        "labels": [
            {**span(label.span), "text": label.text, "primary": label.primary} for label in one.labels
        ],
        "help": one.help,
    }
    if one.fix is not None:
        shown["fix"] = _fix(one.fix)
    if one.refused:
        shown["refused"] = True
    return {name: value for name, value in shown.items() if value != "" or name in ("address", "path")}


def span(where: Span) -> dict[str, Any]:
    return {
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "endLine": where.end_line,
        "endColumn": where.end_column,
    }


def plan(planned: Plan) -> dict[str, Any]:
    """A plan for machines to read: like the saved form, without what only `apply` needs."""
    steps = []
    for step in planned.steps:
        shown: dict[str, Any] = {
            "id": step.id,
            "address": step.address,
            "action": step.action,
            "change_class": step.change_class,
            "because": step.because,
            "depends_on": list(step.depends_on),
            "changes": [
                {
                    "path": change.path,
                    "before": change.before,
                    "after": change.after,
                    "change_class": change.change_class,
                    "cause": None if change.cause is None else span(change.cause),
                }
                for change in step.changes
            ],
        }
        if step.artifact is not None:
            shown["artifact"] = {
                "path": step.artifact.path,
                "backend": step.artifact.backend,
                "digest": step.artifact.digest,
                "added": step.artifact.added,
                "removed": step.artifact.removed,
            }
        steps.append(shown)
    return {
        "project": planned.project,
        "environment": planned.environment,
        "lineage": planned.lineage,
        "serial": planned.serial,
        "unchanged": planned.unchanged,
        "steps": steps,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [{**span(edit.span), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "safety": fix.safety, "edits": edits}
