"""A project in an older version of the language → its files in this one, proved to say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from mlc import kinds, load, pipeline
from mlc.compose import project as composing
from mlc.edit import apply_edits
from mlc.edit.renaming import parts_of
from mlc.ir import language
from mlc.ir.diagnostic import Diagnostic, Edit, has_errors
from mlc.ir.document import Document
from mlc.ir.node import Node, plain
from mlc.migrations import Files, Migration, Part, all_migrations, chain
from mlc.request import Request, inputs_of
from mlc.rules import language_version, migration_refused

PROJECT = "mlc.yaml"


class Step(Struct, frozen=True):
    """One version to the next: the edits that were made, in the texts as they were before it."""

    before: int
    after: int
    edits: tuple[Edit, ...]


class Migrated(Struct, frozen=True):
    """`texts` are the files that change. Where `diagnostics` holds an error, nothing may be written."""

    version: int
    steps: tuple[Step, ...] = ()
    texts: Mapping[str, str] = {}
    diagnostics: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, str] = {}


def migrate(
    root: Path,
    texts: Mapping[str, str],
    inputs: Sequence[str] = (),
    known: Sequence[Migration] | None = None,
    latest: int = language.VERSION,
) -> Migrated:
    """`texts` are all YAML files of the project's folder. `known` and `latest` stand for the language's own migrations
    and version in tests."""
    project = load.read(texts[PROJECT], PROJECT)
    node = project.node.get("mlc") if project.node is not None else None
    if project.node is None:
        return Migrated(latest, diagnostics=project.diagnostics, sources=texts)
    if node is None or type(node.value) is not int:
        found = migration_refused.no_version(None if node is None else node.span)
        return Migrated(latest, diagnostics=(found,), sources=texts)
    version = node.value
    if version > latest:
        return Migrated(version, diagnostics=(language_version.found(version, node.span),), sources=texts)
    way = chain(version, latest, all_migrations() if known is None else known)
    if way is None:
        return Migrated(version, diagnostics=(language_version.no_way(version, node.span),), sources=texts)
    now, steps = dict(texts), []
    told: list[Diagnostic] = []
    opened = pipeline.open_project(root)
    before = _composed(root, opened, inputs)
    if has_errors(before.diagnostics) and way:
        told = [*before.diagnostics, migration_refused.has_mistakes(version)]
        return Migrated(version, diagnostics=tuple(told), sources=texts)
    for migration in way:
        step, now, by_hand = _step(migration, now)
        steps.append(step)
        told += by_hand
    changed = {file: text for file, text in now.items() if text != texts[file]}
    after = _composed(root, pipeline.with_files(opened, changed), inputs)
    told += _objections(before, after, way)
    return Migrated(version, tuple(steps), changed, tuple(told), {**texts, **changed})


def _step(
    migration: Migration, texts: Mapping[str, str]
) -> tuple[Step, dict[str, str], tuple[Diagnostic, ...]]:
    files = _files(texts)
    version = files.nodes[PROJECT].get("mlc")
    assert version is not None
    edits = (Edit(version.span, str(migration.after)), *migration.edits(files))
    by_file: dict[str, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.span.file, []).append(edit)
    now = {file: apply_edits(text, by_file.get(file, ())) for file, text in texts.items()}
    return Step(migration.before, migration.after, edits), now, tuple(migration.by_hand(files))


def _files(texts: Mapping[str, str]) -> Files:
    names = kinds.names()
    wanted = (PROJECT, "env", *names)
    loaded = {
        file: load.read(text, file).node for file, text in texts.items() if file.partition("/")[0] in wanted
    }
    nodes = {file: node for file, node in loaded.items() if node is not None}
    parts = [
        Part(part.node, part.kind, part.name)
        for file, node in nodes.items()
        for part in parts_of(node, file, names)
    ]
    return Files(nodes, tuple(parts))


# ── what it says before and after ───────────────────────────────────────────────────────────────────


class _Composed(Struct, frozen=True):
    """Each environment as it is written, without the defaults of this version's fields."""

    documents: dict[str, Document]
    diagnostics: tuple[Diagnostic, ...]


def _as_written(node: Node, _: str) -> Node:
    return node


def _composed(root: Path, project: pipeline.Opened, inputs: Sequence[str]) -> _Composed:
    as_written = structs.replace(pipeline.LANGUAGE, with_defaults=_as_written)
    request = Request(root, ("all",), inputs=tuple(inputs))
    given, found = inputs_of(request, project.layers.project)
    told = [*project.layers.diagnostics, *found]
    documents = {}
    for environment in composing.known_environments(project.layers.project):
        documents[environment], mistakes = composing.compose_document(
            project.layers, environment, (), given, as_written
        )
        told += mistakes
    return _Composed(documents, pipeline.each_once(told))


def _objections(before: _Composed, after: _Composed, way: Sequence[Migration]) -> Iterator[Diagnostic]:
    """Where the project would not say the same."""
    if not way:
        return
    ends = way[0].before, way[-1].after
    if has_errors(after.diagnostics):
        yield from (one for one in after.diagnostics if one.severity == "error")
        yield migration_refused.would_differ(*ends, "the project could no longer be composed")
        return
    for environment, document in before.documents.items():
        other = after.documents.get(environment)
        if other is None or document.addresses() != other.addresses():
            yield migration_refused.would_differ(*ends, f"there would be other resources in {environment}")
            return
        pairs = [("project", PROJECT, document.project, other.project)]
        pairs += [
            (address.kind, str(address), old, new)
            for address in document.addresses()
            if (old := document.resource(address)) and (new := other.resource(address))
        ]
        for kind, where, old, new in pairs:
            yield from _differences(kind, where, environment, old, new, way)


def _differences(
    kind: str, where: str, environment: str, old: Node, new: Node, way: Sequence[Migration]
) -> Iterator[Diagnostic]:
    wanted, got = plain(old), plain(new)
    if kind == "project":
        wanted, got = _settings(wanted), _settings(got)
    for migration in way:
        wanted = migration.meaning(kind, wanted)
    path = next(_differing(wanted, got), None)
    if path is not None:
        value = ".".join(map(str, (where, *path)))
        what = f"the value of {value} would be another in {environment}"
        yield migration_refused.would_differ(way[0].before, way[-1].after, what, new.nearest(path).span)


def _settings(project: dict[str, Any]) -> dict[str, Any]:
    """mlc.yaml without its version, and without what is seen in the resources."""
    return {key: value for key, value in project.items() if key not in ("mlc", "presets")}


def _differing(one: Any, other: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths at which two plain values differ; the order of keys is part of a value."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            if (key in one) != (key in other):
                yield (*path, key)
            else:
                yield from _differing(one[key], other[key], (*path, key))
        if list(one) != list(other) and one.keys() == other.keys():
            yield path
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index in range(len(one)):
            yield from _differing(one[index], other[index], (*path, index))
    elif repr(one) != repr(other):
        yield path
