"""Which lines of an artifact come from which value.

A value is changed, the artifact is rendered again, and the lines that differ come from it: whatever a template or the
facts of a kind make of the value. Nothing is guessed from what texts look like.
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct, structs

from mlc.emit.artifacts import emission_of, rendered_by
from mlc.emit.origin import header
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.ir.graph import Graph, Resource
from mlc.kinds import kind as kind_of
from mlc.kinds._kind import Scope

Path = tuple[str | int, ...]

_MOST = 2000
"""Values that are tried; an artifact of a larger resource is led back to the resource alone."""


class Influence(Struct, frozen=True):
    """A value and the lines that come from it, from 1.

    `path` leads to it in the resource's view or, as `of` says, in the project; an environment's name has none. `shifts`
    says that other lines come or go with it: it is about more than what a line holds.
    """

    of: Literal["resource", "project", "environment"]
    path: Path
    lines: frozenset[int]
    shifts: bool


def influences(
    artifact: Artifact, backend: Backend, graph: Graph, first: bool, *, names: bool = False
) -> Iterator[Influence]:
    """Every value that lines of an artifact come from. `names` asks for names too, and for the project's values.

    `first` says whether the environment is the project's first, as for emitting.
    """
    resource = graph.resource(artifact.address)
    emission = None if resource is None else emission_of(artifact, resource, backend, graph, first)
    if resource is None or emission is None:
        return
    said = header(resource, None)  # of the files nothing is asked here, and a name that is tried is none's
    before = rendered_by(emission, resource, backend, graph, said)
    if before is None:
        return
    text = before.decode("utf-8").splitlines()
    for of, path, value in _values(resource, graph, names):
        for other in _others(value):
            changed = _with(resource, graph, of, path, other)
            rendered = (
                None if changed is None else rendered_by(emission, changed[0], backend, changed[1], said)
            )
            if rendered is None:
                continue
            new = rendered.decode("utf-8").splitlines()
            lines = _differing(text, new)
            if lines:
                yield Influence(of, path, lines, len(new) != len(text))
            break


def _values(
    resource: Resource, graph: Graph, names: bool
) -> Iterator[tuple[Literal["resource", "project", "environment"], Path, Any]]:
    left = _MOST
    for path, value in _scalars(resource.view, names=names):
        if not left:
            return
        left -= 1
        yield "resource", path, value
    if names:
        for path, value in _scalars(graph.project, names=True):
            if not left:
                return
            left -= 1
            yield "project", path, value
        if not kind_of(resource.address.kind).once:
            yield "environment", (), graph.environment


def _scalars(view: Any, path: Path = (), *, names: bool) -> Iterator[tuple[Path, Any]]:
    if isinstance(view, Mapping):
        for key, child in view.items():
            yield from _scalars(child, (*path, key), names=names)
    elif isinstance(view, list | tuple):
        for i, child in enumerate(view):
            yield from _scalars(child, (*path, i), names=names)
    elif view is not None and path and path[-1] != "kind" and (names or path[-1] != "name"):
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


def _with(resource: Resource, graph: Graph, of: str, path: Path, value: Any) -> tuple[Resource, Graph] | None:
    """The resource and its graph with one value changed; None where its kind can make nothing of that."""
    view: Any = copy.deepcopy(resource.view)
    address = resource.address
    if of == "environment":
        graph = structs.replace(graph, environment=value)
    elif of == "project":
        project = copy.deepcopy(graph.project)
        if not _put(project, path, value):
            return None
        graph = structs.replace(graph, project=project)
    elif not _put(view, path, value):
        return None
    elif path == ("name",):
        address = structs.replace(address, name=value)
    scope = Scope(graph.project, graph.environment, graph.files)
    kind = kind_of(address.kind)
    try:
        facts = kind.facts(address, view, scope)
        operations = kind.operations(address, view, scope)
    except Exception:  # a value out of its form: it was never to be
        return None
    changed = structs.replace(resource, address=address, view=view, facts=facts, operations=operations)
    return changed, graph


def _put(inner: Any, path: Path, value: Any) -> bool:
    for part in path[:-1]:
        inner = inner[part]
    if not isinstance(inner, dict | list):
        return False
    inner[path[-1]] = value  # type: ignore[index]
    return True


def _differing(before: list[str], after: list[str]) -> frozenset[int]:
    """The numbers of the lines before that are not the same after."""
    if len(before) == len(after):
        return frozenset(number + 1 for number, line in enumerate(before) if line != after[number])
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return frozenset(
        number + 1
        for tag, start, end, _, _ in matcher.get_opcodes()
        if tag in ("replace", "delete")
        for number in range(start, end)
    )
