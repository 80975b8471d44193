"""Graph → artifacts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from mlc.emit.origin import Reads, header
from mlc.emit.own import MOST_OF_EACH, MOST_TOGETHER, Places, Spent, failed, path_of
from mlc.emit.templates import TemplateError, fill, fill_path
from mlc.ir.artifact import Artifact, artifact
from mlc.ir.backend import Backend, Emission
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.graph import Graph, Resource
from mlc.ir.operation import Operation
from mlc.kinds import kind as kind_of
from mlc.rules import bad_backend

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class OwnFailed(TemplateError):
    """A backend of the project's own cannot write something: what its author is to be told."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.rule, diagnostic.detail)
        self.diagnostic = diagnostic


def emit(
    graph: Graph,
    backends: tuple[Backend, ...],
    first_environment: bool,
    reads: Reads | None = None,
    spent: Spent | None = None,
) -> tuple[Artifact, ...]:
    """Every artifact of an environment, sorted by path.

    A kind that exists once per project is emitted with the first environment only. `reads` lets headers name the
    files of what interpolations read; what templates of the project's own cost is added to `spent`. Raises
    TemplateError when a template is broken, writes what its format cannot read, or claims a path a second time: all of
    them bugs of the backend and none of the author of the specs. Of the project's own backends `mistakes` tells them
    before.
    """
    emitted: dict[str, Artifact] = {}
    for resource, backend, number, data in _jobs(graph, backends, first_environment, reads):
        found = _artifact(graph, resource, backend, number, data, spent or Spent())
        other = emitted.setdefault(found.path, found)
        if other is not found:
            raise TemplateError(
                f"{found.backend}/backend.yaml",
                f"it writes {found.path} for {found.address}, and {other.backend} has written it for "
                f"{other.address} already.",
            )
    return tuple(emitted[path] for path in sorted(emitted))


def mistakes(
    graph: Graph, backends: tuple[Backend, ...], first_environment: bool, reads: Reads | None = None
) -> Iterator[Diagnostic]:
    """What the project's own backends among these cannot write, or must not."""
    places = Places(graph, backends)
    spent = Spent()
    most = MOST_TOGETHER + MOST_OF_EACH * len(graph.resources)
    jobs = sorted(_jobs(graph, backends, first_environment, reads), key=lambda job: job[1].own is not None)
    for resource, backend, number, data in jobs:
        try:
            path = _path(graph, resource, backend, number, data)
            taken = places.take(path, backend, number, resource)
            if taken is not None:
                yield taken
            if backend.own is not None:
                _artifact(graph, resource, backend, number, data, spent)
        except OwnFailed as failed:
            yield failed.diagnostic
        if spent.cost > most and backend.own is not None:
            yield bad_backend.too_costly(backend.name, most, backend.own.span)
            return


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
) -> int | None:
    """What of its backend writes an artifact for a resource, by its number; None where nothing does."""
    once = kind_of(resource.address.kind).once
    for number, emission in enumerate(backend.manifest.emits):
        if applies(emission, resource, graph.project) and (first or not once):
            try:
                path = _path(graph, resource, backend, number, _known(graph, resource, once))
            except TemplateError:
                continue  # a value that its sink cannot hold
            if path == artifact.path:
                return number
    return None


def rendered_by(
    number: int, resource: Resource, backend: Backend, graph: Graph, said: str = ""
) -> bytes | None:
    """What an emission writes for a resource, wherever to; None where it writes nothing, or cannot.

    `said` stands in the place of the header, where one is given.
    """
    if not applies(backend.manifest.emits[number], resource, graph.project):
        return None
    once = kind_of(resource.address.kind).once
    try:
        known = {**_known(graph, resource, once), **_pins(backend)}
        known["header"] = said or known["header"]
        return _artifact(graph, resource, backend, number, known, Spent()).content
    except TemplateError:
        return None


def applies(emission: Emission, resource: Resource, project: Mapping[str, Any]) -> bool:
    """Whether a resource is of the emission's kind, and it and its project meet all of the conditions."""
    return emission.kind == resource.address.kind and all(
        _meets(_value(resource, project, path), wanted) for path, wanted in emission.when.items()
    )


Job = tuple[Resource, Backend, int, dict[str, Any]]
"""One artifact to be: for which resource, by which emission of which backend, and all that its template may know."""


def _jobs(
    graph: Graph, backends: tuple[Backend, ...], first_environment: bool, reads: Reads | None
) -> Iterator[Job]:
    by_kind: dict[str, list[tuple[Backend, int, Emission]]] = {}
    for backend in backends:
        for number, emission in enumerate(backend.manifest.emits):
            by_kind.setdefault(emission.kind, []).append((backend, number, emission))
    for resource in graph.resources:
        once = kind_of(resource.address.kind).once
        if once and not first_environment:
            continue
        known: dict[str, Any] | None = None
        for backend, number, emission in by_kind.get(resource.address.kind, ()):
            if applies(emission, resource, graph.project):
                known = known or _known(graph, resource, once, reads)
                yield resource, backend, number, {**known, **_pins(backend)}


def _artifact(
    graph: Graph, resource: Resource, backend: Backend, number: int, data: Mapping[str, Any], spent: Spent
) -> Artifact:
    path = _path(graph, resource, backend, number, data)
    folder = posixpath.dirname(path)
    data = {**data, "folder": folder, "root": posixpath.relpath(".", folder) if folder else "."}
    template = backend.manifest.emits[number].template
    if backend.own is None:
        content = _rendered(backend, template, data, path)
    else:
        content = _rendered_own(backend, template, data, path, resource, spent)
    return artifact(path, content, backend.name, resource.address)


def _path(graph: Graph, resource: Resource, backend: Backend, number: int, data: Mapping[str, Any]) -> str:
    emission = backend.manifest.emits[number]
    once = kind_of(resource.address.kind).once
    below = "" if once else f"{graph.project['artifacts']}/{graph.environment}/"
    if backend.own is not None:
        found = path_of(backend, number, data, resource)
        if isinstance(found, Diagnostic):
            raise OwnFailed(found)
        return below + found
    label = f"{backend.name}/{emission.template}"
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


def _rendered_own(
    backend: Backend, template: str, data: Mapping[str, Any], path: str, resource: Resource, spent: Spent
) -> bytes:
    from mlc.emit import own_templates

    source = backend.templates[template]
    if not template.endswith(".j2"):
        return source.encode("utf-8")
    try:
        content = own_templates.fill(backend, template, data, spent).encode("utf-8")
        try:
            _reread(path, content)
        except (ValueError, RecursionError, yaml.YAMLError) as error:
            said = " ".join(str(error).split())[:300]
            reason = f"what it writes for {path} cannot be read back: {said}"
            raise own_templates.Mistake(1, reason) from error
        except UnicodeEncodeError as error:  # half of a surrogate pair
            raise own_templates.Mistake(1, f"what it writes for {path} is no text: {error}") from error
    except own_templates.Mistake as mistake:
        raise OwnFailed(failed(backend, template, mistake, resource)) from mistake
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
