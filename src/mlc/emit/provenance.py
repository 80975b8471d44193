"""Which value of a spec a line of an artifact comes from, and so which line of YAML a checker's finding is about.

A value is changed, the artifact is rendered again, and the lines that differ come from it: whatever a template or the
facts of a kind make of the value. Nothing is guessed from what texts look like.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from mlc.emit.artifacts import again
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.ir.graph import Graph, Resource
from mlc.ir.span import Span
from mlc.kinds import kind as kind_of
from mlc.kinds._kind import Scope

Path = tuple[str | int, ...]

_LINE = re.compile(r"(?:^|[\s:>])(?:[\w./-]*?[\w-]:\s?)?(\d+):\d+\b|\bline (\d+)\b|:(\d+)(?=[:\s]|$)")
_PLACE = re.compile(r"\$?[A-Za-z_][\w-]*(?:\[\d+\]|\.[A-Za-z_][\w-]*)+|\$(?:\.[\w-]+|\[\d+\])+")
_MOST = 2000
"""Values that are tried; an artifact of a larger resource is led back to the resource alone."""


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
    text = artifact.content.decode("utf-8").splitlines()
    best: list[Span] = []
    fewest = len(text) + 1
    for number, (path, value) in enumerate(_scalars(resource.view)):
        if number >= _MOST:
            return
        for other in _others(value):
            changed = _with(resource, path, other, graph)
            rendered = None if changed is None else again(artifact, changed, backend, graph, first)
            if rendered is None:
                continue
            new = rendered.decode("utf-8").splitlines()
            if len(new) != len(text):
                break  # other lines came or went: it is about more than a line
            differing = [i + 1 for i, line in enumerate(text) if line != new[i]]
            if set(lines) & set(differing) and len(differing) <= fewest:
                span = _span(path, resource, graph)
                if len(differing) < fewest:
                    best, fewest = [], len(differing)
                if span is not None and span not in best:
                    best.append(span)
            break
    yield from best


def _scalars(view: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(view, Mapping):
        for key, child in view.items():
            yield from _scalars(child, (*path, key))
    elif isinstance(view, list | tuple):
        for i, child in enumerate(view):
            yield from _scalars(child, (*path, i))
    elif view is not None and path and path[-1] not in ("kind", "name"):
        yield path, view


def _others(value: Any) -> Iterator[Any]:
    """Values of the same kind as this one, the likeliest to fit its form first."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
            yield value / 2
        case str():
            if digit := re.search(r"\d", value):
                at = digit.start()
                yield value[:at] + str(int(value[at]) % 9 + 1) + value[at + 1 :]
            yield value + "x"
            yield "x" + value


def _with(resource: Resource, path: Path, value: Any, graph: Graph) -> Resource | None:
    """The resource with one value changed; None where its kind can make nothing of that."""
    from msgspec import structs

    view = copy.deepcopy(resource.view)
    inner: Any = view
    for part in path[:-1]:
        inner = inner[part]
    if not isinstance(inner, dict | list):
        return None
    inner[path[-1]] = value  # type: ignore[index]
    try:
        facts = kind_of(resource.address.kind).facts(
            resource.address, view, Scope(graph.project, graph.environment, graph.files)
        )
    except Exception:  # a value out of its form: it was never to be
        return None
    return structs.replace(resource, view=view, facts=facts)


def _span(path: Path, resource: Resource, graph: Graph) -> Span | None:
    """Where a value of a view stands: in the resource's own file, or in that of one it refers to."""
    owner, start, view = resource, 0, resource.view
    for i, part in enumerate(path):
        view = view[part]  # type: ignore[index]
        if isinstance(view, Mapping) and {"kind", "name"} <= view.keys():
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
    node = owner.node.at(path[start:])
    if node is None or node.span.file.startswith("<"):
        return owner.node.span if node is None else None
    return node.span
