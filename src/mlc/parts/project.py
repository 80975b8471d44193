"""What the parts of a project have in common: mlc.yaml, the environments, the names of all resources, the states."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct, structs

from mlc import check, data, load, own_backends, states, workspace
from mlc.compose import project as composing
from mlc.compose.reach import Unbounded, reached
from mlc.compose.source import Layer, Source, file_name
from mlc.ir.address import Address
from mlc.ir.backend import Backend
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.node import Node, plain
from mlc.kinds._walk import references
from mlc.pipeline import LANGUAGE
from mlc.request import Request, inputs_of, wanted_environments
from mlc.rules import patch_matches_nothing, resource_name, too_large
from mlc.store.content import Content


class Unsure(Exception):
    """The parts cannot tell what the whole project would."""


class Composed(Struct, frozen=True):
    """A resource file with its layers: the files read for it, what that cost, and the resources it leads to."""

    node: Node
    diagnostics: tuple[Diagnostic, ...]
    files: frozenset[str]
    spent: tuple[int, int]  # layers and values beyond what every resource has for nothing
    leads_to: frozenset[Address]


class Reading(Source):
    """A source that takes note of which files are asked for, there or not, and what each of them costs."""

    def __init__(self, root: Path) -> None:
        super().__init__(load.read, root)
        self.asked: set[str] = set()
        self.costs: dict[str, tuple[int, int]] = {}  # bytes and copies beyond what every file has for nothing

    def layer(self, name: str) -> Layer | None:
        self.asked.add(file_name(name))
        return super().layer(name)

    def has_layer(self, name: str) -> bool:
        self.asked.add(file_name(name))
        return super().has_layer(name)

    def own_layer(self, name: str) -> Layer | None:
        before = self.spending.bytes, self.spending.copies
        found = super().own_layer(name)
        after = self.spending.bytes - before[0], self.spending.copies - before[1]
        if any(after):
            self.costs[file_name(name)] = after
        return found

    def forget(self, files: Iterable[str]) -> None:
        """Drop what was parsed of some files."""
        for file in files:
            self._layers.pop(file.removesuffix(".yaml"), None)
            self.texts.pop(file, None)


class Project:
    """A project that is to be compiled in parts. Made once in each process."""

    def __init__(self, request: Request, backends: tuple[Backend, ...]) -> None:
        """Raises Unsure for a project that has to be compiled as a whole."""
        self.request = request
        self.root = request.root
        self._prefix = f"{os.path.abspath(request.root)}/"  # noqa: PTH100 - what leads through a link stays as it is
        self.source = Reading(request.root)
        self.frame = composing.compose_frame(self.source, LANGUAGE)
        known = composing.known_environments(self.frame.project)
        self.first = known[0] if known else ""
        self.environments, unknown = wanted_environments(request, known)
        self.inputs, bad_inputs = inputs_of(request, self.frame.project)
        self.names: dict[Address, int] = {}  # and the place of each among them
        for address in composing.resource_files(self.source, LANGUAGE):
            if not LANGUAGE.is_name(address.name):
                raise Unsure(resource_name.RULE.name)
            self.names[address] = len(self.names)
        found = [
            *self.frame.diagnostics,
            *composing.misspelled_folders(self.source, (*LANGUAGE.kinds, "env")),
        ]
        self.declared = frozenset(self.names)
        self.ranks = {str(address): place for address, place in self.names.items()}
        spec, mistakes = check.check_settings(
            self.frame.project, self.frame.environments, self.declared, self.frame.partial
        )
        self.diagnostics = tuple(found)
        self.settings_diagnostics = mistakes
        if spec is None or request.overrides or not self.environments or self.frame.modules:
            raise Unsure("not only files")
        self.spec = spec
        own, wrong = own_backends.load(self.source, self.frame.project, ())
        if wrong or (own and not _are_apart(own)):
            raise Unsure("backends of the project's own")
        self.backends = (*backends, *own)
        self.has_own = bool(own)
        if spec["moved"] or has_errors((*found, *mistakes, *bad_inputs, *unknown)):
            raise Unsure("renames or mistakes")
        by_kind: dict[str, list[str]] = {}
        for address in self.names:
            by_kind.setdefault(address.kind, []).append(address.name)
        self.frame = structs.replace(self.frame, whole=by_kind)
        self._refuse_mistakes_around()
        self.around = self._around()
        self.frame_files = frozenset(self.source.asked)
        self.composed: dict[Address, Composed] = {}
        self.digests: dict[str, str] = {}
        self.read: set[str] = set()  # below the root, for the part that is being compiled
        self.content: Content = workspace.results(self.root)
        self.states = {name: states.read(self.root, name) for name in self.environments}

    def _refuse_mistakes_around(self) -> None:
        """What is wrong with presets and patches for the names of all resources: no part that is kept notices.

        Without the resources more is found, which is not asked about here.
        """
        about_names = (patch_matches_nothing.RULE.name, too_large.RULE.name)
        for environment in self.environments:
            _, found = composing.compose_document(self.frame, environment, (), self.inputs, LANGUAGE)
            if any(one.rule in about_names for one in found):
                raise Unsure("mistakes")

    def _around(self) -> frozenset[Address]:
        """The resources that mlc.yaml and the environments refer to, in whatever environment."""
        wanted = {Address(one.kind, one.name) for one in references(plain(self.frame.project), "project")}
        for node in (self.frame.project, *self.frame.environments.values()):
            for key, path in (("vars", ("vars",)), ("presets", ()), ("patch", ()), ("project", ("project",))):
                inside = node.get(key)
                if inside is None:
                    continue
                try:
                    if (
                        key == "presets" and inside.is_map
                    ):  # what stands in a preset stands in every resource of its kind
                        for kind, preset in inside.value.items():
                            wanted |= reached(preset, (kind, "*"), LANGUAGE.kinds)
                    else:
                        wanted |= reached(inside, path, LANGUAGE.kinds)
                except Unbounded:
                    raise Unsure(key) from None
        return frozenset(wanted)

    def resource(self, address: Address, *, keep: bool) -> Composed:
        """A resource file with its layers. Raises Unsure where there is a mistake in it."""
        known = self.composed.get(address)
        if known is None:
            spending = self.source.spending
            before, self.source.asked = (spending.layers, spending.merged), set()
            node, whole, found = composing.compose_resource(self.source, address)
            if node is None or not whole or has_errors(found):
                raise Unsure("mistakes")
            try:
                leads_to = reached(node, (address.kind, address.name), LANGUAGE.kinds)
            except Unbounded:
                raise Unsure(f"{address} may read anything") from None
            leads_to |= {
                Address(one.kind, one.name)
                for one in references(plain(node), address.kind)
                if "${" not in one.name
            }
            known = Composed(
                node,
                found,
                frozenset(self.source.asked),
                (spending.layers - before[0], spending.merged - before[1]),
                leads_to & self.declared,
            )
            if keep:
                self.composed[address] = known
        self.read |= known.files
        return known

    def listings(self) -> Iterator[tuple[str, list[str]]]:
        """What stands in the folders of the kinds beside resources, and which folders stand beside them."""
        source = self.source
        yield "", list(source.groups(""))
        for kind in LANGUAGE.kinds:
            others = [name for name in source.options(kind) if Address(kind, name) not in self.names]
            yield kind, [*others, *(f"{name}/" for name in source.groups(kind))]

    def below(self, path: str) -> str | None:
        """A path from the project's folder; None for one that is not of its files: elsewhere, or mlc's own."""
        path = os.path.abspath(path)  # noqa: PTH100
        if not path.startswith(self._prefix) or path.startswith(f"{self._prefix}.mlc/"):
            return None
        return path.removeprefix(self._prefix)

    def digest(self, path: str) -> str:
        """The digest of a data file, which many parts may read."""
        self.read.add(path)
        if path not in self.digests:
            self.digests[path] = workspace.file_digest(self.root, path)
        return self.digests[path]


def _are_apart(own: tuple[Backend, ...]) -> bool:
    from mlc.emit.own import is_apart

    return is_apart(own)


def backends() -> tuple[Backend, ...]:
    from mlc import emit

    return emit.load_backends((data.path("templates"),))
