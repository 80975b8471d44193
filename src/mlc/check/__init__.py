"""Document → checked document, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlc import rules
from mlc.check.moved import check_moved
from mlc.check.schema import check_schema, dotted
from mlc.ir.address import Address
from mlc.ir.checked import Checked
from mlc.ir.diagnostic import Diagnostic, Findings, has_errors
from mlc.ir.document import Document
from mlc.ir.node import Node, plain
from mlc.kinds._walk import references
from mlc.kinds.registry import DEFAULT
from mlc.rules import missing_key, too_large, unresolved_reference
from mlc.rules._subject import Subject

__all__ = ["check", "check_schema", "check_settings"]

_PROJECT = "mlc"

# Looking for every mistake takes far longer than seeing that there is none.
_FREE_VALUES = 500  # of a resource
_MOST_EXAMINED = 50_000  # beyond them, over all resources with a mistake


def check_settings(
    project: Node, environments: Mapping[str, Node], declared: frozenset[Address], partial: frozenset[str]
) -> tuple[dict[str, Any] | None, tuple[Diagnostic, ...]]:
    """mlc.yaml as plain data with its defaults, and what is wrong with it and with the environments' files.

    `declared` holds every resource that has a file, in whatever environment it exists; `partial` those of
    `mlc` and `env/NAME` that are known in part.
    """
    spec, found = _settings(project, "project", "project", partial=_PROJECT in partial)
    found += check_moved(project, declared)
    for name, node in environments.items():
        found += _settings(node, "env", f"env.{name}", partial=f"env/{name}" in partial)[1]
    return spec, tuple(found)


def check(
    document: Document,
    project: dict[str, Any] | None,
    declared: frozenset[Address],
    partial: frozenset[Address],
) -> tuple[Checked | None, tuple[Diagnostic, ...]]:
    """Schema, references, rules: each on all that the one before let through, so that one run tells it all.

    `project` is mlc.yaml as `check_settings` gives it: None where it has a mistake.
    `declared` holds every resource that has a file, also those left out of this environment; `partial` those
    that are known in part, or could not be composed at all: a reference to one of these is not reported a
    second time. The part that is known (where an interpolation leads nowhere, too) is checked by its schema alone.
    """
    specs: dict[Address, dict[str, Any]] = {}
    unfit: dict[Address, Any] = {}
    findings = Findings(too_large.MOST_IN_ALL)
    examined = 0
    for address in document.addresses():
        node = document.resource(address)
        assert node is not None, address
        if findings.is_full:
            break
        bare = plain(node)
        if address in partial or (_may_hold_one(bare) and _is_unresolved(node)):
            unfit[address] = known = _known(node)
            findings.add(_mistakes_of_part(node, known, address.kind, str(address)))
            continue
        spec, mistakes = check_schema(node, bare, address.kind, str(address))
        findings.add(mistakes)
        if spec is not None:
            specs[address] = spec
        else:
            unfit[address] = bare
            examined += max(0, _values(bare) - _FREE_VALUES)
            if examined > _MOST_EXAMINED:
                findings.add([too_large.examined(node.span, _MOST_EXAMINED)])
                break
    findings.add(_unresolved(document, {**specs, **unfit}, declared, partial))
    if project is not None and not findings.is_full:
        subject = Subject(document=document, project=project, specs=specs)
        for rule in rules.checks():
            findings.add(rule.check(subject))
    found = tuple(findings.told)
    if project is None or len(specs) < len(document.addresses()) or has_errors(found):
        return None, found
    default_registry = msgspec.to_builtins(DEFAULT)
    return Checked(document, project, specs, default_registry), found


def _values(value: Any) -> int:
    """How many values plain data holds."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_values, children))


def _settings(
    node: Node, kind: str, address: str, *, partial: bool
) -> tuple[dict[str, Any] | None, list[Diagnostic]]:
    if partial:
        return None, _mistakes_of_part(node, _known(node), kind, address)
    spec, mistakes = check_schema(node, plain(node), kind, address)
    return spec, [*mistakes]


def _mistakes_of_part(node: Node, known: Any, kind: str, address: str) -> list[Diagnostic]:
    """What is wrong with the part of something that is known: the rest may bring what is missing."""
    mistakes = check_schema(node, known, kind, address)[1]
    return [one for one in mistakes if one.rule != missing_key.RULE.name]


def _known(node: Node) -> Any:
    """A node as plain data, without the entries of maps that hold an interpolation that could not be resolved."""
    if not node.is_map:
        return plain(node)
    return {
        key: _known(child) for key, child in node.value.items() if child.is_map or not _is_unresolved(child)
    }


def _is_unresolved(node: Node) -> bool:
    """Whether an interpolation is left. A secret stays one on purpose, and what was written as `\\${…}` is a text."""
    if isinstance(node.value, str):
        return node.written is None and "${" in node.value.replace("${secret:", "")
    children = node.value.values() if node.is_map else node.value if node.is_list else ()
    return any(_is_unresolved(child) for child in children)


def _may_hold_one(value: Any) -> bool:
    """Whether the sign of an interpolation stands anywhere in plain data: seen at once in its encoded form."""
    try:
        return b"${" in msgspec.json.encode(value)
    except (ValueError, OverflowError):  # a text that is no Unicode
        return True


def _unresolved(
    document: Document,
    specs: Mapping[Address, Any],
    declared: frozenset[Address],
    partial: frozenset[Address],
) -> Iterator[Diagnostic]:
    there = {*document.addresses(), *partial}
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
                yield unresolved_reference.found(
                    reference.kind,
                    reference.name,
                    _span(node, reference.path),
                    known,
                    environment=document.environment,
                    elsewhere=wanted in declared,
                    address=address,
                    path=dotted(reference.path),
                )


def _span(node: Node | None, path: tuple[str | int, ...]) -> Any:
    return None if node is None else node.nearest(path).span
