"""Document → checked document, or everything that is wrong with it."""

from __future__ import annotations

from typing import Any

import msgspec

from mlc import kinds, rules
from mlc.check.schema import check_schema, dotted
from mlc.ir.address import Address
from mlc.ir.checked import Checked
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.document import Document
from mlc.ir.node import Node, plain
from mlc.kinds._walk import references
from mlc.rules import unresolved_reference
from mlc.rules._subject import Subject

__all__ = ["check", "check_schema"]


def check(document: Document, declared: frozenset[Address]) -> tuple[Checked | None, tuple[Diagnostic, ...]]:
    """Schema first, then references, then the rules: each only on what the one before let through.

    `declared` holds every resource that has a file, also those left out of this environment, so that a
    reference to one of them can be told from a reference to nothing.
    """
    specs: dict[Address, dict[str, Any]] = {}
    found: list[Diagnostic] = []
    project, mistakes = check_schema(document.project, plain(document.project), "project", "project")
    found += mistakes
    for address in document.addresses():
        node = document.resource(address)
        assert node is not None, address
        spec, mistakes = check_schema(node, plain(node), address.kind, str(address))
        found += mistakes
        if spec is not None:
            specs[address] = spec
    found += _unresolved(document, specs, declared)
    if project is None or has_errors(tuple(found)):
        return None, tuple(found)

    subject = Subject(document=document, project=project, specs=specs)
    for rule in rules.checks():
        found += rule.check(subject)
    if any(diagnostic.severity == "error" for diagnostic in found):
        return None, tuple(found)
    default_registry = msgspec.to_builtins(kinds.kind("registry").spec())
    return (
        Checked(document=document, project=project, specs=specs, default_registry=default_registry),
        tuple(found),
    )


def _unresolved(
    document: Document, specs: dict[Address, dict[str, Any]], declared: frozenset[Address]
) -> list[Diagnostic]:
    there = set(document.addresses())
    found = []
    named = [
        (str(address), document.resource(address), references(spec, address.kind))
        for address, spec in specs.items()
    ]
    named.append(("project", document.project, references(plain(document.project), "project")))
    for address, node, held in named:
        for reference in held:
            wanted = Address(reference.kind, reference.name)
            if wanted not in there:
                known = [other.name for other in there if other.kind == reference.kind]
                found.append(
                    unresolved_reference.found(
                        reference.kind,
                        reference.name,
                        _span(node, reference.path),
                        known,
                        environment=document.environment,
                        elsewhere=wanted in declared,
                        address=address,
                        path=dotted(reference.path),
                    )
                )
    return found


def _span(node: Node | None, path: tuple[str | int, ...]) -> Any:
    return None if node is None else node.nearest(path).span
