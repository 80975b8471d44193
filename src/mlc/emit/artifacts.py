"""Graph → artifacts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from mlc.emit.origin import Reads, header
from mlc.emit.templates import TemplateError, fill, fill_path
from mlc.ir.artifact import Artifact, artifact
from mlc.ir.backend import Backend, Emission
from mlc.ir.graph import Graph, Resource
from mlc.ir.operation import Operation
from mlc.kinds import kind as kind_of

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def emit(
    graph: Graph, backends: tuple[Backend, ...], first_environment: bool, reads: Reads | None = None
) -> tuple[Artifact, ...]:
    """Every artifact of an environment, sorted by path.

    A kind that exists once per project is emitted with the first environment only. `reads` lets headers name the
    files of what interpolations read. Raises TemplateError when a template is broken, writes what its format cannot
    read, or claims a path a second time: all of them bugs of the backend and none of the author of the specs.
    """
    emitted: dict[str, Artifact] = {}
    for found in _emit_all(graph, backends, first_environment, reads):
        other = emitted.setdefault(found.path, found)
        if other is not found:
            raise TemplateError(
                f"{found.backend}/backend.yaml",
                f"it writes {found.path} for {found.address}, and {other.backend} has written it for "
                f"{other.address} already.",
            )
    return tuple(emitted[path] for path in sorted(emitted))


def render(
    backends: tuple[Backend, ...], backend_name: str, template_name: str, data: Mapping[str, Any]
) -> bytes:
    """One template of one backend with the data in it, as UTF-8: what a driver in `apply` renders with.

    Raises LookupError when there is no such backend or template, TemplateError when the template is broken.
    """
    backend = next((backend for backend in backends if backend.name == backend_name), None)
    if backend is None or template_name not in backend.templates:
        raise LookupError(f"there is no template {template_name} of a backend {backend_name}")
    return _rendered(backend, template_name, data, template_name.removesuffix(".j2"))


def emission_of(
    artifact: Artifact, resource: Resource, backend: Backend, graph: Graph, first: bool
) -> Emission | None:
    """What of its backend writes an artifact for a resource; None where nothing does."""
    once = kind_of(resource.address.kind).once
    for emission in backend.manifest.emits:
        if applies(emission, resource, graph.project) and (first or not once):
            try:
                path = _path(graph, backend, emission, once, _known(graph, resource, once))
            except TemplateError:
                continue  # a value that its sink cannot hold
            if path == artifact.path:
                return emission
    return None


def rendered_by(emission: Emission, resource: Resource, backend: Backend, graph: Graph) -> bytes | None:
    """What an emission writes for a resource, wherever to; None where it writes nothing, or cannot."""
    if not applies(emission, resource, graph.project):
        return None
    once = kind_of(resource.address.kind).once
    try:
        known = {**_known(graph, resource, once), **_pins(backend)}
        return _artifact(graph, resource, backend, emission, once, known).content
    except TemplateError:
        return None


def applies(emission: Emission, resource: Resource, project: Mapping[str, Any]) -> bool:
    """Whether a resource is of the emission's kind, and it and its project meet all of the conditions."""
    return emission.kind == resource.address.kind and all(
        _meets(_value(resource, project, path), wanted) for path, wanted in emission.when.items()
    )


def _emit_all(
    graph: Graph, backends: tuple[Backend, ...], first_environment: bool, reads: Reads | None
) -> Iterator[Artifact]:
    by_kind: dict[str, list[tuple[Backend, Emission]]] = {}
    for backend in backends:
        for emission in backend.manifest.emits:
            by_kind.setdefault(emission.kind, []).append((backend, emission))
    for resource in graph.resources:
        once = kind_of(resource.address.kind).once
        if once and not first_environment:
            continue
        known: dict[str, Any] | None = None
        for backend, emission in by_kind.get(resource.address.kind, ()):
            if applies(emission, resource, graph.project):
                known = known or _known(graph, resource, once, reads)
                yield _artifact(graph, resource, backend, emission, once, {**known, **_pins(backend)})


def _artifact(
    graph: Graph,
    resource: Resource,
    backend: Backend,
    emission: Emission,
    once: bool,
    data: Mapping[str, Any],
) -> Artifact:
    path = _path(graph, backend, emission, once, data)
    folder = posixpath.dirname(path)
    data = {**data, "folder": folder, "root": posixpath.relpath(".", folder) if folder else "."}
    return artifact(path, _rendered(backend, emission.template, data, path), backend.name, resource.address)


def _path(graph: Graph, backend: Backend, emission: Emission, once: bool, data: Mapping[str, Any]) -> str:
    label = f"{backend.name}/{emission.template}"
    below = "" if once else f"{graph.project['artifacts']}/{graph.environment}/"
    path = below + fill_path(label, emission.path, data)
    if path.startswith("/") or ".." in path.split("/"):
        raise TemplateError(label, f"it would write {path}, which leaves the project's folder.")
    return posixpath.normpath(path)


def _pins(backend: Backend) -> dict[str, Any]:
    return {"pins": {name: msgspec.to_builtins(pin) for name, pin in backend.manifest.pins.items()}}


def _known(graph: Graph, resource: Resource, once: bool, reads: Reads | None = None) -> dict[str, Any]:
    """All that a template may know beside its pins. What exists once per project knows no environment."""
    data = {
        "resource": resource.view,
        "facts": resource.facts,
        "name": resource.address.name,
        "kind": resource.address.kind,
        "project": graph.project,
        "header": header(resource, reads),
        "steps": [
            {"id": operation.id, "name": operation.name, "publishes": operation.publishes}
            for operation in resource.operations
        ],
        "publishes": {
            output: path for operation in resource.operations for output, path in operation.publishes.items()
        },
        "reads": _reads(resource),
    }
    return data if once else {**data, "environment": graph.environment}


def _reads(resource: Resource) -> dict[str, list[Any]]:
    """The files of the project that its steps read, and the steps of other resources whose results they take."""
    files = {file: None for operation in resource.operations for file in operation.files.values()}
    steps = {
        need.id: {"kind": kind, "name": name, "step": need.name}
        for operation in resource.operations
        for need in (Operation(id=other, driver="", spec={}) for other in operation.needs)
        if need.address != operation.address
        for kind, _, name in (need.address.partition("."),)
    }
    return {"files": list(files), "steps": list(steps.values())}


def _rendered(backend: Backend, template: str, data: Mapping[str, Any], path: str) -> bytes:
    source = backend.templates[template]
    if not template.endswith(".j2"):
        return source.encode("utf-8")
    label = f"{backend.name}/{template}"
    try:
        content = fill(label, source, data).encode("utf-8")
        _reread(path, content)
    except (ValueError, yaml.YAMLError) as error:
        raise TemplateError(label, f"what it wrote for {path} cannot be read back: {error}") from error
    return content


def _reread(path: str, content: bytes) -> None:
    if path.endswith(".json"):
        msgspec.json.decode(content)
    elif path.endswith((".yaml", ".yml")):
        # what is said twice of an anchor, or of none, only composing finds; both need an alias or an anchor
        marked = any(getattr(event, "anchor", None) for event in yaml.parse(content, Loader=_YAML_LOADER))
        if marked:
            for _ in yaml.compose_all(content, Loader=_YAML_LOADER):
                pass


def _value(resource: Resource, project: Mapping[str, Any], path: str) -> Any:
    if path.startswith("project."):
        return _at(project, path.removeprefix("project."))
    if path.startswith("facts."):
        return _at(resource.facts, path.removeprefix("facts."))
    return _at(resource.view, path)


def _at(view: Mapping[str, Any], path: str) -> Any:
    found: Any = view
    for part in path.split("."):
        if (type(found) is not dict and not isinstance(found, Mapping)) or part not in found:
            return None
        found = found[part]
    return found


def _meets(actual: Any, wanted: Any) -> bool:
    allowed = wanted if isinstance(wanted, list) else [wanted]
    found = actual if isinstance(actual, list) else [actual]
    return any(_same(value, choice) for value in found for choice in allowed)


def _same(left: Any, right: Any) -> bool:
    # Python holds that True equals 1; a spec does not
    return type(left) is type(right) and bool(left == right)
