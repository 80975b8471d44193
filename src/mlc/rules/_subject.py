"""What a rule looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.document import Document
from mlc.ir.node import Node
from mlc.ir.span import Span


class Subject(Struct, frozen=True):
    """A project whose resources all fit their kinds' schemas.

    `specs` holds the resources as plain data with their defaults, `project` likewise mlc.yaml.
    """

    document: Document
    project: dict[str, Any]
    specs: dict[Address, dict[str, Any]]

    def each(self, kind: str) -> Iterator[tuple[Address, dict[str, Any]]]:
        """Every resource of a kind."""
        return ((address, spec) for address, spec in self.specs.items() if address.kind == kind)

    def named(self, kind: str, name: str | None) -> dict[str, Any] | None:
        """The resource that a reference names, or None."""
        return None if name is None else self.specs.get(Address(kind, name))

    def span(self, address: Address, *path: str | int) -> Span:
        """Where a field is written, or the nearest thing around it."""
        return self.node(address, *path).span

    def key_span(self, address: Address, *path: str | int) -> Span:
        """Where a field's key is written, or the nearest thing around it."""
        node = self.node(address, *path)
        return node.key_span or node.span

    def node(self, address: Address, *path: str | int) -> Node:
        """A field's node, or the nearest around it that its author wrote."""
        resource = self.document.resource(address)
        assert resource is not None, address
        written = resource
        for length in range(1, len(path) + 1):
            found = resource.at(path[:length])
            if found is None or found.span.file.startswith("<field"):
                break
            written = found
        return written
