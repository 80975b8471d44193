"""Checked document → graph of typed resources. Total: it never reports."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

from msgspec import structs

from mlc import kinds
from mlc.ir.address import Address
from mlc.ir.checked import Checked
from mlc.ir.graph import Edge, Graph, Resource
from mlc.ir.operation import Operation
from mlc.kinds._fields import seconds
from mlc.kinds._kind import Scope
from mlc.kinds._walk import Reference, references


def lower(checked: Checked) -> Graph:
    """The resources of an environment, dependencies first, each with the operations it lowers to."""
    refers = {address: tuple(references(spec, address.kind)) for address, spec in checked.specs.items()}
    edges = tuple(
        Edge(address, Address(reference.kind, reference.name), ".".join(map(str, reference.path)))
        for address, found in sorted(refers.items())
        for reference in found
    )
    views = _views(checked, refers)
    files = checked.document.files
    scope = Scope(_project(checked, views), checked.document.environment, files)
    resources = []
    for address, view in views.items():
        kind = kinds.kind(address.kind)
        node = checked.document.resource(address)
        assert node is not None, address
        resources.append(
            Resource(
                address=address,
                spec=checked.specs[address],
                view=view,
                facts=kind.facts(address, view, scope),
                node=node,
                operations=_retried(kind.operations(address, view, scope), view["lifecycle"]),
            )
        )
    return Graph(
        environment=checked.document.environment,
        project=scope.project,
        resources=tuple(resources),
        edges=edges,
        around=checked.document.around,
        left_out=checked.document.left_out,
        files=files,
    )


def _retried(operations: tuple[Operation, ...], lifecycle: dict[str, Any]) -> tuple[Operation, ...]:
    """The operations, with how often each may be tried again."""
    if not lifecycle["retries"]:
        return operations
    backoff = seconds(lifecycle["backoff"])
    return tuple(
        structs.replace(operation, retries=lifecycle["retries"], backoff=backoff) for operation in operations
    )


def _views(checked: Checked, refers: dict[Address, tuple[Reference, ...]]) -> dict[Address, dict[str, Any]]:
    """Each resource with the views of those it refers to in their references' places, dependencies first."""
    sorter: TopologicalSorter[Address] = TopologicalSorter()
    for address in sorted(refers):
        sorter.add(address, *sorted(Address(found.kind, found.name) for found in refers[address]))
    views: dict[Address, dict[str, Any]] = {}
    for address in sorter.static_order():
        spec = checked.specs[address]
        view = {**_expanded(spec, refers[address], views), "name": address.name, "kind": address.kind}
        view["owner"] = spec["owner"] or checked.project["owner"]
        views[address] = view
    return views


def _expanded(
    spec: dict[str, Any], found: tuple[Reference, ...], views: dict[Address, dict[str, Any]]
) -> dict[str, Any]:
    """The spec itself but for what lies on the way to a reference, which is copied."""
    expanded = {**spec}
    for reference in found:
        inner: Any = expanded
        for part in reference.path[:-1]:
            child = inner[part]
            inner[part] = child = {**child} if isinstance(child, dict) else [*child]
            inner = child
        inner[reference.path[-1]] = views[Address(reference.kind, reference.name)]
    return expanded


def _project(checked: Checked, views: dict[Address, dict[str, Any]]) -> dict[str, Any]:
    """The project's own fields, with the view of the registry that it names."""
    name = checked.project["registry"]
    registry = views[Address("registry", name)] if name else checked.default_registry
    # what may be collected there is nothing that a step does or depends on
    reached = {field: value for field, value in registry.items() if field != "keep"}
    return {**checked.project, "registry": reached}
