"""The fixes of diagnostics as actions of the editor."""

from __future__ import annotations

from lsprotocol import types

from mlc.ir.diagnostic import Fix
from mlc.language_server.diagnostics import place_of
from mlc.language_server.project import Analysis


def actions(analysis: Analysis, file: str, wanted: types.Range) -> list[types.CodeAction]:
    """The fixes of the diagnostics that a range touches. A safe one is preferred: an editor may apply it at a key."""
    text = analysis.text(file)
    found = []
    for one in analysis.diagnostics:
        span = place_of(one)
        if one.fix is None or span.file != file:
            continue
        place = text.range(span)
        if _before(place.end, wanted.start) or _before(wanted.end, place.start):
            continue
        title = one.fix.title if one.fix.safety == "safe" else f"{one.fix.title} (look before you take it)"
        found.append(
            types.CodeAction(
                title,
                kind=types.CodeActionKind.QuickFix,
                edit=types.WorkspaceEdit(changes=_changes(analysis, one.fix)),
                is_preferred=one.fix.safety == "safe",
            )
        )
    return found


def _changes(analysis: Analysis, fix: Fix) -> dict[str, list[types.TextEdit]]:
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in fix.edits:
        place = analysis.text(edit.span.file).range(edit.span)
        changes.setdefault(analysis.uri(edit.span.file), []).append(types.TextEdit(place, edit.text))
    return changes


def _before(one: types.Position, other: types.Position) -> bool:
    return (one.line, one.character) < (other.line, other.character)
