"""Renaming a resource: its file, every reference, patch, interpolation and defaults entry that names it, and an
entry in `moved`, so that the rename is not a destroy and a create."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lsprotocol import types

from mlc import kinds, load
from mlc.edit import renaming
from mlc.ir.address import Address
from mlc.ir.diagnostic import has_errors
from mlc.ir.module import is_of_module
from mlc.ir.node import Node
from mlc.kinds._fields import NAME_PATTERN
from mlc.kinds._walk import references
from mlc.language_server import interpolations
from mlc.language_server.places import Named, Path, named_at, place_at
from mlc.language_server.positions import Text
from mlc.language_server.project import Analysis

Edits = dict[str, list[types.TextEdit]]


class RenameRefused(Exception):
    """The rename cannot be done; the text says why, in a sentence for the author."""


def nameable(analysis: Analysis, file: str, position: types.Position) -> Named | None:
    """The resource under the cursor that can be renamed."""
    text = analysis.text(file)
    place = place_at(analysis.node(file), file, *text.line_and_column(text.offset(position)))
    named = named_at(analysis, place) if place is not None else None
    return named if named is not None and analysis.has(Address(named.kind, named.name)) else None


def range_of(analysis: Analysis, file: str, named: Named) -> types.Range:
    """The name itself, without the quotes or the kind that may stand before it."""
    text = analysis.text(file)
    start, end = text.offsets(named.span)
    at = text.text.rfind(named.name, start, end)
    return text.range_of(at, at + len(named.name)) if at >= 0 else text.range(named.span)


def rename(analysis: Analysis, named: Named, new: str) -> types.WorkspaceEdit:
    """The edit of every file. Raises RenameRefused."""
    if re.fullmatch(NAME_PATTERN, new) is None:
        raise RenameRefused(
            f'"{new}" cannot name a resource: a name has small letters, digits, "-" and "_", and begins with a '
            "letter or a digit."
        )
    if new == named.name:
        raise RenameRefused(f"It is called {new} already.")
    if analysis.has(Address(named.kind, new)):
        raise RenameRefused(f"There is a {named.kind} called {new} already: {named.kind}/{new}.yaml.")
    composed = analysis.validated.composed
    if has_errors(composed.diagnostics):
        raise RenameRefused(
            "The project has files that cannot be read or composed, so references may be hidden in them. Mend them "
            "first."
        )
    texts, nodes = _files(analysis)
    language = renaming.Language(kinds.names(), _references, interpolations.grammar_mentions)
    address = Address(named.kind, named.name)
    found = renaming.rename(nodes, texts, composed.documents.values(), address, new, language)
    inside = [
        span for span in (*found.unreachable, *(edit.span for edit in found.edits)) if is_of_module(span.file)
    ]
    if inside:
        raise RenameRefused(
            f"{inside[0]} names {address}, and a module is not changed by those who use it. Write the value in the "
            "project, over the module's layer, first."
        )
    if found.unreachable:
        raise RenameRefused(
            f"{found.unreachable[0]} names {address}, but not in one piece of text. Write it on one line first."
        )
    moved = renaming.add_move(nodes["mlc.yaml"], texts["mlc.yaml"], str(address), f"{named.kind}.{new}")
    edits: Edits = {}
    for edit in (*found.edits, *moved):
        place = Text(texts[edit.span.file], analysis.encoding).range(edit.span)
        edits.setdefault(edit.span.file, []).append(types.TextEdit(place, edit.text))
    return _workspace_edit(analysis, edits, named, new)


def _files(analysis: Analysis) -> tuple[dict[str, str], dict[str, Node]]:
    """The texts and nodes of all that may name a resource: the configuration, and the tests of it."""
    texts = {file: text for file, text in analysis.source.texts.items() if analysis.node(file) is not None}
    nodes = {file: node for file in texts if (node := analysis.node(file)) is not None}
    for path in sorted(analysis.root.rglob("*.mlctest.yaml")):
        file = path.relative_to(analysis.root).as_posix()
        text = path.read_text(encoding="utf-8", errors="replace")
        node = load.read(text, file).node
        if node is not None:
            texts[file], nodes[file] = text, node
    return texts, nodes


def _references(value: Any, kind: str) -> Iterator[tuple[Path, str, str]]:
    for reference in references(value, kind):
        yield reference.path, reference.kind, reference.name


def _workspace_edit(analysis: Analysis, edits: Edits, named: Named, new: str) -> types.WorkspaceEdit:
    """The texts first, then the file: so every edit is of a file by the name that the editor knows."""
    changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = [
        types.TextDocumentEdit(
            types.OptionalVersionedTextDocumentIdentifier(analysis.uri(file)),
            sorted(each, key=lambda edit: (edit.range.start.line, edit.range.start.character)),
        )
        for file, each in sorted(edits.items())
        if each
    ]
    old = f"{named.kind}/{named.name}.yaml"
    changes.append(types.RenameFile(analysis.uri(old), analysis.uri(f"{named.kind}/{new}.yaml")))
    return types.WorkspaceEdit(document_changes=changes)
