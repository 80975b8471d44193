"""The lineage of a version for people: what it was made from, and what was made from it, as two trees."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mlc.ir.lineage import Into, Lineage, Made
from mlc.report.graph_dot import quoted as in_dot
from mlc.report.graph_mermaid import quoted as in_mermaid
from mlc.report.terminal import one_line


def lineage(found: Lineage) -> str:
    nodes = {one.id: one for one in found.nodes}
    lines = [_told(nodes[found.of])]
    if found.direction != "down":
        lines += _titled("  made from", "    nothing that is known", _tree(found, nodes, _above))
    if found.direction != "up":
        lines += _titled("  what depends on it", "    nothing", _tree(found, nodes, _below))
    return "\n".join(map(one_line, lines)) + "\n"


def dot(found: Lineage) -> str:
    lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box];"]
    for one in found.nodes:
        style = ", style=bold" if one.id == found.of else ""
        lines.append(f"  {in_dot(one.id)} [label={in_dot(_told(one))}{style}];")
    for edge in found.edges:
        lines.append(f"  {in_dot(edge.source)} -> {in_dot(edge.target)} [label={in_dot(edge.role)}];")
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(found: Lineage) -> str:
    names = {one.id: f"n{index}" for index, one in enumerate(found.nodes)}
    lines = ["flowchart LR"]
    lines += [f'  {names[one.id]}["{in_mermaid(_told(one))}"]' for one in found.nodes]
    lines += [
        f'  {names[edge.source]} -- "{in_mermaid(edge.role)}" --> {names[edge.target]}'
        for edge in found.edges
    ]
    return "\n".join(lines) + "\n"


def _titled(title: str, nothing: str, lines: Iterator[str]) -> list[str]:
    return [title, *(list(lines) or [nothing])]


def _tree(found: Lineage, nodes: dict[str, Made], side: Callable[[Into], tuple[str, str]]) -> Iterator[str]:
    """A line for each thing, deeper the farther it is away; what was shown already is not gone into again."""
    beyond: dict[str, list[tuple[str, str]]] = {}
    for edge in found.edges:
        here, there = side(edge)
        beyond.setdefault(here, []).append((there, edge.role))
    shown = {found.of}
    waiting = [(there, role, 2) for there, role in reversed(beyond.get(found.of, []))]
    while waiting:
        one, role, depth = waiting.pop()
        again = one in shown and one in beyond
        yield f"{'  ' * depth}{_told(nodes[one])}  {role}{'  (see above)' if again else ''}"
        if one not in shown:
            waiting += [(there, role, depth + 1) for there, role in reversed(beyond.get(one, []))]
        shown.add(one)


def _above(edge: Into) -> tuple[str, str]:
    return edge.target, edge.source


def _below(edge: Into) -> tuple[str, str]:
    return edge.source, edge.target


def _told(one: Made) -> str:
    if one.kind == "deployment":
        where = f" in {one.environment}" if one.environment else ""
        return f"{one.id}  {one.name}{where}"
    if one.kind == "dataset" and one.number is None:
        return f"dataset.{one.name}, a version that is not registered (sha256:{one.digest[:12]} of its parts)"
    if one.kind == "config":
        return f"config sha256:{one.digest[:12]}, features {one.name}"
    aliases = f"  ({', '.join(one.aliases)})" if one.aliases else ""
    return f"{one.id}{aliases}" if one.digest else f"{one.id}, which is no longer there"
