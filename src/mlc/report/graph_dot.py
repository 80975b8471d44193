"""The resource graph in Graphviz's DOT."""

from __future__ import annotations

from mlc.ir.graph import Graph


def graph(found: Graph) -> str:
    lines = [
        f"digraph {quoted(found.project['project'] + ' ' + found.environment)} {{",
        "  rankdir=LR;",
        "  node [shape=box];",
    ]
    for resource in sorted(found.resources, key=lambda resource: resource.address):
        lines.append(f"  {quoted(str(resource.address))};")
    for edge in found.edges:
        lines.append(
            f"  {quoted(str(edge.source))} -> {quoted(str(edge.target))} [label={quoted(edge.path)}];"
        )
    return "\n".join([*lines, "}"]) + "\n"


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
