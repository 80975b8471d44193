"""Which line of YAML a checker's finding is about: where the values stand that the line it names comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from mlc.emit.influence import Path, influences
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.ir.graph import Graph, Resource
from mlc.ir.span import Span

_LINE = re.compile(r"(?:^|[\s:>])(?:[\w./-]*?[\w-]:\s?)?(\d+):\d+\b|\bline (\d+)\b|:(\d+)(?=[:\s]|$)")
_PLACE = re.compile(r"\$?[A-Za-z_][\w-]*(?:\[\d+\]|\.[A-Za-z_][\w-]*)+|\$(?:\.[\w-]+|\[\d+\])+")


def places(finding: str, artifact: Artifact, backend: Backend, graph: Graph, first: bool) -> tuple[Span, ...]:
    """Where the values stand that the lines which a finding names come from; the resource where there is none.

    `first` says whether the environment is the project's first, as for emitting.
    """
    resource = graph.resource(artifact.address)
    assert resource is not None, artifact.address
    lines = tuple(_lines(finding, artifact))
    if lines:
        found = tuple(_causes(lines, artifact, resource, backend, graph, first))
        if found:
            return found
    return (resource.node.span,)


def _lines(finding: str, artifact: Artifact) -> Iterator[int]:
    """The lines of the artifact that a finding names, by their number or by the place in the document."""
    count = artifact.content.count(b"\n") + 1
    for match in _LINE.finditer(finding):
        number = int(next(group for group in match.groups() if group))
        if 1 <= number <= count:
            yield number
            return
    for match in _PLACE.finditer(finding):
        line = _line_of(match.group(0), artifact)
        if line is not None:
            yield line
            return


def _line_of(place: str, artifact: Artifact) -> int | None:
    """The line on which a place such as `$.jobs[0].name` stands, or the nearest around it that does."""
    try:
        node = yaml.compose(artifact.content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return None
    line = None
    for name, index in re.findall(r"([A-Za-z_][\w-]*)|\[(\d+)\]", place.removeprefix("$")):
        if isinstance(node, yaml.MappingNode) and name:
            entry = next(((key, value) for key, value in node.value if key.value == name), None)
            if entry is None:
                break
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, yaml.SequenceNode) and index and int(index) < len(node.value):
            node = node.value[int(index)]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _causes(
    lines: tuple[int, ...],
    artifact: Artifact,
    resource: Resource,
    backend: Backend,
    graph: Graph,
    first: bool,
) -> Iterator[Span]:
    """The values that only few lines come from, those of the fewest alone: a name may stand everywhere."""
    best: list[Span] = []
    fewest = artifact.content.count(b"\n") + 2
    for one in influences(artifact, backend, graph, first):
        if one.shifts or not one.lines & set(lines) or len(one.lines) > fewest:
            continue
        span = span_of(one.path, resource, graph)
        if len(one.lines) < fewest:
            best, fewest = [], len(one.lines)
        if span is not None and span not in best:
            best.append(span)
    yield from best


def span_of(path: Path, resource: Resource, graph: Graph) -> Span | None:
    """Where a value of a view stands: in the resource's own file, or in that of one it refers to."""
    owner, below = owner_of(path, resource, graph)
    node = owner.node.at(below)
    if node is None or node.span.file.startswith("<"):
        return owner.node.span if node is None else None
    return node.span


def owner_of(path: Path, resource: Resource, graph: Graph) -> tuple[Resource, Path]:
    """The resource that a value of a view belongs to, and the path to it there. A reference belongs to who refers."""
    owner, start = resource, 0
    view: Any = resource.view
    for i, part in enumerate(path):
        view = view[part]
        if isinstance(view, Mapping) and {"kind", "name"} <= view.keys():
            if path[i + 1 :] == ("name",):
                return owner, path[start : i + 1]
            named = next(
                (
                    one
                    for one in graph.resources
                    if (one.address.kind, one.address.name) == (view["kind"], view["name"])
                ),
                None,
            )
            if named is not None:
                owner, start = named, i + 1
    return owner, path[start:]
