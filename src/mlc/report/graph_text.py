"""The resource graph as an indented tree: from what nothing refers to, down to what refers to nothing."""

from __future__ import annotations

from mlc.ir.address import Address
from mlc.ir.graph import Graph


def graph(found: Graph) -> str:
    targets: dict[Address, list[Address]] = {resource.address: [] for resource in found.resources}
    for edge in found.edges:
        if edge.target not in targets[edge.source]:
            targets[edge.source].append(edge.target)
    referred = {edge.target for edge in found.edges}
    lines = [f"{found.project['project']} · {found.environment}"]
    for address in sorted(targets):
        if address not in referred:
            lines += _tree(address, targets, "", "")
    return "\n".join(lines) + "\n"


def _tree(address: Address, targets: dict[Address, list[Address]], first: str, rest: str) -> list[str]:
    lines = [f"{first}{address}"]
    below = sorted(targets[address])
    for index, target in enumerate(below):
        last = index == len(below) - 1
        lines += _tree(target, targets, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
    return lines
