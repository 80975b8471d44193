"""Renaming a resource: its file, every reference, patch, interpolation and defaults entry that names it, and an
entry in `moved`, so that the rename is not a destroy and a create."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types

from mlc.ir.address import Address
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.kinds._fields import NAME_PATTERN
from mlc.language_server import interpolations
from mlc.language_server.definition import layers_of
from mlc.language_server.places import Named, mentions, named_at, place_at
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
    edits: Edits = {}
    for found in mentions(analysis, named.kind, named.name):
        edit = types.TextEdit(range_of(analysis, found.span.file, found), new)
        edits.setdefault(found.span.file, []).append(edit)
    for file in analysis.files:
        edits.setdefault(file, []).extend(_interpolations(analysis, file, named, new))
        edits[file].extend(_defaults(analysis, file, named, new))
    edits.setdefault("mlc.yaml", []).append(_moved(analysis, named, new))
    for path in sorted(analysis.root.rglob("*.mlctest.yaml")):
        file = path.relative_to(analysis.root).as_posix()
        edits.setdefault(file, []).extend(_in_test(analysis, file, named, new))
    return _workspace_edit(analysis, edits, named, new)


def _interpolations(analysis: Analysis, file: str, named: Named, new: str) -> Iterator[types.TextEdit]:
    text = analysis.text(file)
    prefix = f"{named.kind}.{named.name}"
    for mention in interpolations.mentions_in(text.text):
        if mention.key == prefix or mention.key.startswith((f"{prefix}.", f"{prefix}[")):
            start = mention.start + len(named.kind) + 1
            yield types.TextEdit(text.range_of(start, start + len(named.name)), new)


def _in_test(analysis: Analysis, file: str, named: Named, new: str) -> Iterator[types.TextEdit]:
    """A test of the configuration names resources by their address, wherever it names them."""
    text = Text((analysis.root / file).read_text(encoding="utf-8", errors="replace"), analysis.encoding)
    address = re.escape(f"{named.kind}.{named.name}")
    for match in re.finditer(rf"(?<![\w.-]){address}(?![\w-])", text.text):
        start = match.start() + len(named.kind) + 1
        yield types.TextEdit(text.range_of(start, match.end()), new)


def _defaults(analysis: Analysis, file: str, named: Named, new: str) -> Iterator[types.TextEdit]:
    text = analysis.text(file)
    for span, name in layers_of(analysis, file):
        start, end = text.offsets(span)
        at = text.text.rfind(named.name, start, end)
        if name == f"{named.kind}/{named.name}" and at >= 0:
            yield types.TextEdit(text.range_of(at, at + len(named.name)), new)


def _moved(analysis: Analysis, named: Named, new: str) -> types.TextEdit:
    """The entry in `moved` of mlc.yaml, in the style of what is there."""
    text = analysis.text("mlc.yaml")
    entry = f"{named.kind}.{named.name}: {named.kind}.{new}"
    node = analysis.node("mlc.yaml")
    moved = node.get("moved") if node is not None else None
    if moved is None:
        newline = "" if text.text.endswith(("\n", "\r")) or not text.text else "\n"
        return _insertion(text.range_of(len(text.text), len(text.text)), f"{newline}moved:\n  {entry}\n")
    if not moved.is_map:
        raise RenameRefused("`moved` in mlc.yaml is not a map, so the rename cannot be written down there.")
    if moved.get(f"{named.kind}.{new}") is not None:
        raise RenameRefused(
            f"`moved` in mlc.yaml says that {named.kind}.{new} is an earlier name. Remove that entry first, or "
            "take another name."
        )
    start, _ = text.offsets(moved.span)
    if text.text[start : start + 1] == "{":
        return _insertion(text.range_of(start + 1, start + 1), f"{entry}, " if moved.value else entry)
    first = next(iter(moved.value.values()))
    key: Span = (first.key_span or first.span) if isinstance(first, Node) else moved.span
    at, _ = text.offsets(key)
    return _insertion(text.range_of(at, at), f"{entry}\n{' ' * (key.column - 1)}")


def _insertion(place: types.Range, text: str) -> types.TextEdit:
    return types.TextEdit(place, text)


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
