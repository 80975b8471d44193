"""Which lines of the specs the lines of an artifact come from."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlc import pipeline
from mlc.compose import explain as explaining
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.document import Document
from mlc.ir.explanation import Explanation, Layered
from mlc.ir.node import Node, plain
from mlc.ir.span import FIELD_DEFAULT, start_of
from mlc.ir.tracing import Line, Source, Traced
from mlc.kinds import _walk
from mlc.request import Request
from mlc.rules import not_an_artifact

if TYPE_CHECKING:  # telling an address from a path needs none of it
    from mlc.emit.influence import Influence
    from mlc.ir.artifact import Artifact
    from mlc.ir.graph import Graph, Resource

_ASKED = re.compile(r"(?P<path>.*?)(?::(?P<line>[0-9]{1,9})(?::[0-9]+)?)?", re.DOTALL)
_NAME = re.compile(r"[\w-]+")


def is_path(text: str, root: Path) -> bool:
    """Whether it names a file rather than the address of a value; one without a slash has to be there."""
    word = re.split(r"[.\[]", text, maxsplit=1)[0]
    if word in (*pipeline.LANGUAGE.kinds, "vars", "env", "project"):
        return False
    return "/" in text or (root / re.sub(r"(:[0-9]+)+$", "", text)).is_file()


def trace(request: Request, asked: str, folder: str = "") -> tuple[pipeline.Validated, Traced | None]:
    """load → compose → check → lower → emit, then what the lines of an artifact come from; None where it is none.

    `asked` is `PATH` or `PATH:LINE` (a column after it is ignored), from the project's folder, or from `folder` in it.
    """
    from mlc.emit.influence import influences

    match = _ASKED.fullmatch(asked)
    assert match is not None, asked
    number = int(match["line"]) if match["line"] else None
    project = pipeline.open_project(request.root)
    known = tuple(project.layers.environments)
    if not request.environments:
        named = [name for name in match["path"].split("/") if name in known]
        request = msgspec.structs.replace(request, environments=tuple(named[:1]))
    paths = _paths(request, match["path"], folder)
    backends = pipeline.backends()
    validated = pipeline.validate(request, project)
    if has_errors(validated.diagnostics):
        return validated, None
    compiled = pipeline.compile_validated(validated, backends)
    for one in compiled:
        for artifact in one.artifacts:
            if artifact.path in paths:
                count = len(artifact.content.decode("utf-8", "replace").splitlines())
                if number is not None and not 1 <= number <= count:
                    return _with(validated, not_an_artifact.short(artifact.path, count, number)), None
                backend = next(backend for backend in one.backends if backend.name == artifact.backend)
                first = one.graph.environment == known[0]
                document = validated.composed.documents[one.graph.environment]
                found = influences(artifact, backend, one.graph, first, names=True)
                return validated, _traced(artifact, one.graph, document, found, number)
    if request.environments != ("all",) and len(known) > 1:  # to tell what there is
        rest = msgspec.structs.replace(request, environments=("all",))
        everywhere = pipeline.validate(rest, project)
        if not has_errors(everywhere.diagnostics):
            compiled = pipeline.compile_validated(everywhere, backends)
    return _with(validated, _missing(paths, compiled, project)), None


def _paths(request: Request, path: str, folder: str) -> tuple[str, ...]:
    """What a path may mean, likeliest first."""
    root = str(request.root)
    if path.startswith("/"):
        return (posixpath.relpath(path, root),)
    return tuple(dict.fromkeys((posixpath.normpath(path), posixpath.normpath(posixpath.join(folder, path)))))


def _with(validated: pipeline.Validated, found: Diagnostic) -> pipeline.Validated:
    return msgspec.structs.replace(validated, diagnostics=(*validated.diagnostics, found))


def _missing(
    paths: tuple[str, ...], compiled: Iterable[pipeline.Compiled], project: pipeline.Opened
) -> Diagnostic:
    known: list[str] = []
    for one in compiled:
        known += [artifact.path for artifact in one.artifacts]
        for resource in one.graph.resources:
            for operation in resource.operations:
                if published := {*operation.publishes.values()} & {*paths}:
                    return not_an_artifact.published(published.pop(), operation.id, str(resource.address))
    for path in paths:
        name = path.removesuffix(".yaml")
        if path.endswith(".yaml") and project.source.has_layer(name):
            kind, _, rest = name.partition("/")
            address = f"{kind}.{rest}" if kind in pipeline.LANGUAGE.kinds and "/" not in rest else ""
            return not_an_artifact.of_the_author(path, address)
    return not_an_artifact.found(paths[-1], known)


def _traced(
    artifact: Artifact, graph: Graph, document: Document, found: Iterable[Influence], number: int | None
) -> Traced:
    resource = graph.resource(artifact.address)
    assert resource is not None, artifact.address
    text = artifact.content.decode("utf-8", "replace").splitlines()
    by_line: dict[int, list[tuple[int, Source]]] = {}
    explained = _explaining(resource, graph, document)
    for one in found:
        source: Source | None = None
        for line in one.lines:
            if number in (None, line):
                source = source or explained(one)
                by_line.setdefault(line, []).append((len(one.lines), source))
    lines = range(1, len(text) + 1) if number is None else (number,)
    return Traced(
        path=artifact.path,
        environment=graph.environment,
        address=str(artifact.address),
        backend=artifact.backend,
        lines=tuple(Line(line, text[line - 1], _ordered(by_line.get(line, []))) for line in lines),
    )


def _ordered(found: list[tuple[int, Source]]) -> tuple[Source, ...]:
    """Each once; what decides on few lines is likelier to be meant than what stands everywhere."""
    ordered = sorted(found, key=lambda one: (one[1].shifts, one[0]))
    each: dict[tuple[str, str], Source] = {}
    for _, source in ordered:
        each.setdefault((source.kind, source.explanation.path), source)
    return tuple(each.values())


def _explaining(resource: Resource, graph: Graph, document: Document) -> Callable[[Influence], Source]:
    """A function that says where the value of an influence stands, with all of its layers."""

    from mlc.emit import provenance

    @cache
    def of_value(text: str) -> Explanation | None:
        found = explaining.explain(document, text, _walk.field_at, _walk.change_class)
        return found if isinstance(found, Explanation) else None

    def of_project(path: tuple[str | int, ...]) -> Explanation:
        node = document.project.at(path) or document.project.nearest(path)
        return _bare(graph.environment, _text(("project", *path)), node)

    def explained(one: Influence) -> Source:
        if one.of == "environment":
            names = graph.project["environments"]
            place = names.index(graph.environment) if graph.environment in names else 0
            return Source("value", of_project(("environments", place)), one.shifts)
        if one.of == "project":
            if one.path[0] == "registry" and len(one.path) > 1 and one.path[1:] != ("name",):
                name = graph.project["registry"]["name"]
                found = of_value(_text(("registry", name, *one.path[1:])))
                return Source("value", found or of_project(("registry",)), one.shifts)
            path = one.path[:1] if one.path[0] == "registry" else one.path
            return Source("value", of_project(path), one.shifts)
        owner, below = provenance.owner_of(one.path, resource, graph)
        address = owner.address
        if below == ("name",) and owner.node.at(below) is None:
            file = f"{address.kind}/{address.name}.yaml"
            layer = Layered(address.name, start_of(file))
            return Source("name", Explanation(graph.environment, str(address), layer), one.shifts)
        found = of_value(_text((address.kind, address.name, *below)))
        is_default = found is None or found.winner.span.file == FIELD_DEFAULT
        if below == ("owner",) and is_default and document.project.get("owner") is not None:
            return Source("value", of_project(below), one.shifts)
        return Source(
            "value", found or _bare(graph.environment, str(address), owner.node.nearest(below)), one.shifts
        )

    return explained


def _bare(environment: str, path: str, node: Node) -> Explanation:
    lost: list[Layered] = []
    lower = node.overwrote
    while lower is not None:
        lost.append(Layered(plain(lower), lower.span, lower.written))
        lower = lower.overwrote
    return Explanation(environment, path, Layered(plain(node), node.span, node.written), tuple(lost))


def _text(path: tuple[Any, ...]) -> str:
    """A path as `mlc explain` takes it."""
    text = ""
    for part in path:
        if isinstance(part, int) or not _NAME.fullmatch(part):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
