"""A project as an editor sees it: its folder, with the files that are open and not saved lying over it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlc import kinds, load, pipeline
from mlc.compose.project import known_environments
from mlc.compose.source import Source
from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.document import Document
from mlc.ir.loaded import Loaded
from mlc.ir.node import Node, plain
from mlc.language_server.positions import Text
from mlc.request import Request

Parsed = dict[str, tuple[bytes, Loaded]]


class Analysis(Struct, frozen=True):
    """What is known of a project at one moment. `files` holds every configuration file that was read.

    `remembered` holds each resource as it last composed: while it is being written it often does not.
    """

    root: Path
    validated: pipeline.Validated
    source: Source
    files: Mapping[str, Loaded]
    encoding: str
    remembered: Mapping[Address, Node]

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self.validated.diagnostics

    @property
    def documents(self) -> dict[str, Document]:
        """The composed project by environment, also where there are mistakes."""
        return self.validated.composed.documents

    @property
    def environments(self) -> tuple[str, ...]:
        return known_environments(self.validated.composed.layers.project)

    def text(self, file: str) -> Text:
        return Text(self.source.texts.get(file, ""), self.encoding)

    def node(self, file: str) -> Node | None:
        """What a file says by itself."""
        loaded = self.files.get(file)
        return None if loaded is None else loaded.node

    def uri(self, file: str) -> str:
        return (self.root / file).as_uri()

    def names(self, kind: str) -> tuple[str, ...]:
        """The resources of a kind, also those left out of some environment."""
        return tuple(name for name in self.source.options(kind) if not name.startswith("_"))

    def has(self, address: Address) -> bool:
        return address.name in self.names(address.kind)

    def spec(self, kind: str, name: str | None) -> Any:
        """A resource as plain data in the first environment that has it, or None."""
        node = self.remembered.get(Address(kind, name)) if name is not None else None
        return None if node is None else plain(node)


def analyse(
    root: Path,
    unsaved: Mapping[str, str],
    parsed: Parsed,
    before: Analysis | None = None,
    encoding: str = "utf-16",
) -> Analysis:
    """Validate a project in every environment.

    `unsaved` are the texts of open files by their path below `root`; `parsed` remembers files between calls,
    so that only what changed is parsed again; `before` is the analysis before this one.
    """

    def parse(content: bytes, file: str) -> Loaded:
        known = parsed.get(file)
        if known is None or known[0] != content:
            known = parsed[file] = (content, load.read(content, file))
        return known[1]

    source = _WithUnsaved(parse, root, unsaved)
    validated = pipeline.validate(Request(root, ("all",)), source)
    for file in _configuration_files(source):
        source.layer(file.removesuffix(".yaml"))  # layers that nothing uses yet
    read = {file: parsed[file][1] for file in source.texts if file in parsed}
    remembered = dict(before.remembered) if before is not None else {}
    for document in reversed(validated.composed.documents.values()):
        for address in document.addresses():
            node = document.resource(address)
            assert node is not None, address
            remembered[address] = node
    return Analysis(root, validated, source, read, encoding, remembered)


def project_of(file: Path) -> Path | None:
    """The nearest folder upwards with an mlc.yaml."""
    return next((folder for folder in file.parents if (folder / "mlc.yaml").is_file()), None)


def _configuration_files(source: Source) -> Iterator[str]:
    for folder in ("env", *kinds.names()):
        yield from (f"{folder}/{name}.yaml" for name in source.options(folder))


class _WithUnsaved(Source):
    """A folder with the texts of an editor lying over its files."""

    def __init__(self, parse: Any, root: Path, unsaved: Mapping[str, str]) -> None:
        super().__init__(parse, root)
        self.unsaved = unsaved

    def _read(self, file: str) -> bytes:
        text = self.unsaved.get(file)
        return super()._read(file) if text is None else text.encode("utf-8", "surrogatepass")

    def _scan(self, folder: str) -> tuple[frozenset[str], frozenset[str]] | None:
        there = super()._scan(folder)
        prefix = f"{folder}/" if folder else ""
        new = {file[len(prefix) :] for file in self.unsaved if file.startswith(prefix)}
        if not new:
            return there
        files, folders = there or (frozenset(), frozenset())
        return (
            files | {name for name in new if "/" not in name},
            folders | {name.partition("/")[0] for name in new if "/" in name},
        )
