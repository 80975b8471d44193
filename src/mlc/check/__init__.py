"""Document → checked document, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlc import kinds, rules
from mlc.check.moved import check_moved
from mlc.check.schema import check_schema, dotted
from mlc.ir.address import Address
from mlc.ir.checked import Checked
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.document import Document
from mlc.ir.node import Node, plain
from mlc.kinds._walk import references
from mlc.rules import missing_key, unresolved_reference
from mlc.rules._subject import Subject

__all__ = ["check", "check_schema", "check_settings"]

_PROJECT = "mlc"


def check_settings(
    project: Node, environments: Mapping[str, Node], declared: frozenset[Address], partial: frozenset[str]
) -> tuple[Diagnostic, ...]:
    """What is wrong with mlc.yaml and the environments' files themselves.

    `declared` holds every resource that has a file, in whatever environment it exists; `partial` those of
    `mlc` and `env/NAME` that are known in part.
    """
    found = _settings(project, "project", "project", partial=_PROJECT in partial)
    found += check_moved(project, declared)
    for name, node in environments.items():
        found += _settings(node, "env", f"env.{name}", partial=f"env/{name}" in partial)
    return tuple(found)


def check(
    document: Document, declared: frozenset[Address], partial: frozenset[Address]
) -> tuple[Checked | None, tuple[Diagnostic, ...]]:
    """Schema, references, rules: each on all that the one before let through, so that one run tells it all.

    `declared` holds every resource that has a file, also those left out of this environment; `partial` those
    that are known in part, or could not be composed at all: a reference to one of these is not reported a
    second time. The part that is known (where an interpolation leads nowhere, too) is checked by its schema alone.
    """
    specs: dict[Address, dict[str, Any]] = {}
    unfit: dict[Address, Any] = {}
    found: list[Diagnostic] = []
    project, _ = check_schema(document.project, plain(document.project), "project", "project")
    for address in document.addresses():
        node = document.resource(address)
        assert node is not None, address
        bare = plain(node)
        if address in partial or _is_unresolved(bare):
            unfit[address] = known = _known(bare)
            found += _mistakes_of_part(node, known, address.kind, str(address))
            continue
        spec, mistakes = check_schema(node, bare, address.kind, str(address))
        found += mistakes
        if spec is not None:
            specs[address] = spec
        else:
            unfit[address] = bare
    found += _unresolved(document, {**specs, **unfit}, declared, partial)
    if project is not None:
        subject = Subject(document=document, project=project, specs=specs)
        for rule in rules.checks():
            found += rule.check(subject)
    if project is None or len(specs) < len(document.addresses()) or has_errors(tuple(found)):
        return None, tuple(found)
    default_registry = msgspec.to_builtins(kinds.kind("registry").spec())
    return Checked(document, project, specs, default_registry), tuple(found)


def _settings(node: Node, kind: str, address: str, *, partial: bool) -> list[Diagnostic]:
    if partial:
        return _mistakes_of_part(node, _known(plain(node)), kind, address)
    return [*check_schema(node, plain(node), kind, address)[1]]


def _mistakes_of_part(node: Node, known: Any, kind: str, address: str) -> list[Diagnostic]:
    """What is wrong with the part of something that is known: the rest may bring what is missing."""
    mistakes = check_schema(node, known, kind, address)[1]
    return [one for one in mistakes if one.rule != missing_key.RULE.name]


def _known(value: Any) -> Any:
    """Plain data without the entries of maps that hold an interpolation that could not be resolved."""
    if not isinstance(value, dict):
        return value
    return {
        key: _known(child)
        for key, child in value.items()
        if isinstance(child, dict) or not _is_unresolved(child)
    }


def _is_unresolved(value: Any) -> bool:
    """Whether an interpolation is left in plain data. A secret stays one on purpose."""
    if isinstance(value, str):
        return "${" in value.replace("${secret:", "")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_is_unresolved(child) for child in children)


def _unresolved(
    document: Document,
    specs: Mapping[Address, Any],
    declared: frozenset[Address],
    partial: frozenset[Address],
) -> list[Diagnostic]:
    there = {*document.addresses(), *partial}
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
