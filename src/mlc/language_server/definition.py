"""From a name to what it names: a resource's file, a layer's file, the value that an interpolation reads."""

from __future__ import annotations

from lsprotocol import types

from mlc.compose.element import Element
from mlc.ir.address import Address
from mlc.ir.node import Node
from mlc.ir.span import Span, start_of
from mlc.language_server import interpolations
from mlc.language_server.places import Place, field_of, named_at, place_at
from mlc.language_server.project import Analysis


def locations(analysis: Analysis, file: str, position: types.Position) -> list[types.Location]:
    """Where the name under the cursor leads."""
    text = analysis.text(file)
    offset = text.offset(position)
    place = place_at(analysis.node(file), file, *text.line_and_column(offset))
    mention = interpolations.mention_at(text, offset)
    if mention is not None:
        path = interpolations.path_of(mention.key, place)
        nodes = interpolations.targets(analysis, path) if path else []
        spans = [node.key_span or node.span for node in nodes]
    elif place is None:
        spans = []
    elif place.path[:1] == ("defaults",):
        spans = _layer(analysis, place)
    else:
        spans = _named(analysis, place)
    known = [span for span in dict.fromkeys(spans) if not span.file.startswith("<")]
    return [types.Location(analysis.uri(span.file), analysis.text(span.file).range(span)) for span in known]


def layers_of(analysis: Analysis, file: str) -> list[tuple[Span, str]]:
    """The entries of a file's defaults list, each with the name of the layer that it leads to."""
    name = analysis.source.name_of(file)
    layer = analysis.source.layer(name) if analysis.source.refuse(name) is None else None
    folder = name.rpartition("/")[0]
    found = []
    for entry in layer.entries if layer is not None else ():
        if entry.is_self or (entry.is_group and not isinstance(entry.choice, str)):
            continue
        element = Element(entry)
        element.place(folder, "")
        found.append((entry.span, element.path.removesuffix(".yaml")))
    return found


def _layer(analysis: Analysis, place: Place) -> list[Span]:
    span = place.node.span
    for entry, name in layers_of(analysis, place.file):
        within = (entry.line, entry.column) <= (span.line, span.column) <= (entry.end_line, entry.end_column)
        layer = analysis.source.layer(name) if within and analysis.source.refuse(name) is None else None
        if layer is not None and analysis.source.has_layer(name):
            return [start_of(layer.file)]
    return []


def _named(analysis: Analysis, place: Place) -> list[Span]:
    named = named_at(analysis, place)
    if named is not None and analysis.has(Address(named.kind, named.name)):
        return [start_of(f"{named.kind}/{named.name}.yaml")]
    return _environment(analysis, place.node) if _names_environment(place) else []


def _names_environment(place: Place) -> bool:
    field = field_of(place.file, place.path)
    return field is not None and field.path[:1] == ("environments",) and len(field.path) == 2


def _environment(analysis: Analysis, node: Node) -> list[Span]:
    name = f"env/{node.value}"
    return (
        [start_of(f"{name}.yaml")]
        if node.value in analysis.environments and analysis.source.has_layer(name)
        else []
    )
