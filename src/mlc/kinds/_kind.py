"""What a file in `kinds/` declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation

View = Mapping[str, Any]
"""A checked resource as plain data: its name, its fields with their defaults, and in the place of each
reference the view of the resource it names."""


class Scope(Struct, frozen=True):
    """What a resource is lowered in: the project's own fields, the environment's name, and the texts of files that
    resources name (`Document.files`)."""

    project: dict[str, Any]
    environment: str
    files: Mapping[str, str | None] = {}


def no_operations(address: Address, view: View, scope: Scope) -> tuple[Operation, ...]:
    return ()


def no_facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    return {}


class Kind(Struct, frozen=True):
    """One kind of resource.

    `operations` is what it lowers to; `facts` are values derived for templates, which compute nothing.
    `planned` names fields (`tune`) and variants (`split.method=time`) that the language has and this
    version does not do: using one is an error that says so. `reads` names fields that hold the path of a text file of
    the project, which is read along with the resource.
    """

    name: str
    spec: type[Struct]
    operations: Callable[[Address, View, Scope], tuple[Operation, ...]] = no_operations
    facts: Callable[[Address, View, Scope], dict[str, Any]] = no_facts
    planned: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    once: bool = False  # exists once per project, not per environment (a CI pipeline covers them all)
