"""The two revisions of a project, each composed and checked in the environments asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from mlc import git, load, lower, pipeline
from mlc.compose.committed import Committed
from mlc.compose.source import Source
from mlc.ir.address import Address
from mlc.ir.diagnostic import has_errors
from mlc.ir.document import Document
from mlc.ir.graph import Graph
from mlc.ir.loaded import Loaded
from mlc.ir.node import Node
from mlc.ir.review import Compared
from mlc.pipeline import Composed, Validated
from mlc.request import Request
from mlc.review import codefiles, datafiles
from mlc.review.datafiles import DataFile
from mlc.rules import secret_in_spec

WORKING_TREE = "working tree"


class Side(Struct, frozen=True):
    """One revision. `graphs` holds each environment that has no mistake; `data` looks up a file, `module` those of a
    module of code."""

    compared: Compared
    source: Source
    validated: Validated
    graphs: Mapping[str, Graph]
    data: Callable[[str, DataFile | None], DataFile | None]
    module: Callable[[str], tuple[str, ...]]
    submodules: tuple[str, ...]

    @property
    def documents(self) -> Mapping[str, Document]:
        return self.validated.composed.documents

    @property
    def texts(self) -> Mapping[str, str]:
        return self.validated.composed.sources

    def texts_with(self, other: Side) -> Mapping[str, str]:
        """The same, with the files that only the other side builds on and that are here as well."""
        for file in other.texts.keys() - self.texts.keys():
            if file.endswith(".yaml") and not file.startswith((".mlc/", "<")):
                self.source.own_layer(file.removesuffix(".yaml"))
        return {**self.texts, **self.source.texts}

    @property
    def broken(self) -> frozenset[Address]:
        """The resources that have a file and could not be composed: what they hold is not known."""
        return self.validated.composed.layers.broken

    def unclear(self, environment: str) -> str:
        """The file because of which an environment is known in part only, or nothing."""
        layers = self.validated.composed.layers
        if not self.compared.exists:
            return ""
        if "mlc" in layers.partial or (self.compared.errors and not layers.environments):
            return "mlc.yaml"
        return f"env/{environment}.yaml" if layers.is_partial(environment) else ""

    def secrets(self) -> frozenset[str]:
        """The texts in this revision that look like secrets."""
        return frozenset(
            found.value for document in self.documents.values() for found in secret_in_spec.secrets(document)
        )


class Project(Struct, frozen=True):
    """A project's folder in a repository: `folder` leads to it from the top."""

    root: Path
    repository: git.Repository
    folder: str
    parse: Callable[[bytes, str], Loaded]

    def tree(self, commit: str) -> git.Tree:
        """The files of the whole repository in a commit."""
        objects = self.repository.objects
        return git.Tree(objects, self.repository.commit(commit).tree)


def project_at(root: Path, repository: git.Repository) -> Project:
    folder = root.resolve().relative_to(repository.top.resolve()).as_posix()
    return Project(root, repository, "" if folder == "." else folder, _once(load.read))


def opened(project: Project, revision: git.Revision | None) -> pipeline.Opened:
    """The layers of a revision, or of the working tree where it is None."""
    return pipeline.opened(source_of(project, revision))


def source_of(project: Project, revision: git.Revision | None) -> Source:
    """The files of a revision, or of the working tree where it is None."""
    here = Source(project.parse, project.root)
    if revision is None:
        return here
    return Committed(project.parse, project.tree(revision.commit).within(project.folder), here)


def side(
    project: Project,
    revision: git.Revision | None,
    layers: pipeline.Opened,
    environments: tuple[str, ...],
    inputs: tuple[str, ...],
) -> Side:
    """A revision composed, checked and, where it has no mistake, lowered."""
    known = [name for name in environments if name in layers.layers.environments]
    exists = layers.source.has_layer("mlc")
    if not exists:
        validated = _nothing(layers)
    else:
        request = Request(project.root, tuple(known), (), _declared(inputs, layers.layers.project))
        validated = pipeline.validate(request, layers)
        if not known:
            validated = _without_documents(validated)
    sound = not has_errors(validated.diagnostics)
    graphs = {name: lower.lower(checked) for name, checked in validated.checked.items()} if sound else {}
    errors = sum(one.severity == "error" for one in validated.diagnostics)
    name, commit = (WORKING_TREE, "") if revision is None else (revision.name, revision.commit)
    compared = Compared(name, commit, exists, errors)
    if revision is None:
        return Side(
            compared,
            layers.source,
            validated,
            graphs,
            lambda path, like: datafiles.on_disk(project.root, path, like),
            lambda path: codefiles.on_disk(project.root, path),
            (),
        )
    tree = project.tree(commit).within(project.folder)
    objects = project.repository.objects
    return Side(
        compared,
        layers.source,
        validated,
        graphs,
        lambda path, _: datafiles.committed(tree, objects, path),
        lambda path: codefiles.committed(tree, path),
        tree.submodules(pipeline.LANGUAGE.kinds),
    )


def _nothing(layers: pipeline.Opened) -> Validated:
    return Validated(Composed(layers.layers, {}, layers.source.texts, (), layers.source), {}, ())


def _without_documents(validated: Validated) -> Validated:
    """What was found of the layers themselves, where none of the environments asked for is there."""
    composed = validated.composed
    return Validated(
        Composed(composed.layers, {}, composed.sources, composed.diagnostics, composed.source),
        {},
        composed.layers.diagnostics,
    )


def _declared(inputs: tuple[str, ...], project: Node) -> tuple[str, ...]:
    """The inputs that a revision knows: one that only the other declares is no mistake of this one."""
    declared = project.get("inputs")
    names = declared.value if declared is not None and declared.is_map else {}
    return tuple(text for text in inputs if text.partition("=")[0] in names or "=" not in text)


def _once(parse: Callable[[bytes, str], Loaded]) -> Callable[[bytes, str], Loaded]:
    """The same, with each content of a file parsed once for both revisions."""
    parsed: dict[tuple[str, bytes], Loaded] = {}

    def parse_once(content: bytes, file: str) -> Loaded:
        key = (file, content)
        if key not in parsed:
            parsed[key] = parse(content, file)
        return parsed[key]

    return parse_once
