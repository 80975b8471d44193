"""Backends of a project's own: what is wrong with one, and what it may not write.

Everything is told at once, at the line of backend.yaml, of the template or of the specs that it is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import structs

from mlc.emit import own_reading, own_templates
from mlc.ir.backend import FOLDER, Backend, Emission
from mlc.ir.diagnostic import Diagnostic, Label
from mlc.ir.graph import Graph, Resource
from mlc.ir.span import Span
from mlc.kinds import is_once, names
from mlc.kinds._walk import field_names
from mlc.rules import artifact_refused, bad_backend, bad_template
from mlc.rules._words import did_you_mean

MOST_EMISSIONS = 100  # of a backend
_LONGEST_PATH = 300
_MOST_MISTAKES = 20  # that are told of a template
MOST_TOGETHER = 20_000_000  # that the artifacts of an environment cost together, and for each resource of it
MOST_OF_EACH = 20_000
_VALUE = re.compile(r"\{\{ *([a-z_][a-z0-9_]*(?:\.[A-Za-z0-9_]+)*) *\}\}")
_SEGMENT = re.compile(r"[A-Za-z0-9._@+-]+")
_IN_VIEW = ("name", "kind", "owner")  # of every resource, beside its fields

CHECKS = {
    "actionlint": "",
    "zizmor": "",
    "hadolint": "",
    "kubernetes": "",
    "triton": "",
    "promtool": "check rules|check rules --lint-fatal|check config --syntax-only",
    "amtool": "check-config",
    "json-schema": "vendor.NAME",
    "jsonschema": "FILE",
    "crd": "FILE",
    "schema": "FILE",
}
"""The checkers that a project's own backend may name, and with which arguments. Each looks at the one file and at
nothing else: it fetches nothing, follows no path that the file names and runs nothing of it."""


def mistakes_of(backend: Backend) -> tuple[Diagnostic, ...]:
    """What is wrong with a backend whose backend.yaml fits its schema."""
    return (*_in_manifest(backend), *mistakes_of_templates(backend))


def finished(backend: Backend) -> Backend:
    """With the values in its paths written as mlc's own write them."""
    emits = [
        structs.replace(one, path=_VALUE.sub(lambda found: f"{{{{ {found[1]} }}}}", one.path))
        for one in backend.manifest.emits
    ]
    return structs.replace(backend, manifest=structs.replace(backend.manifest, emits=emits))


def _in_manifest(backend: Backend) -> Iterator[Diagnostic]:
    own, manifest = backend.own, backend.manifest
    assert own is not None
    if manifest.backend != own.name:
        yield bad_backend.named(manifest.backend, own.name, own.at("backend"))
    if manifest.by != "emit" or manifest.publishes:
        key = "by" if manifest.by != "emit" else "publishes"
        yield bad_backend.rendered_by(key, own.at(key))
    if not manifest.emits:
        yield bad_backend.empty(backend.name, own.at("emits"))
    if len(manifest.emits) > MOST_EMISSIONS:
        yield bad_backend.many(backend.name, MOST_EMISSIONS, own.at("emits"))
        return
    for number, emission in enumerate(manifest.emits):
        place = ("emits", number)
        if emission.kind not in names():
            yield bad_backend.kind(emission.kind, names(), own.at(*place, "kind"))
            continue
        if emission.template not in backend.templates:
            span = own.at(*place, "template")
            yield bad_backend.template(emission.template, own.place, backend.templates, span)
        reason = _bad_path(emission, backend)
        if reason:
            yield bad_backend.path(emission.path, reason, own.at(*place, "path"))
        for path in emission.when:
            yield from _condition(path, emission, own.at(*place, "when", path))
        for index, check in enumerate(emission.check):
            yield from _check(check, backend, own.at(*place, "check", index))


def _condition(path: str, emission: Emission, span: Span) -> Iterator[Diagnostic]:
    first, _, rest = path.partition(".")
    if first == "facts" and rest:
        return
    kind, word = (
        ("project", rest.partition(".")[0]) if first == "project" and rest else (emission.kind, first)
    )
    known = field_names(kind) if kind == "project" else (*field_names(kind), *_IN_VIEW)
    if word not in known:
        yield bad_backend.condition(path, word, kind, known, span)


def _check(check: str, backend: Backend, span: Span) -> Iterator[Diagnostic]:
    name, _, argument = check.partition(" ")
    wanted = CHECKS.get(name)
    if wanted is None:
        yield bad_backend.checker(name, CHECKS, span)
        return
    fits = argument in wanted.split("|")
    if wanted == "vendor.NAME":
        fits = re.fullmatch(r"vendor\.[a-z0-9.-]+", argument) is not None
    elif wanted == "FILE":
        fits = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", argument) is not None
    if not fits:
        forms = [f"{name} {form}".strip() for form in wanted.split("|")]
        yield bad_backend.argument(check, forms, span)
    elif name == "jsonschema" and argument not in backend.templates:
        yield bad_backend.template(
            argument, backend.own.place if backend.own else "", backend.templates, span
        )
    elif name == "jsonschema":
        reason = _bad_schema(backend.templates[argument])
        if reason:
            yield bad_backend.schema(argument, reason, span)


def _bad_schema(text: str) -> str:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"it is no JSON: {str(error)[:200]}"
    return "" if isinstance(read, dict) else "it holds no object"


def _bad_path(emission: Emission, backend: Backend) -> str:
    """Why a path is none that an artifact may have, or nothing."""
    if len(emission.path) > _LONGEST_PATH:
        return f"it is longer than {_LONGEST_PATH} characters"
    for found in _VALUE.finditer(emission.path):
        first, _, rest = found[1].partition(".")
        if first in ("name", "kind", "environment") and not rest:
            if first == "environment" and is_once(emission.kind):
                return "what exists once per project knows no environment"
        elif first not in ("resource", "facts", "project") or not rest:
            known = "name, kind, environment, resource.FIELD, facts.FIELD and project.FIELD"
            return f"it holds {found[0]}, and may hold {known}"
    literal = _VALUE.sub("x", emission.path)
    if "{" in literal or "}" in literal:
        return "it holds a brace that is part of no value, as {{ name }} is one"
    for segment in literal.split("/"):
        if segment in ("", ".", "..") or not _SEGMENT.fullmatch(segment):
            return f'"{segment}" is no name of a file or a folder that mlc writes: letters, digits and . _ @ + - are'
    return _reserved(literal, emission, backend)


def _reserved(literal: str, emission: Emission, backend: Backend) -> str:
    parts = literal.split("/")
    if ".git" in (part.lower() for part in parts):
        return "mlc writes nothing into .git"
    if not is_once(emission.kind):
        return ""
    own = backend.own
    assert own is not None
    first = parts[0]
    if first.startswith(".") and first not in own.may_write:
        return (
            f"it leads to {first} at the top of the project, and what is hidden there may be written only where "
            f"mlc.yaml says so: `may_write: [{first}]` of the backend"
        )
    if first.lower() in {*names(), "env", "mlc.yaml", "mlc.lock", FOLDER} or literal.startswith(
        f"{own.place}/"
    ):
        return f"{first} is of the specs, which mlc reads and does not write"
    return ""


def mistakes_of_templates(backend: Backend) -> Iterator[Diagnostic]:
    """What is wrong with the templates, whatever the backend.yaml beside them says."""
    own = backend.own
    assert own is not None
    users: dict[str, list[str]] = {}
    for emission in backend.manifest.emits:
        if emission.kind in names():
            users.setdefault(emission.template, []).append(emission.kind)
    for name in sorted(backend.templates):
        if name.endswith(".j2"):
            text = backend.templates[name]
            found = [*own_reading.mistakes_in(text), *_unknown_fields(text, users.get(name, ()))]
            for one in sorted(found, key=lambda one: one.line)[:_MOST_MISTAKES]:
                yield bad_template.found(one.reason, _span(own.file(name), text, one.line), one.hint)


def _unknown_fields(text: str, kinds: Iterable[str]) -> Iterator[own_templates.Mistake]:
    if not kinds:
        return
    known = {
        "resource": {*_IN_VIEW, *(name for kind in kinds for name in field_names(kind))},
        "project": {*field_names("project")},
    }
    for of, name, line in own_reading.names_read(text):
        if of in known and name not in known[of]:
            reason = (
                f'{"the project" if of == "project" else "no resource of its kind"} has no field "{name}"'
            )
            reason = reason.replace("no resource of its kind has no", "no resource of its kind has a")
            yield own_templates.Mistake(line, reason, did_you_mean(name, sorted(known[of])))


def failed(backend: Backend, template: str, mistake: own_templates.Mistake, resource: Resource) -> Diagnostic:
    """A template could not be filled for a resource."""
    own = backend.own
    assert own is not None
    span = _span(own.file(template), backend.templates[template], mistake.line)
    at = resource.node.span
    related = () if at.file.startswith("<") else (Label(at, f"filled for {resource.address}"),)
    return bad_template.found(mistake.reason, span, mistake.hint, str(resource.address), related)


def path_of(backend: Backend, number: int, data: Mapping[str, Any], resource: Resource) -> str | Diagnostic:
    """Where an emission writes for a resource, without the folder of the environment."""
    from mlc.emit import quoting

    own, emission = backend.own, backend.manifest.emits[number]
    assert own is not None
    span = own.at("emits", number, "path")
    wrong: list[Diagnostic] = []

    def value(found: re.Match[str]) -> str:
        inner: Any = data
        for part in found[1].split("."):
            if not isinstance(inner, Mapping) or part not in inner:
                known = [str(key) for key in inner] if isinstance(inner, Mapping) else []
                wrong.append(bad_backend.no_value(found[1], part, str(resource.address), known, span))
                return ""
            inner = inner[part]
        try:
            return quoting.path_part(inner)
        except (TypeError, ValueError) as error:
            wrong.append(bad_backend.unfit_value(found[1], str(error), str(resource.address), span))
            return ""

    path = _VALUE.sub(value, emission.path)
    if wrong:
        return wrong[0]
    reason = _reserved(path, emission, backend)
    return bad_backend.path(path, reason, span) if reason else path


def is_apart(backends: Iterable[Backend]) -> bool:
    """Whether what the project's own backends write for one resource can meet nothing that is written for another.

    It stands in a folder that bears the backend's name, below that of the environment, at one depth, and with the
    resource's name. What else two resources may claim alike is found by comparing their paths.
    """
    published = {*names(), *(f"{name}s" for name in names())}
    for backend in backends:
        if backend.own is None:
            continue
        paths = [emission.path.split("/") for emission in backend.manifest.emits]
        if (
            backend.name in published
            or len({len(parts) for parts in paths}) > 1
            or any(is_once(emission.kind) for emission in backend.manifest.emits)
            or any(parts[0] != backend.name or "{{ name }}" not in "/".join(parts[1:]) for parts in paths)
        ):
            return False
    return True


class Spent:
    """What artifacts have cost together."""

    def __init__(self) -> None:
        self.cost = 0


class Places:
    """What stands where, so that no artifact of a project's own backend takes the place of something else."""

    def __init__(self, graph: Graph, backends: Iterable[Backend]) -> None:
        self._taken: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        for resource in graph.resources:
            for operation in resource.operations:
                for path in operation.publishes.values():
                    self._take(path, f"the step {operation.id} publishes it")
                for path in operation.files.values():
                    self._take(path, f"{resource.address} reads it")
        self._own = {f"{one.own.place}/" for one in backends if one.own is not None}
        self._artifacts = str(graph.project["artifacts"]).rstrip("/")

    def take(self, path: str, backend: Backend, number: int, resource: Resource) -> Diagnostic | None:
        """Take note of an artifact; what is wrong with where it would be written, if anything is."""
        what = f"{backend.name} writes it for {resource.address}"
        own = backend.own
        if own is None:
            self._take(path, what)
            return None
        why = self._taken.get(path) or self._folders.get(path, "")
        above = path
        while not why and "/" in above:
            above = above.rpartition("/")[0]
            why = self._taken.get(above, "")
        if not why and any(path.startswith(place) for place in self._own):
            why = "it stands among the templates of a backend"
        if not why and is_once(resource.address.kind) and f"{path}/".startswith(f"{self._artifacts}/"):
            why = f"{self._artifacts} is for what is written in each environment"
        self._take(path, what)
        if not why:
            return None
        span = own.at("emits", number, "path")
        return artifact_refused.found(path, backend.name, str(resource.address), why, span)

    def _take(self, path: str, what: str) -> None:
        self._taken.setdefault(path, what)
        above = path
        while "/" in above:
            above = above.rpartition("/")[0]
            if above in self._folders:
                break
            self._folders[above] = f"it is a folder, in which {path} stands"


def _span(file: str, text: str, line: int) -> Span:
    lines = text.splitlines() or [""]
    line = min(max(line, 1), len(lines))
    shown = lines[line - 1]
    start = len(shown) - len(shown.lstrip()) + 1
    return Span(file, line, start, line, max(start + 1, len(shown.rstrip()) + 1))
