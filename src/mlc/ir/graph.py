"""Typed resources and how they depend on each other: what a checked document lowers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.node import Node
from mlc.ir.operation import Operation
from mlc.ir.span import COMMAND_LINE, Span


class Edge(Struct, frozen=True, order=True):
    """`source` refers to `target` in its field `path`."""

    source: Address
    target: Address
    path: str


class Resource(Struct, frozen=True):
    """A checked resource.

    `spec` holds its fields with their defaults, as plain data; `view` is the same with the view of the
    resource it names in the place of each reference; `facts` are derived values for templates. `node` is
    what the author wrote, for the cause of a change.
    """

    address: Address
    spec: dict[str, Any]
    view: dict[str, Any]
    facts: dict[str, Any]
    node: Node
    operations: tuple[Operation, ...] = ()


class Graph(Struct, frozen=True):
    """Every resource of one environment, dependencies first, and the references between them.

    `around` is what stands beside the resources for interpolations to read, as its author wrote it. `left_out` are
    the resources that say of themselves that they are not in this environment. `files` are the texts of files that
    resources name (`Document.files`).
    """

    environment: str
    project: dict[str, Any]
    resources: tuple[Resource, ...]
    edges: tuple[Edge, ...]
    around: Node = Node({}, Span(COMMAND_LINE, 1, 1, 1, 1))
    left_out: dict[Address, Node] = {}
    files: Mapping[str, str | None] = {}

    def resource(self, address: Address) -> Resource | None:
        return next((resource for resource in self.resources if resource.address == address), None)
