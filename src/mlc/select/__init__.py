"""Which resources `--select` and `--exclude` choose: dbt's grammar over the graph.

Pure: the resources and how they stand to what was applied come as arguments. No stage knows this one, so that
every command selects alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.graph import Graph
from mlc.ir.node import Node
from mlc.ir.selection import ALL, Candidate, Candidates, Chosen, Selection, Standing, Term, Union
from mlc.ir.state import State
from mlc.kinds._walk import references
from mlc.rules import bad_selection

__all__ = ["candidates", "choose", "not_there"]


def candidates(
    graph: Graph,
    kinds: tuple[str, ...],
    state: State | None = None,
    standings: Mapping[Address, Standing] | None = None,
) -> Candidates:
    """What there is to choose from: the described resources and, with a state, those only applied."""
    described = [
        Candidate(one.address, tuple(one.view["tags"]), one.view["owner"], one.node)
        for one in graph.resources
    ]
    pairs = {(edge.source, edge.target): None for edge in graph.edges}
    there = {one.address for one in described}
    for text, spec in state.resources.items() if state is not None else ():
        address = Address.parse(text)
        if address in there:
            continue
        owner = spec.get("owner") or graph.project["owner"]
        described.append(Candidate(address, tuple(spec.get("tags", ())), owner, None))
        pairs |= {
            (address, Address(found.kind, found.name)): None for found in references(spec, address.kind)
        }
    known = {one.address for one in described}
    upstream: dict[Address, list[Address]] = {}
    downstream: dict[Address, list[Address]] = {}
    for source, target in pairs:
        if target in known:
            upstream.setdefault(source, []).append(target)
            downstream.setdefault(target, []).append(source)
    return Candidates(
        resources=tuple(described),
        upstream={address: tuple(found) for address, found in upstream.items()},
        downstream={address: tuple(found) for address, found in downstream.items()},
        kinds=kinds,
        standings=standings or {},
    )


def choose(selection: Selection, among: Candidates) -> Chosen:
    """The resources that are selected, and the terms that name nothing there is."""
    unmatched: list[Term] = []
    everything = frozenset(one.address for one in among.resources)
    selected = _united(selection.select, among, unmatched) if selection.select else everything
    excluded = _united(selection.exclude, among, unmatched)
    return Chosen(selected - excluded, excluded, tuple(unmatched))


def not_there(asked: Sequence[tuple[str, Candidates, Chosen]]) -> tuple[Diagnostic, ...]:
    """A mistake for each name that is in none of the environments asked about."""
    unmatched = [set(chosen.unmatched) for _, _, chosen in asked]
    everywhere = set.intersection(*unmatched) if unmatched else set()
    environments = [environment for environment, _, _ in asked]
    return tuple(
        bad_selection.nothing_there(
            term.span,
            term.method,
            term.value,
            environments,
            {value for _, among, _ in asked for value in _known_values(term, among)},
        )
        for term in sorted(everywhere, key=lambda term: term.span)
    )


def _known_values(term: Term, among: Candidates) -> tuple[str, ...]:
    """What a term could have named, to say what was probably meant."""
    method = term.method
    if method == "path" or (not method and "/" in term.value):
        files = {file for one in among.resources for file in _files(one)}
        return tuple(sorted(files | {folder for file in files for folder in _folders(file)}))
    if method == "tag":
        return tuple(sorted({tag for one in among.resources for tag in one.tags}))
    if method == "owner":
        return tuple(sorted({one.owner for one in among.resources if one.owner}))
    addresses = {one.address for one in among.resources}
    return tuple(sorted(str(one) if "." in term.value else one.name for one in addresses))


def _is_pattern(value: str) -> bool:
    """Whether a value has wildcards, and so may well match nothing."""
    return any(character in value for character in "*?[")


def _united(groups: Union, among: Candidates, unmatched: list[Term]) -> frozenset[Address]:
    found: set[Address] = set()
    for group in groups:
        common = frozenset(_connected(group[0], among, unmatched))
        for term in group[1:]:
            common &= _connected(term, among, unmatched)
        found |= common
    return frozenset(found)


def _connected(term: Term, among: Candidates, unmatched: list[Term]) -> frozenset[Address]:
    """What a term finds, with what it asks for upstream and downstream of it."""
    matches = _MATCHES[term.method]
    found = {one.address for one in among.resources if matches(term.value, one, among)}
    if not found and term.method not in ("state", "kind") and not _is_pattern(term.value):
        unmatched.append(term)
    if term.joined:
        below = _reached(found, among.downstream, ALL)
        return frozenset(_reached(below, among.upstream, ALL))
    above = _reached(found, among.upstream, term.upstream)
    return frozenset(above | _reached(found, among.downstream, term.downstream))


def _reached(
    start: Iterable[Address], neighbours: Mapping[Address, tuple[Address, ...]], depth: int
) -> set[Address]:
    """The start and all within `depth` references of it."""
    found = set(start)
    edge = found
    while edge and depth != 0:
        edge = {other for address in edge for other in neighbours.get(address, ())} - found
        found |= edge
        depth -= 1
    return found


def _is_named(value: str, one: Candidate, _: Candidates) -> bool:
    """By address, by name or by kind; a value with a slash is a path."""
    if "/" in value:
        return _is_at(value, one, _)
    address = one.address
    return any(fnmatchcase(name, value) for name in (str(address), address.name, address.kind))


def _is_at(value: str, one: Candidate, _: Candidates) -> bool:
    """By a file that the resource is written in, its layers too, or by a folder on the way to one."""
    value = value.removeprefix("./").rstrip("/")
    return any(fnmatchcase(path, value) for file in _files(one) for path in (file, *_folders(file)))


def _is_standing(value: str, one: Candidate, among: Candidates) -> bool:
    standing = among.standings.get(one.address, "unmodified")
    return standing in {"modified": ("new", "modified"), "old": ("modified", "unmodified")}.get(
        value, (value,)
    )


_MATCHES: dict[str, Callable[[str, Candidate, Candidates], bool]] = {
    "": _is_named,
    "kind": lambda value, one, _: fnmatchcase(one.address.kind, value),
    "owner": lambda value, one, _: fnmatchcase(one.owner, value),
    "path": _is_at,
    "state": _is_standing,
    "tag": lambda value, one, _: any(fnmatchcase(tag, value) for tag in one.tags),
}


def _files(one: Candidate) -> frozenset[str]:
    """The files that a resource is written in: its own, and those of its layers, also where they were overwritten."""
    own = f"{one.address.kind}/{one.address.name}.yaml"
    layers = () if one.node is None else _spans(one.node)
    return frozenset((own, *layers))


def _spans(node: Node) -> Iterator[str]:
    for _, child in node.walk():
        layer: Node | None = child
        while layer is not None:
            if not layer.span.file.startswith("<"):
                yield layer.span.file
            layer = layer.overwrote


def _folders(file: str) -> Iterator[str]:
    while "/" in file:
        file = file.rpartition("/")[0]
        yield file
