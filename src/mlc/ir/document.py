"""A project as composed for one environment."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.node import Node


class Document(Struct, frozen=True):
    """`project` is mlc.yaml; `root` maps kind to name to resource, every interpolation resolved.

    `around` holds what stands beside the resources for interpolations to read: `vars`, `env`, `project`. `left_out`
    are resources that say of themselves that they are not in this environment. `files` are the texts of files that
    resources name to be read along with them (`Kind.reads`), by their paths; None where there is none.
    """

    environment: str
    project: Node
    root: Node
    around: Node
    left_out: dict[Address, Node] = {}
    files: Mapping[str, str | None] = {}

    def resource(self, address: Address) -> Node | None:
        return self.root.at((address.kind, address.name))

    def addresses(self) -> tuple[Address, ...]:
        """Every resource of this environment, in the order of the language's kinds and then by name."""
        return tuple(Address(kind, name) for kind, group in self.root.value.items() for name in group.value)
